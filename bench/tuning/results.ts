import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { binary } from "../../src/wasm/kernels-binary.ts";
import { END_TO_END } from "./end-to-end.ts";

/** A converged model better than those before it: passes and seconds since the beginning, its error. */
export type Point = readonly [passes: number, seconds: number, error: number];

export interface RunResult {
  readonly method: string;
  readonly seed: number;
  /** The solver that trained, by the hash of its Wasm; none of runs before it was noted. */
  readonly kernels?: string;
  /** Work until the run ended, reduced work included. */
  readonly passes: number;
  readonly reducedPasses?: number;
  readonly validationPasses?: number;
  /** With the time that the optimizer took to think. */
  readonly seconds: number;
  readonly trials: number;
  /** Of the model selected. */
  readonly lambda: readonly number[];
  readonly validationError?: number;
  readonly testError?: number;
  /** Passes of one training at the λ selected, from nothing. */
  readonly coldPasses?: number;
  readonly curve: readonly Point[];
}

export interface TaskResult {
  readonly title: string;
  /** Weights that were tuned. */
  readonly k: number;
  readonly rows: number;
  readonly columns: number;
  readonly metric: string;
  readonly step: boolean;
  readonly machine: Machine;
  readonly runs: readonly RunResult[];
}

interface Machine {
  readonly cpu: string;
  readonly node: string;
  readonly commit: string;
  readonly peers: string | undefined;
}

export type Results = Readonly<Record<string, TaskResult>>;

export const FOLDER = new URL("../results/", import.meta.url);
const FILE = new URL("tuning.json", FOLDER);

const KERNELS = createHash("sha256").update(binary).digest("hex").slice(0, 8);

export function machine(peers: string | undefined): Machine {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  return { cpu: cpus()[0]?.model ?? "unknown", node: process.version, commit, peers };
}

export function readResults(): Results {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : {};
}

/** What a run came to by itself, whatever the machine. */
function courseOf({ lambda, passes, trials, coldPasses, curve }: RunResult): string {
  return JSON.stringify([lambda, passes, trials, coldPasses, curve.map(([at, , error]) => [at, error])], digits6);
}

/** Runs that tell whether kernels train as others did: of the first every training follows from all before it, of the other many do. */
const TELLING = ["learnloss", "random-warm"];

/**
 * Replaces a task's runs of the same method and seed, keeps its others. Where LearnLoss's or random search's comes out as it had,
 * today's kernels train as those did that it replaces: the others' runs by those count as runs by today's.
 */
export function store(name: string, result: TaskResult): void {
  const all = readResults();
  const key = ({ method, seed }: RunResult) => `${method} ${seed}`;
  const fresh = new Set(result.runs.map(key));
  const known = all[name]?.runs ?? [];
  const alike = new Set<string>();
  for (const run of result.runs.filter(({ method }) => TELLING.includes(method))) {
    const before = known.find((other) => key(other) === key(run));
    if (before && courseOf(before) === courseOf(run)) alike.add(`${run.seed} ${before.kernels}`);
  }
  const kept = known
    .filter((run) => !fresh.has(key(run)))
    .map((run) => (alike.has(`${run.seed} ${run.kernels}`) ? { ...run, kernels: KERNELS } : run));
  const made = result.runs.map((run) => ({ ...run, kernels: KERNELS }));
  const runs = [...kept, ...made].sort((a, b) => a.seed - b.seed || (a.method < b.method ? -1 : 1));
  writeFileSync(FILE, `${JSON.stringify({ ...all, [name]: { ...result, runs } }, digits6, 1).replace(ARRAYS, flat)}\n`);
}

/** Six digits are more than a clock or an f32 training gives. */
function digits6(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

const ARRAYS = /\[[^[\]{}]*\]/g;
const flat = (text: string) => text.replace(/\s+/g, " ");

/** The run that only says what there is to be found. */
export const REFERENCE = "reference";

/**
 * The least error of a minimizer, by seed. Models of scikit-learn's saga that stopped before they converged are none:
 * regularized by having been stopped, one was seen to be 0.9 % better than all minimizers.
 */
export function leastErrors({ runs }: Pick<TaskResult, "runs">): Map<number, number> {
  const best = new Map<number, number>();
  for (const { seed, curve } of runs.filter(({ method }) => method !== END_TO_END)) {
    best.set(seed, Math.min(best.get(seed) ?? Number.POSITIVE_INFINITY, curve.at(-1)?.[2] ?? Number.POSITIVE_INFINITY));
  }
  return best;
}

/** Where a model counts as arrived, by seed: within 1 % of the best minimizer of all runs, 0.1 points for steps. */
export function targets({ runs, step }: TaskResult): Map<number, number> {
  const best = leastErrors({ runs });
  return new Map([...best].map(([seed, error]) => [seed, step ? error + 0.001 : 1.01 * error]));
}

/** What one method did on one task, over the seeds. */
export interface Summary {
  readonly method: string;
  readonly hits: number;
  readonly seeds: number;
  /** Of the hits; a miss counts as later than everything. Infinity when most missed. */
  readonly passes: Spread;
  readonly seconds: Spread;
  /** To the run's own end. */
  readonly allPasses: Spread;
  readonly allSeconds: Spread;
  readonly reducedPasses: Spread;
  readonly coldPasses: Spread;
  /** By how much the best minimizer's error is above the least known, relatively. */
  readonly excess: Spread;
  readonly validationError: Spread;
  readonly testError: Spread;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function summarize(task: TaskResult): Summary[] {
  const aims = targets(task);
  const best = leastErrors(task);
  const methods = [...new Set(task.runs.map(({ method }) => method))].filter((method) => method !== REFERENCE);
  return methods.map((method) => {
    const runs = task.runs.filter((run) => run.method === method);
    const hits = runs.map(({ seed, curve }) => curve.find(([, , error]) => error <= aims.get(seed)!));
    const of = (pick: (run: RunResult) => number | undefined) => spread(runs.map((run) => pick(run) ?? Number.NaN));
    return {
      method,
      hits: hits.filter((hit) => hit).length,
      seeds: runs.length,
      passes: spread(hits.map((hit) => hit?.[0] ?? Number.POSITIVE_INFINITY)),
      seconds: spread(hits.map((hit) => hit?.[1] ?? Number.POSITIVE_INFINITY)),
      allPasses: of((run) => run.passes),
      allSeconds: of((run) => run.seconds),
      reducedPasses: of((run) => run.reducedPasses),
      coldPasses: of((run) => run.coldPasses),
      excess: of(({ seed, curve }) => (curve.at(-1)?.[2] ?? Number.POSITIVE_INFINITY) / best.get(seed)! - 1),
      validationError: of((run) => run.validationError),
      testError: of((run) => run.testError),
    };
  });
}

function spread(values: readonly number[]): Spread {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] =
    sorted.length % 2 ? [sorted[half], sorted[half]] : sorted.slice(half - 1);
  return {
    median: low === high ? low : (low + high) / 2,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
  };
}
