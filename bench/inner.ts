// npm run bench:inner [-- --json FILE] [-- --only fits,mails,scaled,warm,path,workers] [-- --without saga]: the solver of min λ·φ(θ)
// against scikit-learn, liblinear and glmnet, each on one thread. Every answer is judged by us, in f64: its objective over
// the best known, and its relative minimum-norm subgradient. A peer's tolerance is tightened until it reaches ours, so
// that each is timed at the same accuracy. Python and R are looked for at $PYTHON (python3) and Rscript; without them the
// peers are skipped, and said to be. With --json, rows that this run leaves out stay in the file as they are.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { Bench } from "tinybench";
import { fit, fitPath, l1, l2, tune } from "../src/index.ts";
import { Solver } from "../src/inner/solver.ts";
import { WorkingSetSolver } from "../src/inner/working-set-solver.ts";
import { modelOf } from "../src/models/linear.ts";
import { columnsToRead } from "../src/models/matrix.ts";
import { Objective } from "../src/models/objective.ts";
import { Random } from "../src/random.ts";
import { Arena } from "../src/wasm/arena.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { createPool } from "../src/workers.ts";
import { Peers } from "./inner/peers.ts";
import { mails, mnist, type Problem, regression, smaller } from "./inner/problems.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "string" },
    only: { type: "string", default: "fits,mails,scaled,warm,path,workers" },
    without: { type: "string", default: "" },
  },
});
const TOLERANCE = 1e-4;
const REPEATS = 5;

interface Row {
  readonly task: string;
  readonly solver: string;
  readonly milliseconds: number;
  /** (objective − best)/best, the worst along a path. */
  readonly excess?: number;
  readonly residual?: number;
  /** Of peers: their iterations, each a pass at least. */
  readonly passes?: number;
}

interface Penalty {
  readonly l1: number;
  readonly l2: number;
}

const results: Row[] = [];
const skipped = new Set<string>();
const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!;
const wanted = (section: string) => options.only.split(",").includes(section);
const without = options.without.split(",");

/** The columns that `fit` would read. */
function read({ dataset }: Problem): { readonly selected?: Int32Array } {
  const selected = columnsToRead(dataset);
  return selected ? { selected } : {};
}

/** A problem in f32 and f64, with what judges answers to it. */
class Judged {
  readonly arena = new Arena(kernels());
  readonly problem: Problem;
  readonly f32: Objective;
  readonly f64: Objective;
  /** Over all columns, as peers see them, in f64. */
  readonly #whole: Objective;
  readonly #judge: Solver;

  constructor(problem: Problem) {
    this.problem = problem;
    const terms = { ...problem, ...read(problem) };
    this.f32 = new Objective(this.arena, { ...terms, precision: "f32" });
    this.f64 = new Objective(this.arena, { ...terms, precision: "f64" });
    this.#whole = new Objective(this.arena, { ...problem, precision: "f64" });
    this.#judge = new Solver(this.arena, this.#whole, { tolerance: 1e-7 });
  }

  /** Objective and residual of θ, in f64. */
  judge(theta: Float64Array, penalty: Penalty): { readonly value: number; readonly residual: number } {
    this.#whole.setWeights(penalty);
    const at = this.arena.copy(theta);
    this.#judge.start(at);
    this.arena.free(at);
    return { value: this.#judge.value, residual: this.#judge.residual };
  }

  /** The least objective, to 1e-7. */
  least(penalty: Penalty): number {
    this.#whole.setWeights(penalty);
    this.#judge.start(0);
    while (this.#judge.step(10) === "running");
    return this.#judge.value;
  }

  /** θ of all columns. */
  theta(solver: Pick<Solver, "theta">): Float64Array {
    const { model: kind, dataset, outputs } = this.problem;
    const classes = kind === "squared" ? undefined : Array.from({ length: Math.max(outputs, 2) }, (_, c) => c);
    const values = this.arena.viewF64(solver.theta, this.f64.thetaCount);
    const { columns } = dataset;
    const { selected } = read(this.problem);
    const { coefficients, intercepts } = modelOf(values, { kind, classes, columns }, selected);
    return Float64Array.from([...coefficients, ...intercepts]);
  }

  [Symbol.dispose](): void {
    this.arena.dispose();
  }
}

function print(row: Row): void {
  results.push(row);
  const { task, solver, milliseconds, excess, residual, passes } = row;
  console.log(
    task.padEnd(38),
    solver.padEnd(30),
    milliseconds.toFixed(milliseconds < 10 ? 1 : 0).padStart(8),
    (excess?.toExponential(1) ?? "").padStart(9),
    (residual?.toExponential(1) ?? "").padStart(9),
    (passes?.toFixed(0) ?? "").padStart(7),
  );
}

/** Cold fits, timed by tinybench; the solver is made anew for each. Returns the median milliseconds in f32. */
async function ours(judged: Judged, task: string, penalty: Penalty, best: number): Promise<number> {
  const times: number[] = [];
  for (const precision of ["f32", "f64"] as const) {
    const objective = judged[precision];
    let arena = new Arena(kernels());
    let solver = new WorkingSetSolver(arena, objective, { tolerance: TOLERANCE });
    const bench = new Bench({ time: 0, iterations: REPEATS, warmupTime: 0, warmupIterations: 1 });
    const run = () => {
      solver.start(0);
      while (solver.step(10) === "running");
    };
    const beforeEach = () => {
      solver.dispose();
      arena.dispose();
      arena = new Arena(kernels());
      solver = new WorkingSetSolver(arena, objective, { tolerance: TOLERANCE });
      objective.setWeights(penalty);
    };
    bench.add(precision, run, { beforeEach });
    await bench.run();
    const result = bench.tasks[0]!.result;
    if (!("latency" in result)) throw new Error("The bench did not complete.");
    times.push(result.latency.p50);
    const passes = solver.passes;
    const { value, residual } = judged.judge(judged.theta(solver), penalty);
    solver.dispose();
    arena.dispose();
    print({
      task,
      solver: `learnloss ${precision}`,
      milliseconds: times.at(-1)!,
      excess: value / best - 1,
      residual,
      passes,
    });
  }
  return times[0]!;
}

function sklearn(judged: Judged, peers: Peers, task: string, solver: string, penalty: Penalty, best: number): void {
  if (without.includes(solver)) return;
  const tolerances = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
  for (const tolerance of solver === "saga" ? tolerances.slice(2) : tolerances) {
    const repeats = solver === "saga" ? 1 : REPEATS;
    const answer = peers.sklearn({ solver, ...penalty, tolerance, repeats });
    if (!answer) return;
    if (answer.thetas.length === 0) {
      print({ task, solver: `sklearn ${solver}, stopped`, milliseconds: answer.milliseconds });
      return;
    }
    const { value, residual } = judged.judge(answer.thetas[0]!, penalty);
    if (residual > TOLERANCE && tolerance !== tolerances.at(-1)) continue;
    const { milliseconds, iterations } = answer;
    const passes = iterations === undefined ? {} : { passes: iterations };
    print({
      task,
      solver: `sklearn ${solver}, tol ${tolerance}`,
      milliseconds,
      excess: value / best - 1,
      residual,
      ...passes,
    });
    return;
  }
}

async function fits(problem: Problem, tasks: readonly (readonly [string, number, number, readonly string[]])[]) {
  using judged = new Judged(problem);
  using peers = new Peers(problem);
  for (const [name, l1, l2, solvers] of tasks) {
    const task = `${problem.name}, ${name}`;
    const best = judged.least({ l1, l2 });
    await ours(judged, task, { l1, l2 }, best);
    for (const solver of solvers) sklearn(judged, peers, task, solver, { l1, l2 }, best);
  }
  for (const peer of peers.skipped) skipped.add(peer);
}

/** Columns multiplied by 2^−10 … 2^10, by chance: the penalty then means another problem, and it is that one that is solved. */
async function scaled(problem: Problem): Promise<void> {
  const { x, columns } = problem.dataset;
  if (x.kind !== "dense") return;
  const random = new Random(1);
  const factors = Float64Array.from({ length: columns }, () => 2 ** (20 * random.uniform() - 10));
  const values = Float64Array.from(x.values, (value, e) => value * factors[e % columns]!);
  const dataset = { ...problem.dataset, x: { ...x, values } };
  await fits({ ...problem, name: `${problem.name}, columns × 2^±10`, dataset }, [["L2 1e-3", 0, 1e-3, ["lbfgs"]]]);
}

/** Solves in sequence, each λ 1.1 times the last: eight from each of four λ. */
function warm(problem: Problem): void {
  using judged = new Judged(problem);
  for (const [name, l1, l2] of [
    ["L2", 0, 1],
    ["elastic net", 1, 1],
    ["L1", 1, 0],
  ] as const) {
    const passes: number[] = [];
    const times: number[] = [];
    let residual = 0;
    for (const first of [1e-2, 1e-3, 1e-4, 1e-5]) {
      const solver = new Solver(judged.arena, judged.f32, { tolerance: TOLERANCE });
      for (let i = 0; i <= 8; i++) {
        const scale = first * 1.1 ** i;
        judged.f32.setWeights({ l1: scale * l1, l2: scale * l2 });
        const began = performance.now();
        solver.start(i === 0 ? 0 : solver.theta);
        while (solver.step(10) === "running");
        if (i === 0) continue;
        times.push(performance.now() - began);
        passes.push(solver.passes);
        residual = Math.max(residual, solver.residual);
      }
    }
    const task = `${problem.name}, ${name}, 32 × 1.1·λ`;
    print({ task, solver: "learnloss f32, median", milliseconds: median(times), residual, passes: median(passes) });
  }
}

/** Softmax scores have one degree of freedom too many per column; glmnet and saga settle it in their own way. */
async function path(problem: Problem, repeats = 1): Promise<void> {
  using judged = new Judged(problem);
  using peers = new Peers(problem);
  const task = `${problem.name}, path of 100 λ`;
  const { model, dataset: train } = problem;
  let strengths: number[] = [];
  const bests: number[] = [];
  const rows: { solver: string; milliseconds: number; ends: number[]; residual: number; passes: number }[] = [];
  // The looser tolerance is what glmnet reaches with its own looser one.
  for (const tolerance of [1e-4, 1e-3]) {
    const times: number[] = [];
    let ends: number[] = [];
    let passes = 0;
    let residual = 0;
    for (let repetition = 0; repetition < repeats; repetition++) {
      [strengths, ends, passes, residual] = [[], [], 0, 0];
      const began = performance.now();
      for await (const fitted of fitPath({ model, train, tolerance, precision: "f32", count: 100, ratio: 1e-3 })) {
        strengths.push(fitted.strength);
        ends.push(fitted.objective);
        passes += fitted.passes;
        residual = Math.max(residual, fitted.residual);
      }
      times.push(performance.now() - began);
    }
    rows.push({ solver: `fitPath f32, ${tolerance}`, milliseconds: median(times), ends, residual, passes });
  }
  for await (const fitted of fitPath({ model, train, tolerance: 1e-6, strengths })) bests.push(fitted.objective);
  const excess = (values: readonly number[]) => Math.max(...values.map((value, i) => value / bests[i]! - 1));
  for (const { ends, solver, ...row } of rows)
    print({ task, solver: `learnloss ${solver}`, ...row, excess: excess(ends) });
  if (without.includes("glmnet")) return;
  for (const thresh of ["1e-5", "1e-7"]) {
    const answer = peers.glmnet(strengths, 0.5, thresh, repeats);
    if (!answer) break;
    const { milliseconds, thetas } = answer;
    const judgments = thetas.map((theta, i) => judged.judge(theta, { l1: strengths[i]! / 2, l2: strengths[i]! / 2 }));
    const short = thetas.length < 100 ? `, stopped at ${thetas.length}` : "";
    print({
      task,
      solver: `glmnet, thresh ${thresh}${short}`,
      milliseconds,
      excess: excess(judgments.map(({ value }) => value)),
      residual: Math.max(...judgments.map(({ residual }) => residual)),
    });
  }
  for (const peer of peers.skipped) skipped.add(peer);
}

/** Eight fits and the five folds of a tuning, in one thread and in two; the same bits, or it throws. Needs `npm run build`. */
async function workers(problem: Problem): Promise<void> {
  await using pool = createPool({ workers: 2, script: new URL("../dist/workers/worker.js", import.meta.url) });
  const { model, dataset: train } = problem;
  const options = (i: number) => ({ model, train, tolerance: TOLERANCE, loss: { l1: 1e-5, l2: 1e-3 / 2 ** i } });
  const cases = Array.from({ length: 8 }, (_, i) => options(i));
  const cross = { model, train, folds: 5, features: { l1: l1(), l2: l2() } } as const;
  const tasks = {
    "8 fits": [
      async () => {
        const fitted = [];
        for (const one of cases) fitted.push(await fit(one));
        return fitted.map((one) => one.model);
      },
      async () => (await Promise.all(cases.map((one) => pool.fit(one)))).map((one) => one.model),
    ],
    "tune, 5 folds": [
      async () => (await tune(cross)).best.coefficients,
      async () => (await tune({ ...cross, workers: pool })).best.coefficients,
    ],
  };
  await Promise.all(cases.slice(0, 2).map((one) => pool.fit(one))); // both threads have started and hold the data
  for (const [name, [one, two]] of Object.entries(tasks)) {
    const answers: string[] = [];
    for (const [solver, run] of [
      ["learnloss, one thread", one!],
      ["learnloss, pool of 2", two!],
    ] as const) {
      const began = performance.now();
      answers.push(JSON.stringify(await run()));
      print({ task: `${problem.name}, ${name}`, solver, milliseconds: performance.now() - began });
    }
    if (answers[0] !== answers[1]) throw new Error(`${name}: the pool's result is another.`);
  }
}

console.log(`goal: a relative minimum-norm subgradient of ${TOLERANCE}`);
console.log("task".padEnd(38), "solver".padEnd(30), "      ms    excess  residual  passes");
if (wanted("fits")) {
  await fits(mnist(5000), [
    ["L2 1e-3", 0, 1e-3, ["lbfgs", "newton-cg"]],
    ["L1 = L2 = 1e-4", 1e-4, 1e-4, ["saga"]],
  ]);
}
if (wanted("mails")) {
  await fits(mails(), [
    ["L2 1e-5", 0, 1e-5, ["lbfgs", "newton-cg", "saga", "liblinear"]],
    ["L1 1e-4", 1e-4, 0, ["saga", "liblinear"]],
    ["L1 = L2 = 1e-5", 1e-5, 1e-5, ["saga"]],
  ]);
}
if (wanted("scaled")) for (const problem of await smaller()) await scaled(problem);
if (wanted("warm")) for (const problem of [...(await smaller()), mails(), mnist(5000)]) warm(problem);
if (wanted("path")) {
  await path(mnist(5000));
  for (const problem of [regression(20000, 50), regression(2000, 200)]) await path(problem, REPEATS);
}
if (wanted("workers")) await workers(mnist(2000));
for (const peer of skipped) console.log(`SKIPPED ${peer}`);

if (options.json) {
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  const stamped = results.map((row) => ({ ...row, commit }));
  const same = (a: Row, b: Row) => a.task === b.task && a.solver.split(",")[0] === b.solver.split(",")[0];
  const before = existsSync(options.json) ? (JSON.parse(readFileSync(options.json, "utf8")).results as Row[]) : [];
  const kept = before.filter((row) => !results.some((fresh) => same(row, fresh)));
  const rows = [...stamped, ...kept].sort((a, b) => (a.task < b.task ? -1 : a.task > b.task ? 1 : 0));
  const cpu = cpus()[0]?.model;
  const report = {
    bench: "inner",
    cpu,
    node: process.version,
    commit,
    results: rows,
    skipped: [...skipped],
  };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}
