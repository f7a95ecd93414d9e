import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { seeds, sizes } from "./family.ts";
import { type Answer, type PeerName, peers } from "./peers.ts";

type SeedAnswer = Answer & { readonly seed: number };
interface Measured {
  readonly answers: readonly SeedAnswer[];
  /** Why there are fewer answers than seeds. */
  readonly ended?: string;
}

function measure(name: PeerName, size: number, cap: number): Promise<Measured> {
  return new Promise((resolve) => {
    const answers: SeedAnswer[] = [];
    const child = fork(fileURLToPath(new URL("peer-process.ts", import.meta.url)), [name, String(size)], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    let ended: string | undefined;
    const timer = setTimeout(() => {
      ended = `> ${cap} s`;
      child.kill("SIGKILL");
    }, cap * 1000);
    child.on("message", (message) => {
      // JSON has no NaN.
      const answer = message as SeedAnswer;
      answers.push({ ...answer, objective: answer.objective ?? Number.NaN });
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      if (code !== 0) ended ??= "crashed";
      resolve(ended === undefined ? { answers } : { answers, ended });
    });
  });
}

export interface Row {
  readonly m: number;
  readonly k: number;
  readonly peer: PeerName;
  /** Medians over the seeds answered rightly, ms. */
  readonly cold?: number;
  readonly warm?: number;
  readonly right: number;
  readonly wrong: number;
  readonly ended?: string;
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Every peer at every size. `cap`: seconds for the three seeds; a peer that needs more is not asked for larger sizes. */
export async function benchFamily(asked: readonly number[], cap: number, report: (row: Row) => void): Promise<Row[]> {
  const rows: Row[] = [];
  const given = new Set<PeerName>();
  for (const size of asked) {
    const [m, k] = sizes[size]!;
    let truth: readonly SeedAnswer[] = [];
    for (const peer of Object.keys(peers) as PeerName[]) {
      if (given.has(peer)) continue;
      const { answers, ended } = await measure(peer, size, cap);
      if (peer === "learnloss") truth = answers;
      if (ended) given.add(peer);
      const close = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * (1 + Math.abs(b));
      const right = answers.filter(({ seed, objective, warm }) => {
        const proved = truth.find((answer) => answer.seed === seed);
        if (!proved || Number.isNaN(proved.objective)) return false;
        return close(objective, proved.objective) && (!warm || close(warm.objective, proved.warm!.objective));
      });
      const cold = median(right.map(({ time }) => time));
      const warm = median(right.flatMap((answer) => (answer.warm ? [answer.warm.time] : [])));
      const row: Row = {
        m,
        k,
        peer,
        ...(cold === undefined ? {} : { cold }),
        ...(warm === undefined ? {} : { warm }),
        right: right.length,
        wrong: answers.length - right.length,
        ...(ended ? { ended } : {}),
      };
      rows.push(row);
      report(row);
    }
  }
  return rows;
}

export function describeRow({ m, k, peer, cold, warm, right, wrong, ended }: Row): string {
  const time = (value: number | undefined) => (value === undefined ? "–" : value.toPrecision(3)).padStart(9);
  const notes = [
    ...(wrong > 0 ? [`WRONG on ${wrong} of ${wrong + right}`] : []),
    ...(ended ? [`${ended}, ${right + wrong} of ${seeds.length} seeds`] : []),
  ];
  return `${`(${m}, ${k})`.padEnd(12)} ${peer.padEnd(34)} ${time(cold)} ${time(warm)}  ${notes.join("; ")}`.trimEnd();
}

/** Ours against the best and the default form of highs, per size. */
export function ratios(rows: readonly Row[]) {
  return sizes.flatMap(([m, k]) => {
    const at = rows.filter((row) => row.m === m && row.k === k);
    const ours = at.find(({ peer }) => peer === "learnloss");
    if (ours?.cold === undefined || ours.warm === undefined) return [];
    const dual = at.filter(({ peer }) => peer.startsWith("highs, dual") || peer.startsWith("the same"));
    const least = (list: readonly (number | undefined)[]) =>
      Math.min(...list.map((value) => value ?? Number.POSITIVE_INFINITY));
    const standard = at.find(({ peer }) => peer === "highs, default")?.cold ?? Number.POSITIVE_INFINITY;
    return [
      {
        m,
        k,
        best: least(dual.map(({ cold }) => cold)) / ours.cold,
        default: standard / ours.cold,
        warm: least(dual.map(({ warm }) => warm)) / ours.warm,
      },
    ];
  });
}
