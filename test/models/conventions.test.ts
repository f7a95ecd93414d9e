import { expect, test } from "vitest";
import { toGlmnetLambda, toSklearnC } from "../../src/index.ts";
import { Random } from "../../src/random.ts";

const random = new Random(1);
const loss = 10 * random.uniform();
const w = Array.from({ length: 5 }, () => random.normal());
const absolute = w.reduce((sum, value) => sum + Math.abs(value), 0);
const squares = w.reduce((sum, value) => sum + value * value, 0) / 2;

test.each([
  [0.03, 0.002],
  [0, 0.1],
  [0.1, 0],
])(
  "with l1 %d and l2 %d the other objective is the same but for a factor, whatever the loss and the weights",
  (l1, l2) => {
    const rows = 17;
    const own = loss + l1 * absolute + l2 * squares;
    const { C, l1Ratio } = toSklearnC({ l1, l2 }, rows);
    const sklearn = C * rows * loss + l1Ratio * absolute + (1 - l1Ratio) * squares;
    expect(sklearn / own).toBeCloseTo(C * rows, 12);
    const { lambda, alpha } = toGlmnetLambda({ l1, l2 });
    expect(loss + lambda * (alpha * absolute + (1 - alpha) * squares)).toBeCloseTo(own, 12);
  },
);

test("weights of other terms are refused: the other objective would be another", () => {
  const others: Record<string, number>[] = [{ ridge: 0.1 }, { l2: 0.1, s: 0.3 }, { l1: 0.1, groupNorm: 0.5 }];
  for (const tuned of others) {
    const code = expect.objectContaining({ name: "LearnLossError", code: "LAMBDA" });
    expect(() => toSklearnC(tuned, 17)).toThrow(code);
    expect(() => toGlmnetLambda(tuned)).toThrow(Object.keys(tuned).at(-1));
  }
  expect(toSklearnC({}, 17).C).toBe(Number.POSITIVE_INFINITY);
  const none: Record<string, number> = { groupNorm: 0, l2: 0.01 };
  expect(toSklearnC(none, 100).C).toBeCloseTo(1, 12);
});
