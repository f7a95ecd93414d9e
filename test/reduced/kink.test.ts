import { expect, test } from "vitest";
import { sharpen } from "../../src/reduced/kink.ts";

/** The widths that two folds are given for a model of 2 outputs, 3 columns, 2 intercepts. */
function widths(theta: readonly number[], kink: number): number[] {
  const given: number[] = [];
  const fold = {
    reduced: { setSmoothing: (width: number) => given.push(width) },
    trainer: { objective: { outputs: 2, columns: 3 } },
  };
  sharpen([fold, fold], Float64Array.from(theta), kink);
  return given;
}

test("kinks are as wide as a share of the typical weight, of those that are not 0, in all folds", () => {
  const weights = [3, 0, -3, 0, 3, 0];
  expect(widths([...weights, 1000, 0], 0.1)).toEqual([0.1 * 3, 0.1 * 3]);
  for (const unit of [1e-3, 7]) {
    const scaled = weights.map((w, i) => unit * (w + (w === 0 ? 0 : i)));
    const [plain] = widths([...scaled.map((w) => w / unit), 0, 0], 0.03);
    expect(widths([...scaled, 5, 5], 0.03)[0]! / plain!).toBeCloseTo(unit, 12);
  }
});

test("a model without weights has kinks, too", () => {
  for (const width of widths([0, 0, 0, 0, 0, 0, 4, -4], 0.1)) expect(width).toBeGreaterThan(0);
});
