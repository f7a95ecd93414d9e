import { cpus } from "node:os";
import { Command } from "commander";
import { TUNE_TOLERANCE } from "../check-options.ts";
import type { Dataset } from "../data/dataset.ts";
import { dense, sparse } from "../data/index.ts";
import { encodeTargets } from "../data/targets.ts";
import { LearnLossError } from "../errors.ts";
import { Fitting, linearLoss } from "../fit.ts";
import { checkModel, type ModelKind } from "../models/model-kind.ts";
import { Objective } from "../models/objective.ts";
import { checkSeed, Random } from "../random.ts";
import { Arena } from "../wasm/arena.ts";
import { kernels } from "../wasm/kernels.ts";
import { hasRelaxedSimd, load } from "../wasm/load.ts";
import { number } from "./options.ts";
import { printJson, printTable } from "./output.ts";

interface Options {
  readonly model: ModelKind;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  readonly density: number;
  readonly seconds: number;
  readonly seed: number;
  readonly json?: true;
}

/** Medians over the repeats. */
interface Timing {
  readonly task: string;
  readonly milliseconds: number;
  readonly passes: number;
  /** 4 operations for each value of X and output in a pass: 2 forward, 2 backward. */
  readonly gigaflops: number;
}

/** Weight of ‖W‖₁ or ½‖W‖² in the fits, and the factor on it for those that follow. */
const STRENGTH = 1e-3;
const STEP = 1.1;

/** Most values of X: in f32 they fill the memory that WebAssembly has. */
const MOST_VALUES = 2 ** 30;

export function benchCommand(): Command {
  return new Command("bench")
    .description("time the kernels and the solver on this machine, on made-up data of a shape")
    .option("--model <kind>", "softmax, logistic or squared", checkModel, "softmax")
    .option("--rows <n>", "of the data", number("rows"), 5000)
    .option("--columns <n>", "of the data", number("columns"), 784)
    .option("--classes <n>", "of softmax", number("classes"), 10)
    .option("--density <share>", "of values that are not 0: below 1 the rows are sparse", number("density"), 1)
    .option("--seconds <s>", "for each timing", number("seconds"), 1)
    .option("--seed <n>", "of the data", number("seed"), 1)
    .option("--json", "one JSON object on stdout")
    .action(benchAction);
}

async function benchAction(options: Options): Promise<void> {
  const { model, json, seconds, ...shape } = options;
  const dataset = madeUp(options);
  const outputs = model === "softmax" ? options.classes : 1;
  const operations = 4 * dataset.x.values.length * outputs;
  const timings: Timing[] = [];
  const record = (task: string, milliseconds: readonly number[], passes: number) => {
    const middle = median(milliseconds);
    timings.push({ task, milliseconds: middle, passes, gigaflops: (operations * passes) / middle / 1e6 });
  };
  record("gradient, f32", gradients(model, dataset, "f32", seconds), 1);
  if (hasRelaxedSimd()) {
    await load({ relaxed: true });
    record("gradient, f32, relaxed SIMD", gradients(model, dataset, "f32", seconds), 1);
    await load({ relaxed: false });
  }
  record("gradient, f64", gradients(model, dataset, "f64", seconds), 1);
  for (const penalty of ["l2", "l1"] as const) {
    const [first, next] = await fits(model, dataset, penalty, seconds);
    record(`fit, ${penalty} = ${STRENGTH}`, first.milliseconds, first.passes);
    record(`then ${penalty} = ${STRENGTH * STEP}`, next.milliseconds, next.passes);
  }
  const machine = { cpu: cpus()[0]?.model ?? "unknown", node: process.version };
  if (json) return printJson({ ...machine, model, ...shape, timings });
  console.log(`${machine.cpu}, Node ${machine.node}`);
  console.log(`${model}, ${dataset.rows} × ${dataset.columns}${outputs > 1 ? `, ${outputs} classes` : ""}\n`);
  printTable(
    ["task", "ms", "passes", "GFLOP/s"],
    ...timings.map(({ task, milliseconds, passes, gigaflops }) => [
      task,
      milliseconds.toPrecision(3),
      passes.toFixed(0),
      gigaflops.toFixed(1),
    ]),
  );
}

/** Milliseconds of gradients at W = 0, one after the other. */
function gradients(model: ModelKind, dataset: Dataset, precision: "f32" | "f64", seconds: number): number[] {
  using arena = new Arena(kernels());
  const { train: targets, outputs } = encodeTargets(model, dataset);
  const objective = new Objective(arena, { model, dataset, targets, outputs, precision });
  const theta = arena.f64(objective.thetaCount);
  const gradient = arena.f64(objective.thetaCount);
  objective.gradient(theta, gradient); // compiles
  return repeat(seconds, () => {
    const begun = performance.now();
    objective.gradient(theta, gradient);
    return performance.now() - begun;
  });
}

interface Fits {
  readonly milliseconds: number[];
  readonly passes: number;
}

/** Fits from nothing, and fits that go on from them with a penalty that is a little stronger. */
async function fits(model: ModelKind, dataset: Dataset, penalty: "l1" | "l2", seconds: number): Promise<[Fits, Fits]> {
  const [first, next]: [number[], number[]] = [[], []];
  let passes: [number, number] = [0, 0];
  const end = performance.now() + 1000 * seconds;
  do {
    using fitting = new Fitting({ model, train: dataset, tolerance: TUNE_TOLERANCE });
    const one = await fitting.solve(linearLoss(model, { [penalty]: STRENGTH }));
    const other = await fitting.solve(linearLoss(model, { [penalty]: STRENGTH * STEP }));
    first.push(one.milliseconds);
    next.push(other.milliseconds);
    passes = [one.passes, other.passes];
  } while (performance.now() < end);
  return [
    { milliseconds: first, passes: passes[0] },
    { milliseconds: next, passes: passes[1] },
  ];
}

function repeat(seconds: number, measure: () => number): number[] {
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  do times.push(measure());
  while (performance.now() < end);
  return times;
}

/** Normal columns; labels (or values) that a random linear model gives, noise included. */
function madeUp({ model, rows, columns, classes, density, seconds, seed }: Options): Dataset {
  for (const [name, value, least] of [
    ["rows", rows, 3],
    ["columns", columns, 1],
    ["classes", classes, 2],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least))
      throw new LearnLossError("OPTION", `--${name} is ${value}: give a whole number from ${least}.`);
  }
  if (!(density > 0 && density <= 1))
    throw new LearnLossError("OPTION", `--density is ${density}: give a share above 0 and up to 1.`);
  if (!(seconds >= 0)) throw new LearnLossError("OPTION", `--seconds is ${seconds}: give 0 or more.`);
  if (Math.max(rows, classes) * columns > MOST_VALUES) {
    const shape = `${Math.max(rows, classes)} × ${columns}`;
    throw new LearnLossError("TOO_LARGE", `${shape} values are more than the ${MOST_VALUES} that have room in 4 GiB.`);
  }
  const random = new Random(checkSeed(seed));
  const outputs = model === "squared" ? 1 : model === "logistic" ? 2 : classes;
  const weights = Float64Array.from(
    { length: outputs * columns },
    () => random.normal() / Math.sqrt(columns * density),
  );
  const full = density === 1;
  const values = new Float32Array(full ? rows * columns : 0);
  const kept: number[] = [];
  const indices: number[] = [];
  const starts = new Int32Array(rows + 1);
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const scores = Array.from({ length: outputs }, () => random.normal());
    for (let j = 0; j < columns; j++) {
      if (!full && random.uniform() >= density) continue;
      const value = random.normal();
      if (full) values[i * columns + j] = value;
      else {
        kept.push(value);
        indices.push(j);
      }
      for (let c = 0; c < outputs; c++) scores[c]! += value * weights[c * columns + j]!;
    }
    starts[i + 1] = kept.length;
    // Every class has a row.
    y[i] = model === "squared" ? scores[0]! : i < outputs ? i : scores.indexOf(Math.max(...scores));
  }
  return full
    ? dense({ x: values, columns, y })
    : sparse({ values: Float32Array.from(kept), indices: Int32Array.from(indices), starts, columns, y });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
