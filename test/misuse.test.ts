import { describe, expect, test } from "vitest";
import {
  augmentation,
  classWeights,
  convexPenalty,
  costMatrix,
  createStudy,
  createTuner,
  data,
  fitPath,
  groupWeights,
  type LearnLossError,
  LinearLoss,
  LinearModel,
  l2,
  load,
  fit as minimize,
  Study,
  share,
  toSklearnC,
  tune,
  verifyCertificate,
} from "../src/index.ts";
import { createL1Fit } from "../src/outer/l1-fit.ts";
import { createLp, solveLp } from "../src/outer/lp.ts";
import { parseMps } from "../src/outer/mps.ts";
import { npyFile } from "./reference/npy-file.ts";
import { asked, lambda, model, setting, train, validation, y3 } from "./reference/small-problem.ts";

// What only callers without types get wrong, and numbers that nothing can be made of: a code each, never a TypeError.
const nothing = undefined as never;
const rows3 = [[1], [2], [3]];
const csr = { values: Float64Array.of(1, 2), indices: Int32Array.of(0, 1), columns: 2, y: [0, 1] };
const csc = (columnStarts: number[]) => ({ rows: 2, columnStarts, rowIndices: [0, 1, 0], values: [1, 1, 1] });
const regression = { ...train, y: Float64Array.from({ length: train.rows }, (_, i) => 1e40 * i) };

const shares = { a: share(), b: share() };
const sole = { cost: [1], matrix: { rows: 1, dense: [1] } };
const fitOf1 = () => createL1Fit({ k: 1, F: { lower: Float64Array.of(1), upper: Float64Array.of(2) } });
const fitted = minimize({ model: "softmax", train, loss: { l2: 0.1 } }).then(({ model }) => model);
const quantity = { ...train, y: Float64Array.from({ length: train.rows }, (_, i) => i) };
const rowsOf = ({ rows, columns, x }: typeof train) => ({ rows, columns, x });
const dense1 = (...values: number[]) => ({ kind: "dense" as const, values: Float64Array.from(values) });
const spoiled = () => ({ ...rowsOf(train), x: dense1(...train.x.values.slice(1), Number.NaN) });
const [coefficients, intercepts] = [Float64Array.of(2), Float64Array.of(0)];
const doubling = new LinearModel({ kind: "squared", columns: 1, coefficients, intercepts });

const refused: readonly (readonly [string, () => unknown, string])[] = [
  ["dense()", () => data.dense(nothing), "OPTION"],
  ["dense without y", () => data.dense({ x: rows3 } as never), "TYPE"],
  ["text for y", () => data.dense({ x: rows3, y: "abc" as never }), "TYPE"],
  ["column names in one text", () => data.dense({ x: [[1, 2]], y: [1], columnNames: "ab" as never }), "TYPE"],
  ["column names that are numbers", () => data.dense({ x: [[1]], y: [1], columnNames: [1] as never }), "TYPE"],
  [
    "names of groups in one text",
    () => data.dense({ x: [[1]], y: [1], groups: [0], groupNames: "a" as never }),
    "TYPE",
  ],
  ["columns that rows do not have", () => data.dense({ x: [[1, 2]], y: [1], columns: 5 }), "SHAPE"],
  ["csv() of an ArrayBuffer", () => data.csv(new ArrayBuffer(8) as never, { target: "y" }), "TYPE"],
  ["npy() of nothing", () => data.npy(nothing, { y: nothing }), "TYPE"],
  ["sparse()", () => data.sparse(nothing), "OPTION"],
  ["sparse rows that end after the last value", () => data.sparse({ ...csr, starts: Int32Array.of(0, 3, 2) }), "SHAPE"],
  ["a group below 0", () => data.dense({ x: rows3, y: y3, groups: [0, -1, 1] }), "SHAPE"],
  ["half a group", () => data.dense({ x: rows3, y: y3, groups: [0, 0.5, 1] }), "SHAPE"],
  ["a group by name", () => data.dense({ x: rows3, y: y3, groups: ["a", "b", "a"] as never }), "SHAPE"],
  ["weights that overflow together", () => data.dense({ x: rows3, y: y3, weights: [1e308, 1e308, 1e308] }), "WEIGHT"],
  ["split()", () => data.split(nothing), "TYPE"],
  ["folds of rows", () => data.folds(rows3 as never, 3), "TYPE"],
  ["standardization()", () => data.standardization(nothing), "TYPE"],
  ["standardize by nothing", () => data.standardize(train, nothing), "OPTION"],
  ["rescale()", () => data.rescale(nothing, 2), "TYPE"],
  ["csv without options", () => data.csv("a,y\n1,2\n", nothing), "OPTION"],
  ["csv with one column to ignore", () => data.csv("a,y\n1,2\n", { target: "y", ignore: "a" as never }), "TYPE"],
  ["npy without options", () => data.npy(npyFile("'<f8'", "(1,)", new Uint8Array(8)), nothing), "OPTION"],
  ["classWeights()", () => classWeights(nothing), "TYPE"],
  ["groupWeights()", () => groupWeights(nothing), "TYPE"],
  ["augmentation()", () => augmentation(nothing, {}), "TYPE"],
  ["no transformations", () => augmentation(train, nothing), "OPTION"],
  ["no knots", () => convexPenalty({ knots: [] }), "OPTION"],
  ["bounds that are null", () => l2(null as never), "OPTION"],
  ["bounds whose product overflows", () => l2({ min: 1e200, max: 1e300 }), "BOUNDS"],
  ["costs of nothing", () => costMatrix(nothing), "OPTION"],
  ["a cost as text", () => costMatrix({ a: { b: "1" as never } }), "OPTION"],
  ["tune()", () => tune(nothing), "OPTION"],
  ["createTuner()", () => createTuner(nothing), "OPTION"],
  ["a metric that promises", () => tune({ ...setting, metric: (async () => 1) as never }), "TYPE"],
  ["a metric of text", () => tune({ ...setting, metric: (() => "0.5") as never }), "TYPE"],
  ["a metric without a value", () => tune({ ...setting, metric: (() => {}) as never }), "TYPE"],
  ["a metric of a big integer", () => tune({ ...setting, metric: (() => 1n) as never }), "TYPE"],
  [
    "an error that is promised",
    async () => (await minimize({ model: "softmax", train })).model.error(train, (async () => 1) as never),
    "TYPE",
  ],
  [
    "predictions for arrays",
    async () => (await minimize({ model: "softmax", train })).model.predict({ ...train, x: [[1]] } as never),
    "TYPE",
  ],
  ["a signal that is none", () => tune({ ...setting, signal: "stop" as never }), "OPTION"],
  [
    "workers that are a number",
    () => tune({ ...setting, validation: nothing, folds: 3, workers: 2 as never }),
    "OPTION",
  ],
  [
    "an event that there is not",
    () => {
      using tuner = createTuner(setting);
      tuner.on("end" as never, () => {});
    },
    "OPTION",
  ],
  ["no rows that judge", () => tune({ ...setting, validation: data.take(validation, []) }), "EMPTY"],
  ["no row that counts", () => tune({ ...setting, train: { ...train, weights: new Float64Array(60) } }), "WEIGHT"],
  [
    "a fold without a row that counts",
    () => {
      const weights = Float64Array.from({ length: 60 }, (_, i) => Number([0, 3, 4, 7].includes(i))); // of two classes
      return tune({ ...setting, train: { ...train, weights }, validation: nothing, folds: 6 });
    },
    "WEIGHT",
  ],
  [
    "targets whose squares overflow",
    () => tune({ ...setting, model: "squared", train: regression, validation: regression }),
    "OVERFLOW",
  ],
  ["fit()", () => minimize(nothing), "OPTION"],
  ["fit in f16", () => minimize({ model: "softmax", train, precision: "f16" as never }), "OPTION"],
  ["a tolerance as text", () => minimize({ model: "softmax", train, tolerance: "1e-4" as never }), "OPTION"],
  ["a tolerance of a symbol", () => minimize({ model: "softmax", train, tolerance: Symbol() as never }), "OPTION"],
  ["a tuner's tolerance as text", () => tune({ ...setting, tolerance: "1e-4" as never }), "OPTION"],
  ["fit with −1 iterations", () => minimize({ model: "softmax", train, iterations: -1 }), "OPTION"],
  ["fit with 2.5 iterations", () => minimize({ model: "softmax", train, iterations: 2.5 }), "OPTION"],
  ["fit with iterations as text", () => minimize({ model: "softmax", train, iterations: "5" as never }), "OPTION"],
  ["a path with 2.5 iterations", () => fitPath({ model: "softmax", train, iterations: 2.5 }).next(), "OPTION"],
  ["a loss that is a number", () => minimize({ model: "softmax", train, loss: 5 as never }), "OPTION"],
  ["fit with a signal that is none", () => minimize({ model: "softmax", train, signal: "stop" as never }), "OPTION"],
  ["fitPath()", () => fitPath(nothing).next(), "OPTION"],
  ["one strength", () => fitPath({ model: "softmax", train, strengths: 5 as never }).next(), "OPTION"],
  ["createStudy()", () => createStudy(nothing), "OPTION"],
  ["a study of no weights", () => createStudy({} as never), "OPTION"],
  ["a weight that is a number", () => createStudy({ lambda: { logLoss: 1 as never } }), "OPTION"],
  ["trials as text", () => createStudy({ lambda, trials: "5" as never }), "BUDGET"],
  ["tell of no trial", () => asked().study.tell(nothing, model), "UNKNOWN_TRIAL"],
  ["tell of no model", () => asked().study.tell({ id: 0 }, nothing), "OPTION"],
  ["a model without features", () => asked().study.tell({ id: 0 }, { error: 1 } as never), "SHAPE"],
  ["a slip in what is told", () => asked().study.tell({ id: 0 }, { ...model, convergd: false } as never), "OPTION"],
  ["converged as null", () => asked().study.tell({ id: 0 }, { ...model, converged: null as never }), "TYPE"],
  ["converged as text", () => asked().study.tell({ id: 0 }, { ...model, converged: "no" as never }), "TYPE"],
  ["λ with a name too many", () => asked().study.ask({ lambda: { ...model.features, l3: 1 } as never }), "LAMBDA"],
  [
    "a start with a name too many",
    () => createStudy({ lambda, start: { ...model.features, l3: 1 } as never }),
    "LAMBDA",
  ],
  ["an error that is text", () => asked().study.tell({ id: 0 }, { ...model, error: "0.25" as never }), "NON_FINITE"],
  ["passes that are NaN", () => asked().study.tell({ id: 0 }, { ...model, passes: Number.NaN }), "NON_FINITE"],
  [
    "a study of a newer version, whatever is in it",
    () => Study.fromJSON('{"learnloss":"study","version":2}'),
    "VERSION",
  ],
  ["a loss of a newer version", () => LinearLoss.fromJSON('{"learnloss":"loss","version":2}'), "VERSION"],
  ["a model of a newer version", () => LinearModel.fromJSON('{"learnloss":"model","version":2}'), "VERSION"],
  ["bytes for a module", () => load({ module: new Uint8Array(4) as never }), "OPTION"],
  ["an object for a module", () => load({ module: {} as never }), "OPTION"],
  ["C of no rows", () => toSklearnC({ l2: 1 }, nothing), "SHAPE"],
  ["an LP of nothing", () => solveLp(nothing), "OPTION"],
  ["an LP without a matrix", () => createLp({ cost: [1] } as never), "OPTION"],
  ["a matrix without entries", () => solveLp({ cost: [1], matrix: { rows: 1 } as never }), "SHAPE"],
  ["columns that begin after the first entry", () => solveLp({ cost: [1, 1], matrix: csc([1, 2, 3]) }), "SHAPE"],
  ["columns that end after the last entry", () => solveLp({ cost: [1, 1], matrix: csc([0, 5, 3]) }), "SHAPE"],
  ["an L1 fit of nothing", () => createL1Fit(nothing), "OPTION"],
  ["MPS of nothing", () => parseMps(nothing), "TYPE"],
  ["negative passes", () => asked().study.tell({ id: 0 }, { ...model, passes: -3 }), "OPTION"],
  [
    "shares to try that sum to 0.2",
    () => createStudy({ lambda: shares }).ask({ lambda: { a: 0.1, b: 0.1 } }),
    "BOUNDS",
  ],
  ["shares to start with that sum to 2", () => createStudy({ lambda: shares, start: { a: 1, b: 1 } }), "BOUNDS"],
  ["a λ to try that is outside of F", () => createStudy({ lambda }).ask({ lambda: { logLoss: 3, l2: 1 } }), "BOUNDS"],
  ["rows of nothing", () => data.take(train, nothing), "OPTION"],
  ["a number of rows", () => data.take(train, 5 as never), "OPTION"],
  ["a standardization of nothing", () => data.standardize(train, {} as never), "OPTION"],
  ["a certificate of nothing", () => verifyCertificate(nothing, nothing, nothing), "OPTION"],
  ["no knots", () => convexPenalty({ knots: null as never }), "OPTION"],
  ["strengths that are no list", () => fitPath({ model: "softmax", train, strengths: {} as never }).next(), "OPTION"],
  ["costs without costs", () => tune({ ...setting, metric: { kind: "costs" } as never }), "OPTION"],
  ["explore: no", () => tune({ ...setting, explore: "no" as never, passes: 100 }), "OPTION"],
  ["an option cut short", () => load({ relax: true } as never), "OPTION"],
  [
    "more columns than an index counts",
    () => data.sparse({ ...csr, starts: Int32Array.of(0, 1, 2), columns: 2 ** 33 }),
    "TOO_LARGE",
  ],
  ["a flat list with a text", () => data.dense({ x: [1, "a"] as never, columns: 1, y: [0, 1] }), "NON_FINITE"],
  [
    "class weights of a quantity",
    () =>
      tune({ ...setting, model: "squared", train: quantity, validation: quantity, features: classWeights(quantity) }),
    "OPTION",
  ],
  ["fewer targets than rows", () => tune({ ...setting, validation: { ...validation, y: y3 } }), "SHAPE"],
  [
    "fewer groups than rows",
    () => minimize({ model: "softmax", train: { ...train, groups: Int32Array.of(0) } }),
    "SHAPE",
  ],
  ["rows without targets", () => tune({ ...setting, validation: rowsOf(validation) as never }), "TYPE"],
  ["rows without targets, to be split", () => data.split(rowsOf(train) as never), "TYPE"],
  ["no rows at all for a metric", async () => (await fitted).error(nothing), "TYPE"],
  ["a scaling of nothing", async () => (await fitted).unstandardized(nothing), "OPTION"],
  ["fewer values than rows", async () => (await fitted).predict({ ...rowsOf(train), rows: 61 }), "SHAPE"],
  ["a NaN among rows to predict", async () => (await fitted).predict(spoiled()), "NON_FINITE"],
  ["rows to predict that overflow", () => doubling.predict({ rows: 1, columns: 1, x: dense1(1e308) }), "OVERFLOW"],
  [
    "an entry beyond the columns, to predict",
    async () => {
      const x = {
        kind: "csr",
        values: Float64Array.of(1),
        indices: Int32Array.of(9),
        starts: Int32Array.of(0, 1),
      } as const;
      return (await fitted).predict({ rows: 1, columns: train.columns, x });
    },
    "SHAPE",
  ],
  ["costs of other classes", async () => (await fitted).predict(train, costMatrix({ z: { y: 2 } })), "LABEL"],
  [
    "costs with squared loss",
    async () => (await minimize({ model: "squared", train })).model.predict(train, costMatrix({ 0: { 1: 2 } })),
    "OPTION",
  ],
  ["rows of nothing for an LP", () => createLp(sole).addRows(nothing, [0], [1]), "OPTION"],
  ["rows without bounds", () => createLp(sole).addRows(sole.matrix, nothing, nothing), "OPTION"],
  ["columns without costs", () => createLp(sole).addColumns(sole.matrix, nothing, [0], [1]), "OPTION"],
  ["no basis", () => createLp(sole).setBasis(nothing), "OPTION"],
  ["no errors to append", () => fitOf1().append([1], nothing), "OPTION"],
  ["no weights", () => fitOf1().setWeights(nothing), "OPTION"],
  ["an incumbent that is none", () => fitOf1().setIncumbent(-1), "SHAPE"],
];

describe("misuse is refused with a code", () => {
  test.each(refused)("%s", async (_, call, code) => {
    let error: LearnLossError | undefined;
    try {
      await call();
    } catch (thrown) {
      error = thrown as LearnLossError;
    }
    expect([error?.name, error?.code]).toEqual(["LearnLossError", code]);
  });
});

test("29 10⁴ weights: refused with the limit, in a message of one line", () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`weight ${i}`, share(1e-3)]));
  const refusal = (weights: typeof many) => {
    try {
      createStudy({ lambda: weights });
    } catch (error) {
      return error as LearnLossError;
    }
    return undefined;
  };
  expect(refusal(many)).toMatchObject({ code: "TOO_LARGE", message: expect.stringContaining("1000") });
  const wide = refusal(
    Object.fromEntries(
      Object.entries(many)
        .slice(0, 900)
        .map(([name]) => [name, share(0.5)]),
    ),
  );
  expect(wide?.code).toBe("INFEASIBLE");
  expect(wide?.message.length).toBeLessThan(400);
});

test("a module that was refused is not in use", async () => {
  await expect(load({ module: {} as never })).rejects.toThrow(expect.objectContaining({ code: "OPTION" }));
  expect((await minimize({ model: "softmax", train, loss: { l2: 0.1 } })).status).toBe("converged");
});
