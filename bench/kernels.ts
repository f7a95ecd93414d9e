// npm run bench:kernels [-- --json FILE] [-- --own]: our gradients against the multiply-add peak and the read bandwidth of
// the same core in the same run, and against everybody else's softmax gradient (npm install --prefix bench
// --ignore-scripts; numpy by $PYTHON or python3). Every gradient is compared with the plain one before it is timed.
// Peers and we take turns: a ratio is the median over the turns. --own leaves the peers out.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import asc from "assemblyscript/asc";
import { Bench } from "tinybench";
import { Objective } from "../src/models/objective.ts";
import { Arena } from "../src/wasm/arena.ts";
import type { Kernels } from "../src/wasm/kernels.ts";
import type { Abi } from "../src/wasm/kernels-abi.ts";
import { binary as simdBinary } from "../src/wasm/kernels-binary.ts";
import { binary as relaxedBinary } from "../src/wasm/kernels-relaxed-binary.ts";
import { hasRelaxedSimd, type KernelBuild } from "../src/wasm/load.ts";
import { decodeBinary, instantiateModule } from "../src/wasm/module.ts";
import { mlLogisticRegression, numpy, onnxruntime, type Peer, plain, tfjs } from "./kernels/peers.ts";
import {
  bytesOf,
  errorOf,
  executedShare,
  flopsOf,
  makeProblem,
  nameOf,
  type Problem,
  plainGradient,
  type Size,
} from "./kernels/problem.ts";

const { values: options } = parseArgs({
  options: { json: { type: "string" }, own: { type: "boolean", default: false } },
});

interface Row {
  readonly task: string;
  readonly solver: string;
  /** Median of the runs. */
  readonly milliseconds: number;
  /** Median absolute deviation from it, in ms. */
  readonly spread: number;
  readonly fastest: number;
  readonly gigaflops: number;
  /**
   * Gigaflops over those of the register loop of the same build in the same precision; peers: over those of SIMD. Of the
   * flops that the problem has by its formula, whoever computes it.
   */
  readonly peakRatio: number;
  /** The same of the flops that we execute. */
  readonly executedRatio?: number;
  /** X read once. */
  readonly gigabytesPerSecond: number;
  /** Largest difference from the plain gradient in f64, relative to its largest entry. */
  readonly error?: number;
  /** Peers: median of their time over that of our best build, turn by turn: a machine's speed changes by the second. */
  readonly timesOurs?: number;
}

interface PeakLoops {
  readonly memory: WebAssembly.Memory;
  pairs(): number;
  peakF32(steps: number, by: number, plus: number): number;
  peakF64(steps: number, by: number, plus: number): number;
  read(pointer: number, bytes: number): number;
}

const main: Size = { model: "softmax", rows: 60000, columns: 784, outputs: 10, precision: "f32" };
const small: Size = { ...main, rows: 5000 };
/** Ours alone; the peers run at `main` and `small`. */
const more: readonly Size[] = [
  { ...small, precision: "f64" },
  { ...small, rows: 300, columns: 64 },
  { ...small, rows: 300, columns: 64, precision: "f64" },
  { ...small, scale: 1e-40 },
  { ...main, density: 0.19 },
  { ...small, density: 0.19, precision: "f64" },
  { ...small, columns: 65536, density: 0.0015 },
  { ...main, model: "logistic", outputs: 1 },
  { ...main, model: "logistic", outputs: 1, rows: 5000 },
  { ...main, model: "squared", outputs: 1 },
  { ...main, model: "logistic", outputs: 1, density: 0.19 },
];

const rows: Row[] = [];
const notes: string[] = [];
const peaks = new Map<string, number>();
const builds: [KernelBuild, Kernels][] = [["simd", instantiateModule<Abi>(decodeBinary(simdBinary))]];
if (hasRelaxedSimd()) builds.push(["relaxed-simd", instantiateModule<Abi>(decodeBinary(relaxedBinary))]);
else note("relaxed SIMD: this engine has none, the rows of relaxed-simd are missing");

function note(text: string): void {
  notes.push(text);
  console.log(`  ${text}`);
}

function record(row: Row): void {
  rows.push(row);
  const {
    task,
    solver,
    milliseconds,
    spread,
    gigaflops,
    peakRatio,
    executedRatio,
    gigabytesPerSecond,
    error,
    timesOurs,
  } = row;
  const cells = [
    task.padEnd(44),
    solver.padEnd(32),
    `${milliseconds.toFixed(3)} ms`.padStart(13),
    `± ${((100 * spread) / milliseconds).toFixed(0)} %`.padStart(7),
    `${gigaflops.toFixed(1)} GF/s`.padStart(11),
    `${(100 * peakRatio).toFixed(0)} %`.padStart(6),
    (executedRatio === undefined ? "" : `(${(100 * executedRatio).toFixed(0)} % executed)`).padStart(17),
    `${gigabytesPerSecond.toFixed(1)} GB/s`.padStart(11),
    error === undefined ? "" : error.toExponential(0).padStart(7),
    timesOurs === undefined ? "" : `${timesOurs.toFixed(2)} × ours`.padStart(15),
  ];
  console.log(cells.join(""));
}

type Time = Pick<Row, "milliseconds" | "spread" | "fastest">;

/** Median and its deviation over at least 5 runs, after the warm-up that tier-up needs. */
async function timed(run: () => unknown): Promise<Time> {
  const began = performance.now();
  await run();
  const slow = performance.now() - began > 150;
  const bench = new Bench({
    time: slow ? 600 : 400,
    iterations: 5,
    warmupTime: slow ? 0 : 400,
    warmupIterations: slow ? 1 : 20,
  });
  bench.add("run", run);
  await bench.run();
  const result = bench.tasks[0]!.result;
  if (!("latency" in result)) throw new Error("the run failed");
  return { milliseconds: result.latency.p50, spread: result.latency.mad, fastest: result.latency.min };
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!;

function timedBy(times: readonly number[]): Time {
  const milliseconds = median(times);
  const spread = median(times.map((time) => Math.abs(time - milliseconds)));
  return { milliseconds, spread, fastest: Math.min(...times) };
}

async function clocked(run: () => unknown): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

/** Median time of the runs of a turn: three, or as many as 30 ms hold. A solver's gradients follow each other, too. */
async function turn(run: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let spent = 0; times.length < 3 || spent < 30; ) {
    const time = await clocked(run);
    times.push(time);
    spent += time;
  }
  return median(times);
}

/** At least 9 turns of each, after half a second of each, which tier-up needs. */
async function inTurn(it: () => unknown, ours: () => unknown): Promise<Time & { readonly timesOurs: number }> {
  for (const run of [it, ours]) for (let spent = 0; spent < 500; ) spent += await clocked(run);
  const turns: (readonly [number, number])[] = [];
  for (let spent = 0; turns.length < 9 || spent < 600; ) {
    const both = [await turn(it), await turn(ours)] as const;
    turns.push(both);
    spent += both[0] + both[1];
  }
  return { ...timedBy(turns.map(([time]) => time)), timesOurs: median(turns.map(([time, own]) => time / own)) };
}

async function peakLoops(build: KernelBuild): Promise<PeakLoops> {
  const source = readFileSync(new URL("assembly/peak.ts", import.meta.url), "utf8");
  const { error, stderr, binary } = await asc.compileString(source, {
    optimizeLevel: 3,
    runtime: "stub",
    enable: build === "simd" ? ["simd"] : ["simd", "relaxed-simd"],
  });
  if (error || !binary) throw new Error(`bench/assembly/peak.ts does not compile:\n${stderr.toString()}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary as BufferSource));
  return exports as unknown as PeakLoops;
}

async function measurePeaks(build: KernelBuild): Promise<void> {
  const loops = await peakLoops(build);
  const steps = 1 << 17; // short calls: tier-up counts them
  // A factor of 1: products that shrink end as subnormal numbers.
  for (const precision of ["f32", "f64"] as const) {
    const loop = precision === "f32" ? loops.peakF32 : loops.peakF64;
    for (let i = 0; i < 500; i++) loop(4096, 1, 0.001);
    await delay(1000); // the better compiler waits for a free thread
    const time = await timed(() => loop(steps, 1, 0.001));
    const gigaflops = (steps * loops.pairs() * 2 * (precision === "f32" ? 4 : 2)) / time.fastest / 1e6; // a peak is a best
    peaks.set(`${build} ${precision}`, gigaflops);
    record({
      task: `register loop ${precision}`,
      solver: build,
      ...time,
      gigaflops,
      peakRatio: 1,
      gigabytesPerSecond: 0,
    });
  }
  if (build !== "simd") return;
  const bytes = 4 * main.rows * main.columns;
  const pages = Math.ceil(bytes / 65536) + 1;
  loops.memory.grow(pages);
  new Uint8Array(loops.memory.buffer, 65536, bytes).fill(1);
  for (let i = 0; i < 5000; i++) loops.read(65536, 4096);
  const time = await timed(() => loops.read(65536, bytes));
  const gigabytesPerSecond = bytes / time.milliseconds / 1e6;
  record({
    task: `read ${(bytes / 1e6).toFixed(0)} MB`,
    solver: build,
    ...time,
    gigaflops: 0,
    peakRatio: 0,
    gigabytesPerSecond,
  });
}

function outcome(problem: Problem, time: Time, peak: number) {
  const gigaflops = flopsOf(problem) / time.milliseconds / 1e6;
  return {
    ...time,
    gigaflops,
    peakRatio: gigaflops / peak,
    gigabytesPerSecond: bytesOf(problem) / time.milliseconds / 1e6,
  };
}

interface Own {
  readonly build: KernelBuild;
  readonly run: () => void;
  gradient(): Float64Array;
  dispose(): void;
}

/** Our gradient by every build, the best one last. */
function own({ model, dataset, targets, outputs, precision, theta }: Problem): Own[] {
  return builds.map(([build, k]) => {
    const arena = new Arena(k);
    const objective = new Objective(arena, { model, dataset, targets, outputs, precision });
    const at = arena.copy(theta);
    const out = arena.f64(theta.length);
    return {
      build,
      run: () => objective.gradient(at, out),
      gradient: () => arena.viewF64(out, theta.length),
      dispose: () => arena.dispose(),
    };
  });
}

async function measure(problem: Problem, { build, run, gradient }: Own, reference?: Float64Array): Promise<void> {
  run();
  const error = reference && { error: errorOf(gradient(), reference) };
  if (error) check(error.error, problem.precision === "f32" ? 1e-5 : 1e-12);
  const time = await timed(run);
  const result = outcome(problem, time, peaks.get(`${build} ${problem.precision}`)!);
  const executedRatio = executedShare(problem) * result.peakRatio;
  record({ task: nameOf(problem), solver: `learnloss ${build}`, ...result, executedRatio, ...error });
}

function check(error: number, limit: number): void {
  if (!(error < limit)) throw new Error(`its gradient differs by ${error}`);
}

/** A contest: the problem, its plain gradient, and our best build. */
interface Contest {
  readonly problem: Problem;
  readonly reference: Float64Array;
  readonly best: Own;
}

async function peer({ problem, reference, best }: Contest, name: string, make: () => Peer | Promise<Peer>) {
  try {
    const before = await timed(best.run);
    const it = await make();
    await it.run();
    const expected = "expected" in it ? (it.expected as Float64Array) : reference;
    const error = errorOf(it.gradient(), expected);
    check(error, 1e-4);
    // One in a process of its own is compared with what we took before and after.
    const beside = async (times: readonly number[]) => {
      const [time, after] = [timedBy(times), await timed(best.run)];
      return { ...time, timesOurs: (2 * time.milliseconds) / (before.milliseconds + after.milliseconds) };
    };
    const { timesOurs, ...time } = await (it.times ? beside(it.times) : inTurn(() => it.run(), best.run));
    const measured = outcome(problem, time, peaks.get("simd f32")!);
    const row = { task: nameOf(problem), solver: it.name, ...measured, error, timesOurs };
    record(row);
    const bound = 1 / (row.peakRatio * executedShare(problem));
    console.log(`  our flops at the SIMD128 peak would be ${bound.toFixed(1)} times ${it.name}`);
    if (it.note) note(it.note);
    it.dispose?.();
  } catch (error) {
    note(`${name}: not measured, ${error instanceof Error ? error.message.split("\n")[0] : error}`);
  }
}

for (const [build] of builds) await measurePeaks(build);
for (const size of [main, small]) {
  const problem = makeProblem(size);
  const reference = new Float64Array(problem.theta.length);
  plainGradient(problem, reference);
  const entries = own(problem);
  for (const one of entries) await measure(problem, one, reference);
  const contest = { problem, reference, best: entries.at(-1)! };
  if (!options.own) {
    await peer(contest, "numpy", () => numpy(problem, 1000));
    await peer(contest, "numpy", () => numpy(problem, size.rows));
    await peer(contest, "onnxruntime-web", () => onnxruntime(problem));
    await peer(contest, "tfjs wasm", () => tfjs(problem, "wasm"));
    await peer(contest, "plain JavaScript", () => plain(problem));
    if (size === small) {
      await peer(contest, "tfjs cpu", () => tfjs(problem, "cpu"));
      await peer(contest, "ml-logistic-regression", () => mlLogisticRegression(problem));
    }
  }
  for (const one of entries) one.dispose();
}
for (const size of more) {
  const problem = makeProblem(size);
  for (const one of own(problem)) {
    await measure(problem, one);
    one.dispose();
  }
}

if (options.json) {
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  const report = { bench: "kernels", cpu: cpus()[0]?.model, node: process.version, commit, notes, results: rows };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}
