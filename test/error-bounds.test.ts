import { expect, test } from "vitest";
import { createTuner, l1, l2, fit as minimize, type TuneResult, tune } from "../src/index.ts";
import { blobs } from "./reference/blobs.ts";

const train = blobs(90, 12, 3, 1);
const validation = blobs(150, 12, 3, 2);
const setting = { model: "softmax", train, validation, features: { l1: l1(), l2: l2({ min: 1e-3 }) } } as const;

/** e of the minimizer of a tuned loss, as exactly as f64 has it. */
async function exactError({ loss, metric }: TuneResult) {
  const { model, status } = await minimize({ model: "softmax", train, loss, tolerance: 1e-11 });
  expect(status).toBe("converged");
  return model.error(validation, metric as "log-loss");
}

test.each(["log-loss", "error-rate"] as const)("%s of the exact minimizer is within the bounds", async (metric) => {
  const widths: number[] = [];
  for (const tolerance of [1e-4, 1e-6]) {
    const result = await tune({ ...setting, metric, tolerance });
    const { lower, upper } = result.errorBounds!;
    const error = await exactError(result);
    // The validation rows of `model.error` are in f64, those of the tuner in f32.
    expect(error).toBeGreaterThan(lower - 1e-6);
    expect(error).toBeLessThan(upper + 1e-6);
    widths.push(upper - lower);
  }
  const row = metric === "error-rate" ? 1.01 / validation.rows : 0; // that of one whose classes are nearly even
  expect(widths[1]!).toBeLessThanOrEqual(Math.max(0.1 * widths[0]!, row));
});

test("with folds, of the mean of their errors", async () => {
  const { error, errorBounds } = await tune({ ...setting, validation: undefined, folds: 3, tolerance: 1e-6 } as never);
  const { lower, upper } = errorBounds!;
  expect(upper - lower).toBeLessThan(0.02 * error);
  expect(error).toBeGreaterThan(lower);
  expect(error).toBeLessThan(upper);
});

test("bounds that meet do not cross: no weight is left of L1, and the minimizer is known exactly", async () => {
  const features = { l1: l1({ min: 100, max: 100 }), l2: l2({ min: 1, max: 1 }) };
  for (const model of ["softmax", "logistic", "squared"] as const) {
    for (let seed = 1; seed <= 5; seed++) {
      const rows = { train: blobs(40, 3, 2, seed), validation: blobs(30, 3, 2, 100 + seed) };
      const { error, errorBounds } = await tune({ model, ...rows, features });
      const { lower, upper } = errorBounds!;
      expect(lower).toBeLessThanOrEqual(upper);
      expect(lower).toBeCloseTo(error, 12);
      expect(upper).toBeCloseTo(error, 12);
    }
  }
});

test("nothing is claimed where nothing is proved", async () => {
  expect((await tune({ ...setting, features: { l1: l1() } })).errorBounds).toEqual({
    lower: 0,
    upper: Number.POSITIVE_INFINITY,
  });
  const metric = ({ values }: { readonly values: Float64Array }) => Math.abs(values[0]!);
  expect((await tune({ ...setting, metric, passes: 300 })).errorBounds).toEqual({
    lower: Number.NEGATIVE_INFINITY,
    upper: Number.POSITIVE_INFINITY,
  });
  expect((await tune({ ...setting, schedule: "on-the-fly" })).errorBounds).toBeUndefined();
  expect((await tune({ ...setting, passes: 5 })).errorBounds).toBeUndefined();
});

test("a run that is looked at on its way goes on as if it had not been, but for the cost", async () => {
  using whole = createTuner({ ...setting, metric: "error-rate" });
  const { lambda, error, passes } = await whole.run();
  using parts = createTuner({ ...setting, metric: "error-rate" });
  let last = await parts.run({ passes: 10 });
  const looks = new Set<number>();
  while (last.status === "passes") {
    last = await parts.run({ passes: 10 });
    if (last.errorBounds) looks.add(last.errorBounds.upper);
  }
  expect(looks.size).toBeGreaterThan(1);
  expect([last.lambda, last.error]).toEqual([lambda, error]);
  // What the looks cost is taken off the passes again, but for rounding.
  const rounded = (key: string, value: unknown) => (key === "passes" ? (value as number).toFixed(6) : value);
  expect(JSON.stringify(parts.study, rounded)).toBe(JSON.stringify(whole.study, rounded));
  expect(last.passes).toBeGreaterThan(passes);
});
