import { expect, test } from "vitest";
import { LearnLossError, toGlmnetLambda, toSklearnC } from "../../src/index.ts";
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

test("weights of other names are not taken for none: a ridge that has a name of its own is refused", () => {
  const tuned = { ridge: 0.1 } as { l2?: number };
  expect(() => toSklearnC(tuned, 17)).toThrow(LearnLossError);
  expect(() => toGlmnetLambda(tuned)).toThrow("ridge");
  expect(toSklearnC({}, 17).C).toBe(Number.POSITIVE_INFINITY);
  const weighted: Record<string, number> = { malignant: 0.9, benign: 0.1, l2: 0.01 };
  expect(toSklearnC(weighted, 100).C).toBeCloseTo(1, 12);
});
