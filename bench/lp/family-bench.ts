import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { seeds, sizes } from "./family.ts";
import type { Turn } from "./peer-process.ts";
import { type PeerName, peers } from "./peers.ts";

/** Turns of every peer on every seed, one peer after the other, as long as its seconds last. */
const ROUNDS = 5;

/** A peer in its process. */
class Contender {
  readonly name: PeerName;
  readonly turns = new Map<number, Turn[]>();
  /** Why it is not asked any more. */
  ended: string | undefined;
  readonly #cap: number;
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;
  /** Seconds, of all turns and of the last. */
  #spent = 0;
  #last = 0;

  /** @param cap seconds, for all of its turns */
  constructor(name: PeerName, size: number, cap: number) {
    this.name = name;
    this.#cap = cap;
    const path = fileURLToPath(new URL("peer-process.ts", import.meta.url));
    this.#child = fork(path, [name, String(size)], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    this.#ready = this.#message(60);
  }

  async turn(seed: number): Promise<void> {
    const before = this.turns.get(seed) ?? [];
    // Its seconds are for every seed once, and then for more of them.
    if (this.ended !== undefined || (before.length > 0 && this.#spent + this.#last > this.#cap)) return;
    await this.#ready;
    if (this.ended !== undefined) return;
    const began = performance.now();
    this.#child.send(seed);
    const turn = (await this.#message(Math.max(this.#cap - this.#spent, 1))) as Turn | undefined;
    this.#last = (performance.now() - began) / 1000;
    this.#spent += this.#last;
    // JSON has no NaN.
    if (turn) this.turns.set(seed, [...before, { ...turn, objective: turn.objective ?? Number.NaN }]);
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }

  #message(seconds: number): Promise<unknown> {
    return new Promise((resolve) => {
      const settle = (value: unknown, ended?: string) => {
        clearTimeout(timer);
        this.#child.removeAllListeners();
        if (ended !== undefined) {
          this.ended = ended;
          this.end();
        }
        resolve(value);
      };
      const timer = setTimeout(() => settle(undefined, `> ${this.#cap} s`), seconds * 1000);
      this.#child.once("message", (message) => settle(message));
      this.#child.once("close", () => settle(undefined, "crashed"));
    });
  }
}

export interface Row {
  readonly m: number;
  readonly k: number;
  readonly peer: PeerName;
  /** Medians over the seeds answered rightly of the medians of all solves, ms of wall time. */
  readonly cold?: number;
  readonly warm?: number;
  readonly right: number;
  readonly wrong: number;
  readonly ended?: string;
}

export const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Whether a peer's turns on a seed have the optimum that ours proved. */
function isRight(turns: readonly Turn[], proved: Turn | undefined): boolean {
  const close = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * (1 + Math.abs(b));
  if (!proved || Number.isNaN(proved.objective)) return false;
  return turns.every(
    ({ objective, warm }) =>
      close(objective, proved.objective) && (!warm || close(warm.objective, proved.warm!.objective)),
  );
}

/** Every peer at every size, in turns. `cap`: its seconds a size; who needs more is not asked for larger sizes. */
export async function benchFamily(asked: readonly number[], cap: number, report: (row: Row) => void): Promise<Row[]> {
  const rows: Row[] = [];
  const given = new Set<PeerName>();
  for (const size of asked) {
    const [m, k] = sizes[size]!;
    const names = (Object.keys(peers) as PeerName[]).filter((name) => !given.has(name));
    const contenders = names.map((name) => new Contender(name, size, cap));
    for (let round = 0; round < ROUNDS; round++)
      for (const seed of seeds) for (const contender of contenders) await contender.turn(seed);
    const truth = contenders.find(({ name }) => name === "learnloss")?.turns;
    for (const contender of contenders) {
      contender.end();
      const { name: peer, turns, ended } = contender;
      if (ended) given.add(peer);
      const answered = [...turns].map(([seed, list]) => ({ list, right: isRight(list, truth?.get(seed)?.[0]) }));
      const right = answered.flatMap((answer) => (answer.right ? [answer.list] : []));
      const cold = median(right.map((list) => median(list.flatMap(({ times }) => times))!));
      const warm = median(right.flatMap((list) => median(list.flatMap((turn) => turn.warm?.times ?? [])) ?? []));
      const row: Row = {
        m,
        k,
        peer,
        ...(cold === undefined ? {} : { cold }),
        ...(warm === undefined ? {} : { warm }),
        right: right.length,
        wrong: answered.length - right.length,
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
