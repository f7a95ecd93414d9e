import { describe, expect, test } from "vitest";
import {
  classWeights,
  createStudy,
  createTuner,
  data,
  groupNorm,
  groupWeights,
  l1,
  l2,
  labelSmoothing,
  fit as minimize,
  type TuneResult,
  tune,
  verifyCertificate,
} from "../src/index.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { blobs } from "./reference/blobs.ts";
import { byLooks } from "./reference/by-looks.ts";
import { leastTime } from "./reference/least-time.ts";
import { asked, lambda, model, scaled, setting, train, validation, y3 } from "./reference/small-problem.ts";

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
  [
    "few validation rows that count, many λ",
    () =>
      tune({
        ...setting,
        validation: { ...validation, weights: Float64Array.from({ length: validation.rows }, (_, i) => Number(i < 6)) },
        features: { smoothing: labelSmoothing(), l1: l1(), l2: l2() },
      }),
    warned("OVERTUNE"),
  ],
  [
    "few validation rows, nothing to choose",
    () => {
      const fixed = { min: 0.1, max: 0.1 };
      const some = data.take(validation, [0, 1, 2, 3, 4, 5]);
      return tune({ ...setting, validation: some, features: { l1: l1(fixed), l2: l2(fixed), norm: groupNorm(fixed) } });
    },
    (r) => expect(r.warnings).toEqual([]),
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

  test("13 separable classes and features without a penalty: said, and no more is claimed than a second check finds", async () => {
    const rows = Array.from({ length: 60 }, (_, i) => [i % 3, (i * 7) % 5]);
    const apart = data.dense({ x: rows, y: rows.map(([label]) => label!) });
    const judging = data.dense({ x: rows.map(([a, b]) => [a!, b! + 0.5]), y: rows.map(([label]) => label!) });
    using tuner = createTuner({ ...setting, train: apart, validation: judging, features: classWeights(apart) });
    const { warnings, certificate } = await tuner.run();
    expect(warnings.some((warning) => warning.startsWith("UNBOUNDED"))).toBe(true);
    const { observations, polyhedron } = tuner.study;
    expect(verifyCertificate(certificate!, observations, polyhedron)).toEqual({ valid: true });
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

  test("29 a weight for each of 900 groups of rows: there are other shares than even ones", () => {
    const least = (count: number) => {
      const y = Float64Array.from({ length: count }, (_, i) => i % 2);
      const rows = data.dense({ x: y.slice(), columns: 1, y, groups: Int32Array.from(y, (_, i) => i) });
      return groupWeights(rows)["group:0"]!.min;
    };
    expect(least(50)).toBe(1e-3);
    expect(900 * least(900)).toBeCloseTo(0.1, 12);
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
    const solve = () => minimize({ model: "softmax", train: wide.train, loss: { l2: 1 } });
    const full = kernels();
    const blocks: number[] = [];
    for (let bytes = 2 ** 30; bytes >= 2 ** 12; bytes /= 2) {
      for (let at = full.allocate(bytes); at !== 0; at = full.allocate(bytes)) blocks.push(at); // untouched, it costs nothing
    }
    await expect(solve()).rejects.toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
    for (const at of blocks) full.release(at); // other tests hold this instance
    expect((await solve()).status).toBe("converged");
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

  test("37 abort in the middle of a fit: rejects with the reason at the next turn", async () => {
    const large = { model: "softmax", train: blobs(4000, 100, 10, 1), tolerance: 1e-12, loss: { l2: 1e-8 } } as const;
    const reason = new Error("enough");
    const controller = new AbortController();
    const abort = (looks: number) => {
      if (looks === 100) controller.abort(reason);
    };
    await byLooks(async (looks) => {
      await expect(minimize({ ...large, signal: controller.signal })).rejects.toBe(reason);
      expect(looks()).toBeGreaterThanOrEqual(100);
      expect(looks()).toBeLessThan(120);
    }, abort);
  });

  test("6 denormals: no slower than twice ordinary numbers", async () => {
    const [ordinary, denormal] = [scaled(1), scaled(1e-310)];
    const time = async (train: typeof ordinary) => {
      const { milliseconds, passes } = await minimize({ model: "softmax", train, loss: { l2: 0.1 }, iterations: 30 });
      return milliseconds / passes;
    };
    // One after the other, so that the machine is as busy for both; in milliseconds, since browsers' clocks tell no less than 0.1.
    const beyond = await leastTime(0.5, async () => (await time(denormal)) - 2 * (await time(ordinary)));
    expect(beyond).toBeLessThan(0.5);
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

test("a constant on top of the targets, far above what varies in them, is no part of the error: X in f32", async () => {
  const indices = Int32Array.from({ length: 60 * 4 }, (_, e) => e % 4);
  const starts = Int32Array.from({ length: 61 }, (_, i) => 4 * i);
  const raised = (rows: typeof train, constant: number, sparse: boolean) => ({
    ...rows,
    y: Float64Array.from(rows.y as Float64Array, (label) => label + constant),
    x: sparse ? { kind: "csr" as const, values: rows.x.values, indices, starts } : rows.x,
  });
  for (const sparse of [false, true]) {
    const { error: plain } = await tune(regression(0, sparse));
    for (const constant of [1e5, 1e7, 1e9]) {
      const options = regression(constant, sparse);
      const { error, model, warnings } = await tune(options);
      expect(error / model.error(options.validation)).toBeCloseTo(1, 6);
      expect(error).toBeLessThan(1.01 * plain);
      expect(warnings).toEqual([]);
    }
  }

  function regression(constant: number, sparse: boolean) {
    const rows = { train: raised(train, constant, sparse), validation: raised(validation, constant, sparse) };
    return { model: "squared", features: { l2: l2() }, ...rows } as const;
  }
});
