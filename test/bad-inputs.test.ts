import { describe, expect, test } from "vitest";
import {
  atLeast,
  augmentation,
  classWeights,
  createStudy,
  createTuner,
  data,
  either,
  fixed,
  type LearnLossError,
  LinearLoss,
  LinearModel,
  l1,
  l2,
  labelSmoothing,
  fit as minimize,
  mirror,
  Study,
  scale,
  sequence,
  shear,
  shift,
  type TuneResult,
  tune,
} from "../src/index.ts";
import { createL1Fit } from "../src/outer/l1-fit.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { blobs } from "./reference/blobs.ts";
import { npyFile } from "./reference/npy-file.ts";

const train = blobs(60, 4, 3, 1);
const validation = blobs(60, 4, 3, 2);
const setting = { model: "softmax", train, validation, features: { l1: l1(), l2: l2() } } as const;
const y3 = ["a", "b", "a"];
const lambda = { logLoss: fixed(1), l2: atLeast(0) };
const model = { features: { logLoss: 1, l2: 1 }, error: 1 };

/** A study with one trial that was asked for. */
function asked() {
  const study = createStudy({ lambda });
  return { study, trial: study.ask() };
}

const scaled = (factor: number) => ({
  ...train,
  x: { kind: "dense" as const, values: Float64Array.from(train.x.values, (value) => value * factor) },
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
    "44 npy of halves",
    () => data.npy(npyFile("'<f2'", "(1,)", Uint8Array.of(0, 60)), { y: new Uint8Array(0) }),
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
      study.tell(trial, { features: { logLoss: 1 }, error: 1 });
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
        columns: 2 ** 26,
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
  ["32 seed 1.5", () => createTuner({ ...setting, seed: 1.5 }), "SEED"],
  ["32 seed −1", () => createStudy({ lambda, seed: -1 }), "SEED"],
  ["32 seed x", () => data.split(train, { validation: 0.2, seed: "x" as never }), "SEED"],
  ["33 budget 0", () => tune({ ...setting, passes: 0 }), "BUDGET"],
  ["33 budget −1", () => tune({ ...setting, trials: -1 }), "BUDGET"],
  ["33 budget NaN", () => tune({ ...setting, time: Number.NaN }), "BUDGET"],
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
  ["47 not a model", () => LinearModel.fromJSON("[]"), "CORRUPT"],
  [
    "47 a model cut short",
    () =>
      LinearModel.fromJSON(
        '{"learnloss":"model","version":1,"kind":"squared","columns":2,"coefficients":[1],"intercepts":[0]}',
      ),
    "CORRUPT",
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

const warned = (start: string) => (result: TuneResult) =>
  expect(result.warnings.some((w) => w.startsWith(start))).toBe(true);
const wide = { train: blobs(20, 120, 3, 1), validation: blobs(60, 120, 3, 2) };

/** What works, and what is said about it. */
const accepted: readonly (readonly [string, () => Promise<TuneResult>, (result: TuneResult) => void])[] = [
  [
    "5 entries of 1e28, scaled by their spread",
    () =>
      tune({
        ...setting,
        train: scaled(1e28),
        validation: {
          ...validation,
          x: { kind: "dense", values: validation.x.values.map((v: number) => v * 1e28) as Float64Array },
        },
      }),
    (r) => expect(r.error).toBeLessThan(Math.log(3)),
  ],
  [
    "9 labels as text",
    () => tune({ ...setting, train: named(train), validation: named(validation) }),
    (r) => expect(r.best.classes).toEqual(["c0", "c1", "c2"]),
  ],
  [
    "10 a constant column",
    () => tune({ ...setting, train: constant(train), validation: constant(validation) }),
    (r) => {
      warned("CONSTANT")(r);
      expect(Array.from(r.best.coefficients).filter((_, i) => i % 4 === 2)).toEqual([0, 0, 0]);
    },
  ],
  ["12 more columns than rows", () => tune({ ...setting, ...wide }), (r) => expect(r.error).toBeLessThan(Math.log(3))],
  ["15 validation rows that are training rows", () => tune({ ...setting, validation: train }), warned("LEAK")],
  [
    "16 few validation rows, many λ",
    () =>
      tune({
        ...setting,
        validation: data.take(validation, [0, 1, 2, 3, 4, 5]),
        features: { smoothing: labelSmoothing(), l1: l1(), l2: l2() },
      }),
    warned("OVERTUNE"),
  ],
  ["26 all errors equal", () => tune({ ...setting, metric: () => 1 }), warned("FLAT")],
  [
    "+∞ as an error",
    () => tune({ ...setting, metric: () => Number.POSITIVE_INFINITY }),
    (r) => expect(r.error).toBe(Number.POSITIVE_INFINITY),
  ],
  [
    "names of features that objects have",
    () => tune({ ...setting, features: { constructor: l1(), toString: l2() } }),
    (r) => expect(Object.keys(r.lambda)).toEqual(["constructor", "toString"]),
  ],
];

function named(d: typeof train) {
  return { ...d, y: Array.from(d.y as Float64Array, (label) => `c${label}`) };
}

function constant(d: typeof train) {
  return {
    ...d,
    x: {
      kind: "dense" as const,
      values: d.x.values.map((v: number, i: number) => (i % 4 === 2 ? 5 : v)) as Float64Array,
    },
  };
}

describe("works, and warns where it should", () => {
  test.each(accepted)("%s", async (_, call, check) => {
    const result = await call();
    expect(result.status).toBe("complete");
    check(result);
  });

  test("11 duplicate columns: the same bits again", async () => {
    const values = train.x.values.map((v: number, i: number, all: ArrayLike<number>) =>
      i % 4 === 3 ? all[i - 1]! : v,
    ) as Float64Array;
    const twice = { ...train, x: { kind: "dense" as const, values } };
    const [a, b] = [await tune({ ...setting, train: twice }), await tune({ ...setting, train: twice })];
    expect(a.lambda).toEqual(b.lambda);
    expect(a.best.coefficients).toEqual(b.best.coefficients);
  });

  test("13 separable data without a penalty: stops, and says that there is no minimizer", async () => {
    const x = Array.from({ length: 20 }, (_, i) => [i < 10 ? -1 - i : i]);
    const result = await minimize({ model: "logistic", train: data.dense({ x, y: x.map(([v]) => (v! < 0 ? 0 : 1)) }) });
    expect(result.status).toBe("unbounded");
    expect(result.warnings.some((warning) => warning.startsWith("UNBOUNDED"))).toBe(true);
  });

  test("12 more columns than rows: a warning without a penalty, none with one", async () => {
    const y = wide.train.y.map((label: unknown) => Number(label)) as unknown as number[];
    const regression = { model: "squared", train: { ...wide.train, y: Float64Array.from(y) } } as const;
    const starts = async (loss: { l2?: number }) =>
      (await minimize({ ...regression, loss })).warnings.map((warning) => warning.split(":")[0]);
    expect(await starts({})).toEqual(["WIDE"]);
    expect(await starts({ l2: 0.1 })).toEqual([]);
  });

  test("18 Float32Array: the same as its values in a Float64Array", async () => {
    const narrow = Float32Array.from(train.x.values);
    const fit32 = await minimize({
      model: "softmax",
      train: { ...train, x: { kind: "dense", values: narrow } },
      loss: { l2: 0.1 },
    });
    const values = Float64Array.from(narrow);
    const fit64 = await minimize({
      model: "softmax",
      train: { ...train, x: { kind: "dense", values } },
      loss: { l2: 0.1 },
    });
    expect(fit32.model.coefficients).toEqual(fit64.model.coefficients);
  });

  test("19 a shared buffer is copied", () => {
    if (typeof SharedArrayBuffer === "undefined") return;
    const shared = new Float64Array(new SharedArrayBuffer(24));
    expect(data.dense({ x: shared as never, columns: 1, y: y3 }).x.values.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test("23 told twice, the same values: no effect", () => {
    const { study, trial } = asked();
    study.tell(trial, model);
    study.tell(trial, model);
    expect(study.observations).toHaveLength(1);
  });

  test("36 a trainer that changes λ", () => {
    const { trial } = asked();
    expect(() => Object.assign(trial.lambda, { l2: 5 })).toThrow(TypeError);
  });

  test("39 out of memory: refused, and everything works afterwards", async () => {
    const columns = 2 ** 21;
    const sparse = data.sparse({
      values: new Float64Array(3),
      indices: new Int32Array(3),
      starts: Int32Array.of(0, 1, 2, 3),
      columns,
      y: y3,
    });
    const error = await minimize({ model: "logistic", train: sparse, loss: { l2: 1 } }).then(
      () => undefined,
      (thrown: LearnLossError) => thrown,
    );
    if (error) expect(["OUT_OF_MEMORY", "TOO_LARGE"]).toContain(error.code);
    expect((await tune(setting)).status).toBe("complete");
  });

  test("34 a trainer that fails: its trial counts as failed, and the study goes on", () => {
    const study = createStudy({ lambda, trials: 6 });
    const broken = (trial: number) => {
      if (trial % 2 === 0) throw new Error(`GPU ${trial} is gone`);
      return model;
    };
    while (!study.done) {
      const trial = study.ask();
      try {
        study.tell(trial, broken(trial.id));
      } catch (reason) {
        study.fail(trial, reason);
      }
    }
    expect(study.trials.map(({ status }) => status)).toEqual(["failed", "told", "failed", "told", "failed", "told"]);
    expect(study.trials[4]!.reason).toBe("GPU 4 is gone");
    expect(study.best!.trial).toBe(1);
  });

  test("34 a metric that throws: its own error, and the tuner's memory is freed", async () => {
    const before = kernels().allocatedBytes();
    const mine = new Error("mine");
    const metric = () => {
      throw mine;
    };
    await expect(tune({ ...setting, metric })).rejects.toBe(mine);
    expect(kernels().allocatedBytes()).toBe(before);
  });

  test("37 abort in the middle of a fit: rejects with the reason within 50 ms", async () => {
    const controller = new AbortController();
    const large = { model: "softmax", train: blobs(4000, 100, 10, 1), tolerance: 1e-12, loss: { l2: 1e-8 } } as const;
    let aborted = 0;
    setTimeout(() => {
      aborted = performance.now();
      controller.abort(new Error("enough"));
    }, 30);
    await expect(minimize({ ...large, signal: controller.signal })).rejects.toThrow("enough");
    expect(performance.now() - aborted).toBeLessThan(50);
  });

  test("6 denormals: no slower than twice ordinary numbers", async () => {
    const time = async (factor: number) => {
      const rows = scaled(factor);
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 5; i++) {
        const { milliseconds, passes } = await minimize({
          model: "softmax",
          train: rows,
          loss: { l2: 0.1 },
          iterations: 30,
        });
        least = Math.min(least, milliseconds / passes);
      }
      return least;
    };
    const ordinary = await time(1);
    expect(await time(1e-310)).toBeLessThan(2 * ordinary + 0.5);
  });

  test("28 many observations in bounded memory", () => {
    const study = createStudy({ lambda, trials: 1e9 });
    const trial = study.ask();
    for (let i = 0; i < 20_000; i++)
      study.observe(trial, { features: { logLoss: 1 + 1 / (i + 1), l2: i }, error: 1 + i });
    study.tell(trial, { features: { logLoss: 1, l2: 1e5 }, error: 0.5 });
    expect(study.best!.error).toBe(0.5);
    expect(study.ask().lambda.l2).toBeGreaterThan(0);
  });
});
