import { describe, expect, test } from "vitest";
import { dense, folds, rescale, split, standardization, standardize } from "../../src/data/index.ts";
import { Random } from "../../src/random.ts";

const code = (expected: string) => expect.objectContaining({ code: expected });

/** Rows that know their index, labels with shares 1/2, 1/3, 1/6. */
function rows(n: number, seed = 1) {
  const random = new Random(seed);
  const labels = ["often", "often", "often", "seldom", "seldom", "rare"];
  return dense({
    x: Array.from({ length: n }, (_, i) => [i, random.uniform()]),
    y: Array.from({ length: n }, (_, i) => labels[i % 6]!),
  });
}
const ids = (data: { x: { values: ArrayLike<number> }; rows: number }) =>
  Array.from({ length: data.rows }, (_, i) => data.x.values[2 * i]!);

describe("split", () => {
  test("`stratified` is a truth value", () => {
    const wrong = { stratified: "no" as unknown as boolean };
    expect(() => split(rows(12), wrong)).toThrow(code("OPTION"));
    expect(() => folds(rows(12), 2, wrong)).toThrow(code("OPTION"));
  });

  test("every row is in exactly one part, the sizes are as asked, shares are kept", () => {
    for (const n of [12, 37, 600]) {
      const data = rows(n);
      const { train, validation } = split(data, { validation: 0.25, seed: 3 });
      expect([...ids(train), ...ids(validation)].sort((a, b) => a - b)).toEqual(ids(data));
      expect(validation.rows).toBe(Math.round(n / 4));
      for (const label of ["often", "seldom", "rare"]) {
        const share = (part: typeof data) =>
          Array.from(part.y as string[]).filter((y) => y === label).length / part.rows;
        expect(Math.abs(share(train) - share(validation))).toBeLessThan(2 / validation.rows + 1e-9);
        expect(share(train)).toBeGreaterThan(0);
      }
    }
  });

  test("numbers of many kinds are classes where each has rows enough: no label is left to the validation rows alone", () => {
    // 200 kinds of whole numbers, the higher the rarer; 20 rows of one kind each.
    const y = Array.from({ length: 4000 }, (_, i) => (i < 20 ? 1000 + i : Math.floor(180 * ((i % 613) / 613) ** 2)));
    const { train, validation } = split(dense({ x: y.map((label) => [label]), y }), { seed: 2 });
    const known = new Set<unknown>(train.y);
    expect(known.size).toBe(new Set(y).size);
    expect([...validation.y].every((label) => known.has(label))).toBe(true);
    // Quantities are not: as many kinds as rows, or nearly.
    const values = dense({ x: y.map((label) => [label]), y: y.map((_, i) => i) });
    const stratified = split(values, { seed: 2, stratified: true });
    expect(split(values, { seed: 2 }).validation.y).not.toEqual(stratified.validation.y);
  });

  test("the seed decides, and nothing else", () => {
    const data = rows(100);
    const once = ids(split(data, { seed: 5 }).validation);
    expect(ids(split(data, { seed: 5 }).validation)).toEqual(once);
    expect(ids(split(data, { seed: 6 }).validation)).not.toEqual(once);
  });

  test("a class of one row stays in training", () => {
    const data = dense({ x: [[0], [1], [2], [3], [4], [5]].map(([v]) => [v!, 0]), y: ["a", "a", "a", "a", "a", "b"] });
    for (let seed = 0; seed < 20; seed++) expect(split(data, { validation: 2, seed }).train.y).toContain("b");
  });

  test.each([
    [{ validation: 0 }, "OPTION"],
    [{ validation: 2.5 }, "OPTION"],
    [{ validation: 99 }, "TOO_FEW"],
    [{ seed: 1.5 }, "SEED"],
    [{ seed: -1 }, "SEED"],
  ])("%o is refused", (options, expected) => {
    expect(() => split(rows(100), options)).toThrow(code(expected));
  });
});

describe("folds", () => {
  test("each row validates once; no class is missing from a training part", () => {
    const data = rows(50);
    const parts = folds(data, 5, { seed: 2 });
    expect(parts.flatMap(({ validation }) => ids(validation)).sort((a, b) => a - b)).toEqual(ids(data));
    for (const { train, validation } of parts) {
      expect(train.rows + validation.rows).toBe(50);
      expect(new Set(train.y as string[]).size).toBe(3);
    }
  });

  test("a class that a fold would train without, too few rows, no folds", () => {
    const lonely = dense({ x: [[0], [1], [2], [3]], y: ["a", "a", "a", "b"] });
    expect(() => folds(lonely, 2)).toThrow(code("FOLD"));
    expect(() => folds(rows(5), 3)).toThrow(code("TOO_FEW"));
    expect(() => folds(rows(50), 1)).toThrow(code("OPTION"));
  });
});

describe("standardize", () => {
  test("training columns get mean 0 and variance 1; other rows the same map; constant columns become 0", () => {
    const random = new Random(4);
    const data = dense({
      x: Array.from({ length: 40 }, () => [1000 + random.normal(), 5, 1e-6 * random.normal()]),
      y: Array.from({ length: 40 }, (_, i) => i % 2),
    });
    const fitted = standardization(data);
    expect(fitted.constant).toEqual([1]);
    const { values } = standardize(data, fitted).x;
    for (let j = 0; j < 3; j++) {
      const column = Array.from({ length: 40 }, (_, i) => values[3 * i + j]!);
      const mean = column.reduce((sum, v) => sum + v / 40, 0);
      expect(mean).toBeCloseTo(0, 9);
      expect(column.reduce((sum, v) => sum + (v - mean) ** 2 / 40, 0)).toBeCloseTo(j === 1 ? 0 : 1, 9);
    }
    const other = dense({ x: [[fitted.mean[0]!, 7, fitted.mean[2]! + fitted.scale[2]!]], y: [0] });
    expect(Array.from(standardize(other, fitted).x.values)).toEqual([0, 0, 1]);
  });

  test("overflow and a bad scale are refused", () => {
    const huge = dense({ x: [[1e308], [-1e308]], y: [0, 1] });
    expect(() => standardization(huge)).toThrow(code("OVERFLOW"));
    expect(() => rescale(huge, 0)).toThrow(code("OPTION"));
    expect(Array.from(rescale(huge, 1e308).x.values)).toEqual([1, -1]);
  });
});
