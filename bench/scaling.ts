// npm run bench:scaling [-- --json FILE]: how the cost of each kind of work grows. Each ladder doubles one size and fits
// time ~ sizeᵉ (the slope of log time over log size); e well above the expected one is a defect. Then what is held in
// memory, in bytes per byte of input.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { checkOptions } from "../src/check-options.ts";
import { FeatureSpace } from "../src/features/space.ts";
import { atLeast, createStudy, type Dataset, data, fixed, l2, type TunerOptions } from "../src/index.ts";
import { Solver } from "../src/inner/solver.ts";
import { WorkingSetSolver } from "../src/inner/working-set-solver.ts";
import { columnsToRead } from "../src/models/matrix.ts";
import { Objective } from "../src/models/objective.ts";
import { fitLambda } from "../src/outer/fit-lambda.ts";
import { Random } from "../src/random.ts";
import { ReducedModel } from "../src/reduced/reduced-model.ts";
import { report } from "../src/report/report.ts";
import { Session } from "../src/tuning/session.ts";
import { Arena } from "../src/wasm/arena.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { everyRow, mails, repeated } from "./inner/problems.ts";
import { bytesOf, makeProblem, type Problem, type Size } from "./kernels/problem.ts";

const { values: options } = parseArgs({ options: { json: { type: "string" } } });
const base: Size = { model: "softmax", rows: 2000, columns: 256, outputs: 8, precision: "f32" };

interface Row {
  readonly work: string;
  readonly size: string;
  /** Sizes of the ladder and the fastest milliseconds at each. */
  readonly sizes: readonly number[];
  readonly milliseconds: readonly number[];
  readonly exponent: number;
  /** What the mathematics demands. */
  readonly expected: number;
}

/** Of at least 5 runs, the fastest: growth is asked for, not the machine's other work. */
function fastest(run: () => unknown): number {
  const times: number[] = [];
  run();
  for (const began = performance.now(); times.length < 5 || (performance.now() - began < 100 && times.length < 500); ) {
    const from = performance.now();
    run();
    times.push(performance.now() - from);
  }
  return Math.min(...times);
}

function slope(sizes: readonly number[], times: readonly number[]): number {
  const [x, y] = [sizes.map(Math.log), times.map(Math.log)];
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [mx, my] = [mean(x), mean(y)];
  const covariance = x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return covariance / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
}

const rows: Row[] = [];

/** Times `make(size)`, which prepares and returns the work. */
function ladder(
  work: string,
  size: string,
  expected: number,
  sizes: readonly number[],
  make: (size: number) => () => unknown,
) {
  const milliseconds = sizes.map((value) => fastest(make(value)));
  const exponent = slope(sizes, milliseconds);
  rows.push({ work, size, sizes, milliseconds, exponent, expected });
  const times = milliseconds.map((time) => time.toPrecision(3).padStart(9)).join("");
  console.log(
    `${work.padEnd(26)}${size.padEnd(18)}${`${sizes[0]} … ${sizes.at(-1)}`.padEnd(20)}${times}   exponent ${exponent.toFixed(2)} (expected ${expected})`,
  );
}

const arenas: Arena[] = [];
function objectiveOf(problem: Problem, groups?: number) {
  for (const arena of arenas.splice(0)) arena.dispose();
  const arena = new Arena(kernels());
  arenas.push(arena);
  const map = groups && Int32Array.from({ length: problem.dataset.rows }, (_, i) => i % groups);
  const rowGroups = map ? { rowGroups: { map, count: groups } } : {};
  const objective = new Objective(arena, { ...problem, ...rowGroups });
  objective.setWeights({ l2: 1e-3 });
  return { arena, objective, theta: arena.copy(problem.theta), out: arena.f64(problem.theta.length) };
}

const gradient = (problem: Problem, groups?: number) => {
  const { objective, theta, out } = objectiveOf(problem, groups);
  return () => objective.gradient(theta, out);
};
const scores = (problem: Problem) => {
  const { arena, objective, theta } = objectiveOf(problem);
  const out = arena.f64(problem.dataset.rows * problem.outputs);
  return () => objective.scores(theta, out);
};

const NS = [2000, 4000, 8000, 16000];
const DS = [128, 256, 512, 1024];
const CS = [4, 8, 16, 32];
ladder("gradient", "rows", 1, NS, (n) => gradient(makeProblem({ ...base, rows: n })));
ladder("gradient", "columns", 1, DS, (d) => gradient(makeProblem({ ...base, columns: d })));
ladder("gradient", "classes", 1, CS, (c) => gradient(makeProblem({ ...base, outputs: c })));
ladder("gradient", "row groups", 0, [2, 8, 32, 128], (k) => gradient(makeProblem(base), k));
ladder("gradient, CSR", "density", 1, [0.05, 0.1, 0.2, 0.4], (density) =>
  gradient(makeProblem({ ...base, columns: 2048, density })),
);
ladder("gradient, CSR", "rows", 1, NS, (n) => gradient(makeProblem({ ...base, rows: n, density: 0.1 })));
ladder("scores", "rows", 1, NS, (n) => scores(makeProblem({ ...base, rows: n })));
ladder("scores", "columns", 1, DS, (d) => scores(makeProblem({ ...base, columns: d })));
ladder("scores", "classes", 1, CS, (c) => scores(makeProblem({ ...base, outputs: c })));

const solve = (problem: Problem) => {
  const { arena, objective } = objectiveOf(problem);
  const solver = new Solver(arena, objective, { tolerance: 1e-12 });
  return () => {
    solver.start(0);
    solver.step(30);
  };
};
ladder("30 solver iterations", "rows", 1, NS, (n) => solve(makeProblem({ ...base, rows: n })));
ladder("30 solver iterations", "columns", 1, DS, (d) => solve(makeProblem({ ...base, columns: d })));
ladder("30 solver iterations", "classes", 1, CS, (c) => solve(makeProblem({ ...base, outputs: c })));

// Text, words hashed to few columns and to many. An eighth of the mails so many times over is one problem, whose iterates
// are the same: what columns cost beside the nonzeros would show. An eighth of the mails to all of them are four, which
// take different numbers of iterations, and rare words come with the mails, so that columns grow as well.
const TIMES = [1, 2, 4, 8];
const TEXT = { L2: { l2: 1e-5 }, L1: { l1: 1e-4 } };
type Text = ReturnType<typeof mails>;
for (const [name, weights] of Object.entries(TEXT)) {
  const train = (problem: Text) => {
    for (const arena of arenas.splice(0)) arena.dispose();
    const arena = new Arena(kernels());
    arenas.push(arena);
    const selected = columnsToRead(problem.dataset);
    const objective = new Objective(arena, { ...problem, ...(selected ? { selected } : {}) });
    objective.moments();
    return () => {
      const own = new Arena(kernels());
      const solver = new WorkingSetSolver(own, objective, { tolerance: 1e-4 });
      objective.setWeights(weights);
      solver.start(0);
      while (solver.step(10) === "running");
      solver.dispose();
      own.dispose();
    };
  };
  const climb = (size: string, problems: readonly Text[]) => {
    const bySize = new Map(problems.map((problem) => [problem.dataset.x.values.length, problem]));
    ladder(`mails, ${name}, to 1e-4`, size, 1, [...bySize.keys()], (nonzeros) => train(bySize.get(nonzeros)!));
  };
  for (const bits of [12, 16]) {
    const all = mails(bits);
    const eighth = everyRow(all, 1 / 8);
    climb(
      `copies, 2^${bits}`,
      TIMES.map((times) => repeated(eighth, times)),
    );
    climb(
      `nonzeros, 2^${bits}`,
      TIMES.map((times) => everyRow(all, times / 8)),
    );
  }
  ladder(`mails, ${name}, to 1e-4`, "hashed columns", 0, [2 ** 12, 2 ** 14, 2 ** 16, 2 ** 18], (size) =>
    train(mails(Math.log2(size))),
  );
}

function reducedModel(size: Size, directions: number) {
  const problem = makeProblem(size);
  const { arena, objective } = objectiveOf(problem);
  const space = new FeatureSpace({ l2: l2() }, "softmax");
  const held = new Objective(arena, makeProblem({ ...size, rows: 500 }));
  const reduced = new ReducedModel(arena, space, objective, held, directions + 1);
  const random = new Random(3);
  for (let i = 0; i < directions; i++) {
    reduced.add(arena.copy(Float64Array.from({ length: problem.theta.length }, () => 0.05 * random.normal())));
  }
  const out = arena.f64(problem.outputs * (directions + 1));
  return () => arena.kernels.reducedGradient(reduced.pointer, reduced.coefficients, out);
}
ladder("reduced gradient", "rows", 1, NS, (n) => reducedModel({ ...base, rows: n }, 12));
ladder("reduced gradient", "directions", 1, [6, 12, 24, 48], (m) => reducedModel(base, m));

const random = new Random(5);
const seen = (count: number, k: number) =>
  Array.from({ length: count }, () => {
    const features = Float64Array.from({ length: k }, () => random.uniform());
    return {
      features,
      error: features.reduce((sum, phi, j) => sum + (j + 1) * phi, 0) + 0.1 * random.uniform(),
      converged: false,
    };
  });
const box = (k: number) => ({ lower: new Float64Array(k).fill(1e-3), upper: new Float64Array(k).fill(1e3) });
ladder("outer fit, all observed", "observations", 1, [200, 400, 800, 1600], (count) => {
  const observations = seen(count, 4);
  return () => fitLambda(observations, box(4), { most: count });
});
ladder("outer fit of the best 120", "observations", 1, [2000, 8000, 32000, 128000], (count) => {
  const observations = seen(count, 4);
  return () => fitLambda(observations, box(4));
});
ladder("outer fit of the best 120", "features", 2, [3, 6, 12, 24], (k) => {
  const observations = seen(500, k);
  return () => fitLambda(observations, box(k));
});

function observed(count: number) {
  const study = createStudy({ lambda: { loss: fixed(1), l2: atLeast(0) }, trials: 1e9 });
  for (let i = 0; i < count; i += 10) {
    const trial = study.ask({ lambda: { loss: 1, l2: 0.1 + random.uniform() } });
    const model = () => ({ features: { loss: random.uniform(), l2: random.uniform() }, error: random.uniform() });
    for (let j = 0; j < 9; j++) study.observe(trial, model());
    study.tell(trial, { ...model(), converged: false });
  }
  return study;
}
ladder("observe and tell", "observations", 1, [6250, 25000, 100000], (count) => () => observed(count));
ladder("ask", "observations", 1, [6250, 25000, 100000], (count) => {
  const study = observed(count);
  return () => study.ask();
});
ladder("report", "observations", 1, [6250, 25000, 100000], (count) => {
  const points = observed(count).observations.map(({ trial, error }, i) => ({
    trial,
    iteration: i,
    passes: i,
    error,
    lambda: { loss: 1, l2: 1 + trial },
    features: { loss: 1 + random.uniform(), l2: 1 + random.uniform() },
    converged: i % 10 === 9,
  }));
  const trainings = Array.from({ length: count / 10 }, (_, trial) => ({
    trial,
    lambda: { loss: 1, l2: 1 + trial },
    failed: false,
  }));
  const lambda = { loss: 1, l2: 1 };
  return () =>
    report({
      title: "",
      subtitle: "",
      metric: "error",
      points,
      trainings,
      lambda,
      error: points[0]!.error,
      dataFeatures: ["loss"],
      table: [[]],
      certificate: [],
    });
});

interface Memory {
  readonly input: string;
  readonly inputMegabytes: number;
  /** Bytes held in Wasm, per byte of X as given: X, targets, weights, the solver's vectors; without the span of a tuner. */
  readonly ratio: number;
  /** Of a tuner before it trains: its spans, per byte of X. They grow with rows × classes × models; to 1 GiB of rows at most. */
  readonly span?: number;
}
const memory: Memory[] = [];

function held(input: string, dataset: Problem["dataset"], make: () => { dispose(): void; spanBytes?: number }): void {
  const bytes = bytesOf({ dataset });
  for (const arena of arenas.splice(0)) arena.dispose();
  const before = kernels().allocatedBytes();
  const it = make();
  const { spanBytes = 0 } = it;
  const ratio = (kernels().allocatedBytes() - before - spanBytes) / bytes;
  it.dispose();
  const span = spanBytes / bytes;
  memory.push({ input, inputMegabytes: bytes / 1e6, ratio, ...(spanBytes > 0 ? { span } : {}) });
  console.log(
    `${input.padEnd(44)}${(bytes / 1e6).toFixed(1).padStart(7)} MB   ${ratio.toFixed(2)} bytes held per byte${span > 0 ? `, ${span.toFixed(2)} more in spans` : ""}`,
  );
}

const fitting = (problem: Problem) => () => {
  const { arena, objective } = objectiveOf(problem);
  new Solver(arena, objective, { tolerance: 1e-5 });
  return { dispose: () => arena.dispose() };
};
const large: Size = { ...base, rows: 40000 };
for (const [name, size] of [
  ["a fit, dense f32", large],
  ["a fit, dense f64 in f64", { ...large, precision: "f64" }],
  ["a fit, CSR of 10 %", { ...large, rows: 160000, density: 0.1 }],
] as const) {
  const problem = makeProblem(size);
  held(name, problem.dataset, fitting(problem));
}
const wide = makeProblem({ ...large, precision: "f64" });
held("a fit, dense f64 in f32", wide.dataset, fitting({ ...wide, precision: "f32" }));

const labelled = (problem: Problem, rows = problem.dataset.rows): Dataset => {
  const values = problem.dataset.x.values.subarray(0, rows * problem.dataset.columns);
  return data.dense({
    x: values,
    columns: problem.dataset.columns,
    y: Array.from(problem.targets.subarray(0, rows), String),
  });
};
const problem = makeProblem({ ...large, rows: 60000, columns: 784, outputs: 10 }); // as MNIST
const train = labelled(problem);
const tuning = (train: Dataset, rest: Pick<TunerOptions, "validation" | "folds">) => () => {
  const session = new Session(checkOptions({ model: "softmax", features: { l2: l2() }, train, ...rest }));
  const spanBytes = session.folds.reduce((sum, fold) => sum + fold.spanBytes, 0);
  return { spanBytes, dispose: () => session.dispose() };
};
held(
  "a tuner with 1000 validation rows, dense f32",
  problem.dataset,
  tuning(train, { validation: labelled(problem, 1000) }),
);
held("a tuner with 5 folds, dense f32", problem.dataset, tuning(train, { folds: 5 }));
// Beside X, five folds have 95 doubles each for a weight, and 48 bytes for a row: 1 + 950·C/n + 12/d of X, in f32.
const narrow = makeProblem({ ...large, rows: 40000 });
held("the same, 40000 rows × 256, 8 classes", narrow.dataset, tuning(labelled(narrow), { folds: 5 }));

if (options.json) {
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  const all = { bench: "scaling", cpu: cpus()[0]?.model, node: process.version, commit, results: rows, memory };
  writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
}
