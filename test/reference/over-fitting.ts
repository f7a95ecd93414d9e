import { encodeTargets } from "../../src/data/targets.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import {
  classWeights,
  convexPenalty,
  data,
  type Features,
  l1,
  l2,
  fit as minimize,
  type TunerOptions,
  tune,
} from "../../src/index.ts";
import { Trainer } from "../../src/tuning/trainer.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";

const read = (file: string) => new URL(`../../data/${file}`, import.meta.url);
const digits = data.rescale(await data.csv(read("digits.csv.gz"), { target: "digit" }), 16);
const cancer = await data.csv(read("breast-cancer.csv"), { target: "diagnosis" });

type Rows = TunerOptions["train"];

const settings = { metric: "log-loss", tolerance: 1e-4, precision: "f32" } as const;

type Setting = typeof settings & Required<Pick<TunerOptions, "model" | "train" | "validation" | "features">>;

/** Few rows for many weights: plain training over-fits on all of these. */
interface Problem {
  readonly title: string;
  readonly dataset: Rows;
  readonly rows: number;
  readonly standardized?: true;
  readonly features: (train: Rows) => Features;
}

const norms = () => ({ l1: l1(), l2: l2() });

export const CLASS_WEIGHTS = "digits, 300 rows: class weights and L2";

export const problems: readonly Problem[] = [
  { title: "digits, 300 rows: L1 and L2", dataset: digits, rows: 300, features: norms },
  { title: "digits, 150 rows: L2", dataset: digits, rows: 150, features: () => ({ l2: l2() }) },
  {
    title: CLASS_WEIGHTS,
    dataset: digits,
    rows: 300,
    features: (train) => ({ ...classWeights(train), l2: l2() }),
  },
  { title: "digits, 300 rows: convex penalty", dataset: digits, rows: 300, features: () => convexPenalty() },
  { title: "breast cancer, 100 rows: L1 and L2", dataset: cancer, rows: 100, standardized: true, features: norms },
  { title: "breast cancer, 200 rows: L1 and L2", dataset: cancer, rows: 200, standardized: true, features: norms },
];

/** One problem on one split: log losses on validation and on test rows, and passes over the training rows. */
export interface Outcome {
  /** Plain training, stopped where the validation error is least. */
  readonly stopped: { readonly validation: number; readonly test: number; readonly passes: number };
  readonly flown: { readonly validation: number; readonly test: number; readonly passes: number };
  /** The loss tuned to the end, and one training with it from nothing. */
  readonly tuned: { readonly validation: number; readonly test: number; readonly coldPasses: number };
}

export async function fly({ dataset, rows, standardized, features: of }: Problem, seed: number): Promise<Outcome> {
  const model = dataset === digits ? "softmax" : "logistic";
  const { train: raw, validation: rest } = data.split(dataset, { validation: dataset.rows - rows, seed });
  const scaling = standardized && data.standardization(raw);
  const prepare = (part: Rows) => (scaling ? data.standardize(part, scaling) : part);
  const { train: judges, validation: others } = data.split(rest, { validation: 0.5, seed });
  const [train, validation, test] = [prepare(raw), prepare(judges), prepare(others)];
  const features = of(train);
  const setting = { model, train, validation, features, ...settings } as const;
  const flown = await tune({ ...setting, schedule: "on-the-fly" });
  const tuned = await tune(setting);
  const cold = await minimize({ model, train, loss: tuned.loss, tolerance: settings.tolerance });
  return {
    stopped: stopped(setting, test),
    flown: { validation: flown.error, test: flown.model.error(test), passes: flown.passes },
    tuned: { validation: tuned.error, test: tuned.model.error(test), coldPasses: cold.passes },
  };
}

/** Iterations without a better model after which the training is given up. */
const PATIENCE = 100;

/** The penalties as weak as they may be, classes alike; judged after every iteration. */
function stopped({ model, train, validation, features, ...rest }: Setting, test: Rows): Outcome["stopped"] {
  using arena = new Arena(kernels());
  const space = new FeatureSpace(features, model);
  const { outputs, train: own, others } = encodeTargets(model, train, validation, test);
  const trainerOf = (judges: Rows, targets: Float64Array) =>
    new Trainer(arena, space, {
      ...rest,
      model,
      train,
      validation: judges,
      targets: { outputs, train: own, validation: targets },
      rowGroups: space.rowGroups,
    });
  const trainer = trainerOf(validation, others[0]!);
  const { objective, solver } = trainer;
  const theta = arena.f64(objective.thetaCount);
  const even = 1 / space.data.filter((data) => data > 0).length;
  trainer.start(space.normalize(space.lower.map((low, j) => (space.data[j] ? even : low))), 0);
  let best = { error: Number.POSITIVE_INFINITY, iteration: 0, passes: 0 };
  while (trainer.running && solver.iterations < best.iteration + PATIENCE) {
    const error = trainer.judge(solver.theta);
    if (error < best.error) {
      best = { error, iteration: solver.iterations, passes: objective.passes };
      const length = objective.thetaCount;
      arena.viewF64(theta, length).set(arena.viewF64(solver.theta, length));
    }
    solver.step(1);
  }
  return { validation: best.error, test: trainerOf(test, others[1]!).judge(theta), passes: best.passes };
}
