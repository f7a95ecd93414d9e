import { describe, expect, test } from "vitest";
import {
  augmentation,
  classWeights,
  convexPenalty,
  costMatrix,
  createStudy,
  createTuner,
  data,
  either,
  fitPath,
  groupNorm,
  type LearnLossError,
  LinearLoss,
  LinearModel,
  l2,
  labelSmoothing,
  load,
  fit as minimize,
  mirror,
  Study,
  scale,
  sequence,
  shear,
  shift,
  tune,
} from "../src/index.ts";
import { createL1Fit } from "../src/outer/l1-fit.ts";
import { createLp } from "../src/outer/lp.ts";
import { parseMps } from "../src/outer/mps.ts";
import { npyFile } from "./reference/npy-file.ts";
import { asked, lambda, model, scaled, setting, train, validation, y3 } from "./reference/small-problem.ts";

const regression = {
  model: "squared",
  train: { ...train, y: Float64Array.from({ length: train.rows }, (_, i) => i) },
} as const;
const sole = { cost: [1], matrix: { rows: 1, dense: [1] } };
const learned = new LinearLoss("logLoss", { l2: l2() }, { l2: 0.1 });

/** A softmax model of three classes and two columns, but for what is given. */
const modelOf = (changes: object) =>
  new LinearModel({
    kind: "softmax",
    classes: ["a", "b", "c"],
    columns: 2,
    coefficients: new Float64Array(6),
    intercepts: new Float64Array(3),
    ...changes,
  });

/** Numbers as in the table of policies; what is called, the code, and what the message must name. */
const refused: readonly (readonly [string, () => unknown, string, RegExp?])[] = [
  ["1 X empty", () => data.dense({ x: [], y: [] }), "EMPTY"],
  ["1 no columns", () => data.dense({ x: [[], []], y: [1, 2] }), "EMPTY"],
  ["2 X and y of different length", () => data.dense({ x: [[1], [2]], y: [1] }), "SHAPE", /1 values when expected 2/],
  ["3 ragged rows", () => data.dense({ x: [[1, 2], [3]], y: [1, 2] }), "SHAPE", /Row 2/],
  ["4 NaN in X", () => data.dense({ x: [[1, Number.NaN]], y: [1] }), "NON_FINITE", /row 1, column 2/],
  ["4 infinity in y", () => data.dense({ x: [[1]], y: [Number.POSITIVE_INFINITY] }), "NON_FINITE"],
  ["5 entries that overflow", () => tune({ ...setting, train: scaled(1e200) }), "OVERFLOW", /row 1, column 1/],
  ["7 one class only", () => tune({ ...setting, train: { ...train, y: train.y.map(() => 0) as never } }), "ONE_CLASS"],
  [
    "7 one class among the rows with a weight",
    () => {
      const weights = Float64Array.from(train.y as Float64Array, (label) => Number(label === 1));
      return minimize({ model: "softmax", train: { ...train, weights } });
    },
    "ONE_CLASS",
    /with a weight are 1/,
  ],
  [
    "9 a label that only validation has",
    () => tune({ ...setting, validation: { ...validation, y: validation.y.map(() => 9) as never } }),
    "LABEL",
    /9/,
  ],
  ["14 two rows", () => tune({ ...setting, train: data.take(train, [0, 1]) }), "TOO_FEW"],
  ["14 two rows to fit", () => minimize({ model: "squared", train: data.take(train, [0, 1]) }), "TOO_FEW"],
  ["17 a negative weight", () => data.dense({ x: [[1], [2], [3]], y: y3, weights: [1, -1, 1] }), "WEIGHT", /row 2/],
  ["17 all weights 0", () => data.dense({ x: [[1], [2], [3]], y: y3, weights: [0, 0, 0] }), "WEIGHT"],
  [
    "18 integers of 64 bits",
    () => data.dense({ x: new BigInt64Array(3) as never, columns: 1, y: y3 }),
    "TYPE",
    /BigInt64Array/,
  ],
  [
    "19 a detached buffer",
    () => {
      const x = new Float64Array(3);
      structuredClone(x, { transfer: [x.buffer] });
      return data.dense({ x, columns: 1, y: y3 });
    },
    "TYPE",
    /detached/,
  ],
  [
    "18 sparse rows with indices of another type",
    () =>
      data.sparse({
        values: Float64Array.of(1),
        indices: [0] as never,
        starts: Int32Array.of(0, 1),
        columns: 1,
        y: [1],
      }),
    "TYPE",
    /indices .* Array/,
  ],
  [
    "44 npy of long doubles",
    () => data.npy(npyFile("'<f16'", "(1,)", new Uint8Array(16)), { y: new Uint8Array(0) }),
    "TYPE",
    /float32/,
  ],
  ["45 libsvm index 0", () => data.libsvm("1 0:1\n"), "PARSE", /Line 1/],
  ["45 libsvm indices that do not ascend", () => data.libsvm("1 2:1 1:1\n"), "PARSE", /ascend/],
  ["45 libsvm index 2⁴⁰", () => data.libsvm("1 1099511627776:1\n"), "PARSE", /Line 1/],
  [
    "8 a class that a fold would train without",
    () => data.folds(data.dense({ x: [[1], [2], [3], [4], [5], [6]], y: ["a", "a", "a", "a", "a", "b"] }), 3),
    "FOLD",
    /Class b/,
  ],
  ["20 a negative λ", () => minimize({ model: "softmax", train, loss: { l2: -1 } }), "LAMBDA"],
  ["20 λ all zero", () => createStudy({ lambda }).ask({ lambda: { logLoss: 0, l2: 0 } }), "LAMBDA"],
  ["20 λ NaN", () => createStudy({ lambda }).ask({ lambda: { logLoss: 1, l2: Number.NaN } }), "LAMBDA"],
  [
    "21 tell after dispose",
    () => {
      const { study, trial } = asked();
      study.dispose();
      study.tell(trial, model);
    },
    "DISPOSED",
  ],
  [
    "21 run after dispose",
    () => {
      const tuner = createTuner(setting);
      tuner.dispose();
      return tuner.run();
    },
    "DISPOSED",
  ],
  ["22 an unknown trial", () => asked().study.tell({ id: 7 }, model), "UNKNOWN_TRIAL", /7/],
  [
    "24 told twice, other values",
    () => {
      const { study, trial } = asked();
      study.tell(trial, model);
      study.tell(trial, { ...model, error: 2 });
    },
    "CONFLICT",
  ],
  [
    "25 φ with other keys",
    () => {
      const { study, trial } = asked();
      study.tell(trial, { features: { logLoss: 1 } as never, error: 1 });
    },
    "SHAPE",
    /l2/,
  ],
  [
    "27 error −∞",
    () => {
      const { study, trial } = asked();
      study.tell(trial, { ...model, error: Number.NEGATIVE_INFINITY });
    },
    "NON_FINITE",
  ],
  [
    "29 more weights than memory holds",
    () => {
      const wide = data.sparse({
        values: new Float64Array(3),
        indices: new Int32Array(3),
        starts: Int32Array.of(0, 1, 2, 3),
        columns: 2 ** 24,
        y: y3,
      });
      return minimize({ model: "softmax", train: wide });
    },
    "TOO_LARGE",
    /at most/,
  ],
  ["30 bounds upside down", () => l2({ min: 1, max: 0.1 }), "BOUNDS"],
  [
    "31 shares that cannot sum to 1",
    () => tune({ ...setting, features: { smoothing: labelSmoothing({ min: 0.9999, max: 1 }), l2: l2() } }),
    "INFEASIBLE",
    /smoothing/,
  ],
  ["30 a start out of bounds", () => createStudy({ lambda, start: { logLoss: 1, l2: 11 } }), "BOUNDS", /l2 11/],
  ["32 seed 1.5", () => createTuner({ ...setting, seed: 1.5 }), "SEED"],
  ["32 seed −1", () => createStudy({ lambda, seed: -1 }), "SEED"],
  ["32 seed x", () => data.split(train, { validation: 0.2, seed: "x" as never }), "SEED"],
  ["33 budget 0", () => tune({ ...setting, passes: 0 }), "BUDGET"],
  ["33 budget −1", () => tune({ ...setting, trials: -1 }), "BUDGET"],
  ["33 budget NaN", () => tune({ ...setting, time: Number.NaN }), "BUDGET"],
  ["33 budget 1.5 trials", () => tune({ ...setting, trials: 1.5 }), "BUDGET", /trials is 1\.5: give an integer/],
  ["33 1.5 trials", () => createStudy({ lambda, trials: 1.5 }), "BUDGET", /trials is 1\.5: give an integer/],
  ["33 exploration without an end", () => tune({ ...setting, explore: true }), "OPTION", /budget/],
  [
    "33 exploration that only a signal ends",
    () => tune({ ...setting, explore: true, signal: AbortSignal.timeout(200) }),
    "OPTION",
    /passes.*trials.*time/,
  ],
  [
    "33 exploration for ever",
    () => tune({ ...setting, explore: true, time: Infinity, signal: AbortSignal.timeout(200) }),
    "OPTION",
    /budget/,
  ],
  ["33 no trials", () => createStudy({ lambda, trials: 0 }), "BUDGET"],
  ["42 a NUL in the CSV", () => data.csv("x,y\n1,2\n\0,3\n", { target: "y" }), "PARSE", /Line 3/],
  ["42 Latin-1", () => data.csv(Uint8Array.of(120, 44, 121, 10, 49, 44, 0xe9, 10), { target: "y" }), "PARSE", /Line 2/],
  ["43 a formula among numbers", () => data.csv("x,y\n=cmd(),2\n", { target: "y" }), "PARSE", /Line 2, column x/],
  ["a metric that is NaN always", () => tune({ ...setting, metric: () => Number.NaN }), "NON_FINITE"],
  [
    "48 a study of a newer version",
    () => Study.fromJSON(JSON.stringify({ ...(asked().study.toJSON() as object), version: 99 })),
    "VERSION",
  ],
  [
    "48 a loss of a newer version",
    () => LinearLoss.fromJSON('{"learnloss":"loss","version":9,"loss":"logLoss","lambda":{},"features":{}}'),
    "VERSION",
  ],
  [
    "a model of fewer coefficients",
    () => modelOf({ coefficients: new Float64Array(3) }),
    "SHAPE",
    /3 coefficients: give 6/,
  ],
  ["a model of fewer intercepts", () => modelOf({ intercepts: new Float64Array(2) }), "SHAPE", /2 intercepts: give 3/],
  ["a model of no coefficients", () => modelOf({ coefficients: undefined }), "SHAPE", /undefined coefficients/],
  ["a model of no columns", () => modelOf({ columns: 0 }), "SHAPE", /columns is 0/],
  ["a model with NaN", () => modelOf({ intercepts: [0, Number.NaN, 0] }), "NON_FINITE", /intercepts\[1\] is NaN/],
  ["a model of fewer classes", () => modelOf({ classes: ["a", "b"] }), "SHAPE", /6 coefficients: give 4/],
  ["a model of a class twice", () => modelOf({ classes: ["a", "b", "a"] }), "OPTION", /"a","b","a"/],
  ["a model of no classes", () => modelOf({ classes: undefined }), "OPTION", /two or more labels/],
  ["a logistic model of three classes", () => modelOf({ kind: "logistic" }), "OPTION", /two labels/],
  ["a model of squared loss with classes", () => modelOf({ kind: "squared" }), "OPTION", /leave them out/],
  ["a model of a kind that there is not", () => modelOf({ kind: "svm" }), "OPTION", /svm/],
  ["a model of nothing", () => new LinearModel(undefined as never), "OPTION"],
  ["a loss of another name", () => new LinearLoss("hinge", { l2: l2() }, { l2: 1 }), "OPTION", /hinge/],
  ["a weight of no feature", () => new LinearLoss("logLoss", { l2: l2() }, { l2: 1, l3: 1 }), "LAMBDA", /λ.l3/],
  [
    "a loss of what is no feature",
    () => new LinearLoss("logLoss", { l2: 1 as never }, { l2: 1 }),
    "OPTION",
    /l2 is no/,
  ],
  [
    "a loss of a feature twice",
    () => new LinearLoss("logLoss", { a: l2(), b: l2() }, { a: 1, b: 1 }),
    "OPTION",
    /a, b/,
  ],
  ["a loss without λ", () => new LinearLoss("logLoss", { l2: l2() }, undefined as never), "OPTION", /lambda/],
  ["47 not a model", () => LinearModel.fromJSON("[]"), "CORRUPT"],
  [
    "47 a model cut short",
    () =>
      LinearModel.fromJSON(
        '{"learnloss":"model","version":1,"kind":"squared","columns":2,"coefficients":[1],"intercepts":[0]}',
      ),
    "CORRUPT",
  ],
  [
    "47 a loss with a feature of no kind",
    () =>
      LinearLoss.fromJSON(
        '{"learnloss":"loss","version":1,"loss":"logLoss","lambda":{"l3":1},"features":{"l3":{"kind":"l3","min":1,"max":1}}}',
      ),
    "CORRUPT",
  ],
  ["a loss of other models", () => minimize({ ...regression, loss: learned }), "OPTION", /squaredError/],
  ["a model that there is not", () => tune({ ...setting, model: "svm" as never }), "OPTION", /svm/],
  ["a model that there is not, to fit", () => minimize({ model: "svm" as never, train }), "OPTION", /svm/],
  ["rows that are no dataset", () => tune({ ...setting, train: [[1, 2]] as never }), "TYPE", /train/],
  ["rows to judge that are no dataset", () => tune({ ...setting, validation: {} as never }), "TYPE", /validation/],
  ["a factory that was not called", () => tune({ ...setting, features: { l2 } as never }), "OPTION", /l2/],
  ["no features", () => tune({ ...setting, features: undefined as never }), "OPTION", /features/],
  ["a schedule that there is not", () => tune({ ...setting, schedule: "fly" as never }), "OPTION", /fly/],
  [
    "label smoothing without labels",
    () => tune({ ...regression, folds: 3, features: { smoothing: labelSmoothing(), l2: l2() } }),
    "OPTION",
    /classes/,
  ],
  [
    "class weights of rows with other classes",
    () =>
      tune({
        ...setting,
        features: classWeights({ ...train, y: Array.from({ length: train.rows }, (_, i) => `not ${i % 3}`) }),
      }),
    "LABEL",
  ],
  ["a row that there is not", () => data.take(train, [0, train.rows]), "SHAPE", /Row 60/],
  ["a target that is missing", () => data.csv("x,y\n1,a\n2, \n", { target: "y" }), "PARSE", /Line 3, column y/],
  [
    "columns in another order",
    () =>
      tune({
        ...setting,
        train: { ...train, columnNames: ["a", "b", "c", "d"] },
        validation: { ...validation, columnNames: ["a", "c", "b", "d"] },
      }),
    "SHAPE",
    /Column 2 of data set 2 is c when expected b/,
  ],
  ["no JSON", () => LinearModel.fromJSON("{"), "PARSE"],
  ["images that are no squares", () => augmentation(train, { mirror: mirror() }, { channels: 3 }), "OPTION", /width/],
  [
    "images of another size",
    () => augmentation(train, { mirror: mirror() }, { width: 3, height: 2 }),
    "SHAPE",
    /3 × 2 pixels .* 6 values .* 4 columns/,
  ],
  ["half a pixel", () => augmentation(train, { mirror: mirror() }, { width: 8 }), "SHAPE", /8 × 0.5/],
  ["a range upside down", () => augmentation(train, { mirror: mirror() }, { range: [1, 0] }), "OPTION", /\[1, 0\]/],
  ["no transformation", () => augmentation(train, {}), "EMPTY"],
  ["a transformation of that name", () => augmentation(train, { original: mirror() }), "OPTION", /original/],
  ["what is no transformation", () => augmentation(train, { twist: {} as never }), "OPTION", /twist is {}/],
  ["a shift by NaN", () => shift(Number.NaN, 0), "OPTION", /shift/],
  ["an image shrunk to nothing", () => scale(0), "OPTION", /scale/],
  ["a shear that flattens", () => shear(1, 1), "OPTION", /shear/],
  ["a choice of nothing", () => either(), "OPTION", /either/],
  ["a sequence of nothing", () => sequence(), "OPTION", /sequence/],
  [
    "classes and transformations weighed at once",
    () => tune({ ...setting, features: { ...classWeights(train), ...augmentation(train, { mirror: mirror() }) } }),
    "OPTION",
    /classes, transformations/,
  ],
  [
    "groups that are none, beside transformations",
    () => augmentation(train, { mirror: mirror() }, { groups: { l2: l2() } }),
    "OPTION",
    /l2: give what classWeights/,
  ],
  ["a slip in a tuner's option", () => tune({ ...setting, tolerence: 1e-6 } as never), "OPTION", /mean tolerance/],
  ["a slip in costs", () => costMatrix({}, { decison: "argmax" } as never), "OPTION", /mean decision/],
  ["a slip in a reader's option", () => data.libsvm("1 1:1\n", { column: 3 } as never), "OPTION", /mean columns/],
  [
    "a slip in .npy's options",
    () => data.npy(npyFile("'<f8'", "(1,)", new Uint8Array(8)), { y: new Uint8Array(0), weight: "" } as never),
    "OPTION",
    /mean weights/,
  ],
  ["a slip in what is asked", () => createStudy({ lambda }).ask({ lamda: {} } as never), "OPTION", /mean lambda/],
  ["a slip in load", () => load({ relaxd: true } as never), "OPTION", /mean relaxed/],
  ["an L1 fit without bounds", () => createL1Fit({ k: 1, F: { low: [0] } } as never), "OPTION", /F.lower: undefined/],
  ["a slip in parseMps", () => parseMps("NAME\n", { fromat: "fixed" } as never), "OPTION", /mean format/],
  ["a format of MPS that is none", () => parseMps("NAME\n", { format: "fix" } as never), "OPTION", /fixed or free/],
  ["a delimiter that is none", () => data.csv("a,b\n", { target: "a", delimiter: "" }), "OPTION", /between two cells/],
  ["a slip in a budget", () => tune({ ...setting, passses: 5 } as never), "OPTION", /passses: did you mean passes/],
  [
    "a run's",
    () => {
      using tuner = createTuner(setting);
      tuner.run({ trails: 5 } as never);
    },
    "OPTION",
    /mean trials/,
  ],
  ["a fit's", () => minimize({ model: "softmax", train, Loss: { l2: 1 } } as never), "OPTION", /mean loss/],
  ["a path's", () => fitPath({ model: "softmax", train, strenghts: [1] } as never).next(), "OPTION", /mean strengths/],
  ["a path's mix as text", () => fitPath({ model: "softmax", train, mix: "0.5" } as never).next(), "OPTION", /mix/],
  [
    "a path's ratio as text",
    () => fitPath({ model: "softmax", train, ratio: "0.1" } as never).next(),
    "OPTION",
    /ratio/,
  ],
  ["a study's", () => createStudy({ lambda, trial: 5 } as never), "OPTION", /mean trials/],
  ["a dataset's", () => data.dense({ x: [[1], [2], [3]], y: y3, weight: y3 } as never), "OPTION", /mean weights/],
  ["a split's", () => data.split(train, { validaton: 0.5 } as never), "OPTION", /mean validation/],
  [
    "groups that are the weights",
    () => data.csv("a,w,y\n1,1,p\n2,2,q\n", { target: "y", weights: "w", groups: "w" }),
    "OPTION",
    /"w" is the weights/,
  ],
  ["folds'", () => data.folds(train, 2, { sead: 3 } as never), "OPTION", /mean seed/],
  ["a CSV's", () => data.csv("a,b\n1,2\n", { target: "b", ignored: ["a"] } as never), "OPTION", /mean ignore/],
  ["a bound's", () => l2({ Max: 1 } as never), "OPTION", /mean max/],
  ["a group norm's", () => groupNorm({ group: [0, 1, 1] } as never), "OPTION", /mean groups/],
  ["a learned penalty's", () => convexPenalty({ knot: 3 } as never), "OPTION", /mean knots/],
  ["an image's", () => augmentation(train, { mirror: mirror() }, { widht: 2 } as never), "OPTION", /mean width/],
  ["an LP's", () => createLp({ ...sole, rowlower: [1] } as never), "OPTION", /mean rowLower/],
  ["a solver's", () => createLp(sole).solve({ maxIteration: 3 } as never), "OPTION", /mean maxIterations/],
  [
    "an L1 fit of a wrong shape",
    () => createL1Fit({ k: 2, F: { lower: Float64Array.of(1), upper: Float64Array.of(1) } as never }),
    "SHAPE",
  ],
];

describe("refused with a code, and a message that says where", () => {
  for (const [name, call, code, message = /./] of refused) {
    test(name, async () => {
      let error: LearnLossError | undefined;
      try {
        await call();
      } catch (thrown) {
        error = thrown as LearnLossError;
      }
      expect(error?.name).toBe("LearnLossError");
      expect(error?.code).toBe(code);
      expect(error?.message).toMatch(message);
    });
  }
});
