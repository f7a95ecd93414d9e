import { describe, expect, test } from "vitest";
import { type Dataset, dense } from "../src/data/dataset.ts";
import { rescale } from "../src/data/standardize.ts";
import {
  classWeights,
  convexPenalty,
  createTuner,
  groupWeights,
  LinearLoss,
  l1,
  l2,
  labelSmoothing,
  type Metric,
  fit as minimize,
  type Progress,
  type Scores,
  tune,
} from "../src/index.ts";
import { Random } from "../src/random.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { blobs } from "./reference/blobs.ts";
import { leastTime } from "./reference/least-time.ts";

const code = (expected: string) => expect.objectContaining({ name: "LearnLossError", code: expected });
const train = blobs(90, 12, 3, 1);
const validation = blobs(150, 12, 3, 2);
const setting = { model: "softmax", train, validation, features: { l1: l1(), l2: l2() } } as const;

type Coarse = Pick<Parameters<typeof tune>[0], "model" | "train" | "features"> & {
  readonly validation: Dataset;
  readonly metric?: Metric | undefined;
};

/**
 * A twentieth of their range above the least error with one weight for all penalties, one of five, groups alike and a tenth of
 * smoothing: a search may end in another minimum than the least.
 */
async function coarseGrid({ model, train, validation, features, metric }: Coarse): Promise<number> {
  const groups = Object.values(features).filter(({ kind }) => kind === "group-loss").length;
  const errors: number[] = [];
  for (const weight of [1e-4, 1e-3, 1e-2, 0.1, 1]) {
    const weights = { "group-loss": 1 / groups, "uniform-loss": 0.1 } as Partial<Record<string, number>>;
    const lambda = Object.entries(features).map(([name, { kind }]) => [name, weights[kind] ?? weight]);
    const plain = model === "squared" ? "squaredError" : "logLoss";
    const loss = new LinearLoss(plain, features, Object.fromEntries(lambda));
    errors.push((await minimize({ model, train, loss })).model.error(validation, metric));
  }
  const least = Math.min(...errors);
  return least + (Math.max(...errors) - least) / 20;
}

describe("tune", () => {
  test("λ has the names of the features, those of classes too, and no others", async () => {
    const features = { ...classWeights(train), ridge: l2() };
    const { lambda, best } = await tune({ ...setting, features, trials: 1 });
    const weights = [lambda["class:0"], lambda["class:1"], lambda["class:2"], lambda.ridge, best.lambda.ridge];
    expect(weights).toEqual([...Object.values(lambda), expect.any(Number)]);
    // @ts-expect-error: the ridge has another name here
    expect(lambda.l2).toBeUndefined();
  });

  test("ends by itself with a λ within bounds and the cost of everything", async () => {
    const result = await tune(setting);
    expect(result).toMatchObject({ status: "complete", metric: "log-loss" });
    for (const name of ["l1", "l2"] as const) {
      expect(result.lambda[name]).toBeGreaterThanOrEqual(1e-6);
      expect(result.lambda[name]).toBeLessThanOrEqual(1);
    }
    expect(result.best.error).toBeLessThanOrEqual(result.error);
    expect(result.passes).toBeCloseTo(result.trainingPasses + result.reducedPasses, 9);
    expect(result.best.coefficients).toHaveLength(3 * 12);
    expect(result.best.classes).toEqual([0, 1, 2]);
    const { features: phi, objective } = await minimize({ model: "softmax", train, loss: result.loss });
    const [, a, b] = /^logLoss \+ (\S+)·‖W‖₁ \+ (\S+)·½‖W‖²$/.exec(String(result.loss))!;
    expect((phi.logLoss! + Number(a) * phi.l1! + Number(b) * phi.l2!) / objective).toBeCloseTo(1, 3);
  });

  test("better than the ends of the range and than no training at all", async () => {
    const result = await tune(setting);
    for (const value of [1e-6, 1]) {
      const end = await tune({
        ...setting,
        features: { l1: l1({ min: value, max: value }), l2: l2({ min: value, max: value }) },
      });
      expect(result.error).toBeLessThan(end.error);
    }
    expect(result.error).toBeLessThan(Math.log(3));
  });

  test.each([1, 2, 3])("what all classes share of unpenalized weights stays small, rows %i", async (seed) => {
    const train = blobs(80, 2, 3, seed, 3);
    const validation = blobs(80, 2, 3, seed + 10, 3);
    for (const features of [classWeights(train), { smoothing: labelSmoothing() }]) {
      const { model, error } = await tune({ model: "softmax", train, validation, features });
      const { coefficients: w } = model;
      for (const j of [0, 1]) expect(Math.abs(w[j]! + w[2 + j]! + w[4 + j]!)).toBeLessThan(100);
      expect(model.error(validation, "log-loss")).toBeCloseTo(error, 5);
    }
  });

  test.each([
    ["error-rate", { ...setting, metric: "error-rate" }],
    ["balanced-error", { ...setting, metric: "balanced-error", features: { ...classWeights(train), l2: l2() } }],
    ["macro-f1", { ...setting, metric: "macro-f1" }],
    ["auc", { ...setting, metric: "auc" }],
    [
      "a function",
      {
        ...setting,
        passes: 300, // and 11,000 calls of it: enough to search what is interpolated
        metric: ({ rows, values }: { rows: number; values: Float64Array }) =>
          values.reduce((sum, s) => sum + Math.abs(s), 0) / rows,
      },
    ],
    ["label smoothing", { ...setting, features: { smoothing: labelSmoothing(), l2: l2() } }],
    ["a convex penalty", { ...setting, features: convexPenalty({ knots: 5 }) }],
  ] as const)("%s", async (_, options) => {
    const result = await tune({ passes: 600, ...options } as Parameters<typeof tune>[0]);
    const { model, features, metric } = { metric: undefined, ...options } as Coarse;
    expect(result.error).toBeLessThanOrEqual(await coarseGrid({ model, features, metric, train, validation }));
  });

  test("worst-group error with group weights", async () => {
    const grouped = (rows: typeof train) => ({
      ...rows,
      groups: Int32Array.from({ length: rows.rows }, (_, i) => i % 2),
    });
    const [a, b] = [grouped(train), grouped(validation)];
    const features = { ...groupWeights(a), l2: l2() };
    const result = await tune({
      model: "softmax",
      train: a,
      validation: b,
      features,
      metric: "worst-group-error",
      passes: 600,
    });
    const lambda: Record<string, number> = result.lambda;
    expect(lambda["group:0"]! + lambda["group:1"]!).toBeCloseTo(1, 9);
    const coarse = { model: "softmax", train: a, validation: b, features, metric: "worst-group-error" } as const;
    expect(result.error).toBeLessThanOrEqual(await coarseGrid(coarse));
    expect(result.model.error(b, "worst-group-error")).toBeCloseTo(result.error, 9);
  });

  test("logistic and squared", async () => {
    const two = (rows: number, seed: number) => blobs(rows, 8, 2, seed, 2);
    for (const model of ["logistic", "squared"] as const) {
      const some = { model, train: two(60, 1), validation: two(90, 2), features: { l1: l1(), l2: l2() } };
      const result = await tune(some);
      expect(result.error).toBeLessThanOrEqual(await coarseGrid(some));
      expect(result.status).toBe("complete");
      expect(result.metric).toBe(model === "squared" ? "mean-squared-error" : "log-loss");
    }
  });

  test("penalties too weak to matter at first are strengthened until no multiple of them is better", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed);
      const weights = Array.from({ length: 6 }, () => 0.15 * random.normal());
      const draw = (rows: number) => {
        const x = Array.from({ length: rows }, () => weights.map(() => random.normal()));
        return dense({
          x,
          y: x.map((row) => row.reduce((sum, v, j) => sum + weights[j]! * v, random.normal())),
        });
      };
      const [train, validation] = [draw(40), draw(120)];
      const { error, lambda } = await tune({ model: "squared", train, validation, features: { l2: l2() } });
      for (let multiple = 1 / 64; multiple <= 64; multiple *= 4) {
        const loss = { l2: Math.min(multiple * lambda.l2, 1) };
        const { model } = await minimize({ model: "squared", train, loss });
        expect(model.error(validation)).toBeGreaterThan(0.99 * error);
      }
    }
  });

  test.each([25, 55, 56, 96])(
    "a lasso of more columns than rows does not end on the plateau of weak penalties, rows %i",
    async (seed) => {
      const draw = (rows: number, random: Random) => {
        const x = Array.from({ length: rows }, () => Array.from({ length: 100 }, () => random.normal()));
        return dense({ x, y: x.map((row) => 3 * row[0]! + 2 * row[1]! + random.normal()) });
      };
      const [train, validation] = [draw(30, new Random(seed)), draw(60, new Random(seed, 1))];
      const { error } = await tune({ model: "squared", train, validation, features: { l1: l1() } });
      for (let exponent = -3; exponent <= 0.5; exponent += 0.25) {
        const { model } = await minimize({ model: "squared", train, loss: { l1: 10 ** exponent } });
        expect(model.error(validation)).toBeGreaterThan(0.97 * error);
      }
    },
  );

  test.each([1, 2, 3, 4])("class weights do not hide that a ridge is far too weak, rows %i", async (seed) => {
    const draw = (rows: number, seed: number) => rescale(blobs(rows, 6, 3, seed, 6), 6);
    const [train, validation] = [draw(60, seed), draw(150, seed + 100)];
    const features = { ...classWeights(train), l2: l2() };
    const { error, loss } = await tune({ model: "softmax", train, validation, features });
    for (let multiple = 1 / 1024; multiple <= 1024; multiple *= 4) {
      const lambda = { ...loss.lambda, l2: Math.min(multiple * loss.lambda.l2!, 1) };
      const other = new LinearLoss(loss.lossName, loss.features, lambda);
      const { model } = await minimize({ model: "softmax", train, loss: other });
      expect(model.error(validation)).toBeGreaterThan(0.99 * error);
    }
  });

  test("features with whole numbers for names, which objects list first, weigh what they are", async () => {
    const { l1, l2 } = setting.features;
    const named = await tune({ ...setting, features: { ridge: l2, lasso: l1 } });
    const numbered = await tune({ ...setting, features: { "2": l2, "10": l1 } });
    // In another order the search rounds otherwise.
    expect(numbered.error / named.error).toBeCloseTo(1, 2);
    const { loss } = numbered;
    const { model, features } = await minimize({ model: "softmax", train, loss });
    expect(model.error(validation)).toBeCloseTo(numbered.error, 3);
    const half = model.coefficients.reduce((sum, w) => sum + w * w, 0) / 2;
    expect(features["2"]! / half).toBeCloseTo(1, 5);
  });

  test("the same seed gives the same study, bit for bit", async () => {
    const run = async (seed: number) => {
      using tuner = createTuner({ ...setting, metric: "error-rate", seed });
      const { milliseconds: _, ...result } = await tuner.run();
      return JSON.stringify([result, tuner.study]);
    };
    expect(await run(3)).toBe(await run(3));
  });

  test("adding a constant to a column, or another order of columns, changes nothing that matters", async () => {
    const { columns } = train;
    const change = (rows: typeof train) => {
      const values = rows.x.values.slice();
      for (let i = 0; i < rows.rows; i++) {
        for (let j = 0; j < columns; j++) values[i * columns + j] = rows.x.values[i * columns + (columns - 1 - j)]! + 3;
      }
      return { ...rows, x: { kind: "dense", values } as const };
    };
    const plain = await tune({ ...setting, precision: "f64", tolerance: 1e-7 });
    const shifted = await tune({
      ...setting,
      precision: "f64",
      tolerance: 1e-7,
      train: change(train),
      validation: change(validation),
    });
    expect(Math.abs(shifted.error / plain.error - 1)).toBeLessThan(2e-3);
  });
});

describe("a run", () => {
  test("improvements get better and better; the last one is the best", async () => {
    using tuner = createTuner(setting);
    const errors: number[] = [];
    const run = tuner.run();
    for await (const { error } of run) errors.push(error);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(errors.at(-1)).toBe(tuner.best!.error);
    expect((await run).best.error).toBe(tuner.best!.error);
  });

  test("leaving the loop stops the work, and the run can be awaited then", async () => {
    using tuner = createTuner(setting);
    const run = tuner.run();
    for await (const _ of run) break;
    const { status, passes } = await run;
    expect(status).toBe("stopped");
    expect((await tuner.run()).passes).toBeGreaterThan(passes);
  });

  test.each([
    ["passes", { passes: 20 }],
    ["trials", { trials: 2 }],
  ] as const)("a budget of %s ends it normally, and another run goes on to the same end", async (status, budget) => {
    using tuner = createTuner(setting);
    expect((await tuner.run(budget)).status).toBe(status);
    const rest = await tuner.run();
    expect(rest.status).toBe("complete");
    const whole = await tune(setting);
    expect([rest.lambda, rest.error]).toEqual([whole.lambda, whole.error]);
  });

  // Exploration goes on for as long as it may, on any machine.
  const large = { ...setting, train: blobs(3000, 60, 6, 1), validation: blobs(500, 60, 6, 2), explore: true };

  test("time ends it normally", async () => {
    const least = await leastTime(100, async () => {
      using tuner = createTuner(large);
      const begun = performance.now();
      const { status } = await tuner.run({ time: 60 });
      expect(status).toBe("time");
      return performance.now() - begun;
    });
    expect(least).toBeLessThan(100);
  });

  test.each([
    ["time", { time: Number.MIN_VALUE }],
    ["passes", { passes: 1e-9 }],
  ] as const)("however little %s there is, a first model is seen", async (status, budget) => {
    const result = await tune({ ...setting, ...budget });
    expect(result.status).toBe(status);
    expect(result.error).toBeLessThanOrEqual(Math.log(3) * (1 + 1e-6));
  });

  test("listeners hear what is suspicious of the data, once, and that nothing could be learned", async () => {
    using tuner = createTuner({ ...setting, validation: train, metric: () => 1 });
    const heard: string[] = [];
    tuner.on("warning", ({ message }) => heard.push(message));
    const { warnings } = await tuner.run({ passes: 30 });
    expect(heard).toEqual(warnings);
    expect(heard.map((message) => message.split(":")[0])).toEqual(["LEAK", "FLAT"]);
    await tuner.run({ passes: 30 });
    expect(heard.slice(2).map((message) => message.split(":")[0])).toEqual(["FLAT"]);
  });

  test("progress tells what is spent, what may be, and how fast", async () => {
    using tuner = createTuner(setting);
    const seen: Progress[] = [];
    tuner.on("progress", (progress) => seen.push(progress));
    await tuner.run({ passes: 10, time: 60_000 });
    const first = seen.at(-1)!;
    expect(first.budget).toMatchObject({ trials: Number.POSITIVE_INFINITY, milliseconds: 60_000 });
    expect(first.budget.passes).toBeCloseTo(10, 0);
    await tuner.run({ trials: 2 });
    const { passes, milliseconds, rate, budget, best } = seen.at(-1)!;
    expect(budget).toEqual({
      passes: Number.POSITIVE_INFINITY,
      trials: first.trials + 2,
      milliseconds: Number.POSITIVE_INFINITY,
    });
    expect(passes).toBeGreaterThan(first.passes);
    expect(milliseconds).toBeGreaterThan(first.milliseconds);
    expect(rate).toBeGreaterThan(0);
    expect(best).toBe(tuner.best!.error);
  });

  test("what listeners do to what they hear changes nothing elsewhere", async () => {
    using undisturbed = createTuner(setting);
    const expected: unknown[] = [];
    for await (const improvement of undisturbed.run()) expected.push({ ...improvement });
    using tuner = createTuner(setting);
    const heard: unknown[] = [];
    for (const listener of ["first", "second"]) {
      tuner.on("progress", ({ budget }) => Object.assign(budget, { passes: 1, trials: 1, milliseconds: 1 }));
      tuner.on("improvement", (improvement) => {
        if (listener === "second") heard.push({ ...improvement, lambda: { ...improvement.lambda } });
        Object.assign(improvement.lambda, { l2: -5 });
        Object.assign(improvement, { error: -5 });
      });
    }
    const run = tuner.run();
    const found: unknown[] = [];
    for await (const improvement of run) found.push(improvement);
    expect((await run).status).toBe("complete");
    expect(found).toEqual(expected);
    expect(heard).toEqual(expected);
  });

  test("aborting rejects with the reason soon; the best stays, and run() may be called again", async () => {
    using tuner = createTuner(large);
    await tuner.run({ passes: 1e-9 }); // to a first model, which an abort does not wait for
    const reason = new Error("enough");
    const least = await leastTime(100, async () => {
      const controller = new AbortController();
      let aborted = 0;
      setTimeout(() => {
        aborted = performance.now();
        controller.abort(reason);
      }, 50);
      await expect(tuner.run({ signal: controller.signal })).rejects.toBe(reason);
      return performance.now() - aborted;
    });
    expect(least).toBeLessThan(100);
    expect(tuner.best).toBeDefined();
    expect((await tuner.run({ trials: 1 })).trials).toBeGreaterThan(0);
    await expect(tuner.run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("a loop that was left standing keeps nobody waiting; what was found in the meantime is taken in order", async () => {
    using tuner = createTuner(setting);
    const run = tuner.run();
    const loop = run[Symbol.asyncIterator]();
    const errors = [((await loop.next()).value as { error: number }).error];
    const result = await run;
    expect(result.status).toBe("complete");
    let last = await loop.next();
    for (; !last.done; last = await loop.next()) errors.push(last.value.error);
    expect(last.value).toBe(result);
    expect(errors.length).toBeGreaterThan(2);
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
    expect(errors.at(-1)).toBe(result.best.error);
    for (const within of [true, false]) {
      using other = createTuner(setting);
      const again = other.run();
      const looped: number[] = [];
      const looping = (async () => {
        for await (const { error } of again) {
          looped.push(error);
          if (within) await again;
        }
      })();
      await again;
      await looping;
      expect(looped).toEqual(errors);
    }
  });

  test("a loop that stands when its tuner is disposed of: the run ends as DISPOSED", async () => {
    for (const early of [true, false]) {
      const tuner = createTuner({ ...setting, explore: true });
      const run = tuner.run();
      const loop = run[Symbol.asyncIterator]();
      await loop.next();
      const outcome = early ? expect(run).rejects.toThrow(code("DISPOSED")) : undefined;
      await new Promise((resolve) => setTimeout(resolve, 10));
      tuner.dispose();
      await (outcome ?? expect(run).rejects.toThrow(code("DISPOSED")));
    }
  });

  test("a run has the catch and the finally of a promise", async () => {
    using tuner = createTuner(setting);
    let ends = 0;
    const { status } = await tuner.run({ trials: 1 }).finally(() => ends++);
    expect([status, ends]).toEqual(["trials", 1]);
    const reason = new Error("enough");
    expect(await tuner.run({ signal: AbortSignal.abort(reason) }).catch((error) => error)).toBe(reason);
  });

  test("one run at a time; none after dispose", async () => {
    const tuner = createTuner(setting);
    const run = tuner.run();
    const first = run[Symbol.asyncIterator]();
    await first.next();
    await expect(tuner.run()).rejects.toThrow(code("CONFLICT"));
    await first.return?.(undefined as never);
    tuner.dispose();
    tuner.dispose();
    expect(() => tuner.run()).toThrow(code("DISPOSED"));
  });
});

test("1,000 create, tune and dispose cycles leave no byte behind", async () => {
  const small = { ...setting, train: blobs(30, 5, 3, 1), validation: blobs(40, 5, 3, 2), trials: 2 };
  await tune(small);
  const before = [kernels().allocatedBytes(), kernels().memory.buffer.byteLength];
  for (let i = 0; i < 1000; i++) await tune({ ...small, seed: i });
  const after = [kernels().allocatedBytes(), kernels().memory.buffer.byteLength];
  expect(after).toEqual(before);
});

test("an error that is negative, as a function's may be, ends a run as one that is not", async () => {
  const wrong = ({ rows, outputs, values }: Scores, { y }: Dataset) => {
    let count = 0;
    for (let i = 0; i < rows; i++) {
      const own = values.subarray(i * outputs, (i + 1) * outputs);
      if (own.indexOf(Math.max(...own)) !== y[i]) count++;
    }
    return count / rows;
  };
  for (const [seed, count, columns, classes] of [
    [4, 90, 12, 3],
    [2, 200, 30, 6],
  ] as const) {
    const rows = blobs(count, columns, classes, seed);
    const judging = blobs(400, columns, classes, seed + 50);
    const options = { model: "softmax", train: rows, validation: judging, schedule: "on-the-fly" } as const;
    const features = { ...classWeights(rows), l2: l2() };
    const above = await tune({ ...options, features, metric: wrong });
    const below = await tune({ ...options, features, metric: (scores, dataset) => wrong(scores, dataset) - 1 });
    expect(below.trials).toBeLessThan(above.trials + 6);
    expect(below.error + 1).toBeLessThan(above.error + 0.02);
  }
});
