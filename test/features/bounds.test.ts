import { describe, expect, test } from "vitest";
import { classWeights, convexPenalty, data, type Feature, groupNorm, l1, l2, labelSmoothing } from "../../src/index.ts";

const code = (expected: string) => expect.objectContaining({ name: "LearnLossError", code: expected });
const boundsOf = ({ min, max }: Feature) => [min, max];

describe("one bound alone leaves room to the other", () => {
  test.each([
    ["l1", l1],
    ["l2", l2],
    ["groupNorm", groupNorm],
    ["convexPenalty", (bounds: object) => convexPenalty(bounds)["knot:0"]!],
  ])("of %s", (_, penalty) => {
    expect(boundsOf(penalty({ min: 5 }))).toEqual([5, 50]);
    expect(boundsOf(penalty({ min: 1 }))).toEqual([1, 10]);
    expect(boundsOf(penalty({ min: 0.5 }))).toEqual([0.5, 1]);
    expect(boundsOf(penalty({ max: 1e-6 }))).toEqual([1e-6 / 10, 1e-6]);
    expect(boundsOf(penalty({ max: 1e-9 }))).toEqual([1e-9 / 10, 1e-9]);
    expect(boundsOf(penalty({ max: 1e-5 }))).toEqual([1e-6, 1e-5]);
    expect(boundsOf(penalty({ min: 5, max: 5 }))).toEqual([5, 5]);
  });

  test("of shares, which are at most 1", () => {
    const labels = data.dense({ x: [[1], [2], [3], [4]], y: ["a", "b", "a", "b"] });
    expect(boundsOf(labelSmoothing({ max: 1e-4 }))).toEqual([1e-4 / 10, 1e-4]);
    expect(boundsOf(labelSmoothing({ min: 0.2 }))).toEqual([0.2, 1]);
    expect(boundsOf(labelSmoothing({ min: 1 }))).toEqual([1, 1]);
    expect(boundsOf(classWeights(labels, { min: 0.2 })["class:a"]!)).toEqual([0.2, 1]);
    expect(() => labelSmoothing({ min: 5 })).toThrow(code("BOUNDS"));
  });

  test.each([{ min: 0 }, { max: 0 }, { max: -1 }, { min: Number.NaN }, { max: Number.NaN }, { min: "5" as never }])(
    "%j is no bound",
    (bounds) => {
      expect(() => l2(bounds)).toThrow(code("BOUNDS"));
    },
  );
});
