import { expect, test } from "vitest";
import { FeatureSpace } from "../src/features/space.ts";
import { convexPenalty, type Features, l1, l2 } from "../src/index.ts";
import { startsOf } from "../src/starts.ts";

const starts = (features: Features, rows: number, columns: number, all = false) => {
  const space = new FeatureSpace(features, "softmax");
  return startsOf(space, rows, columns, all).map((lambda) => ({ space, lambda }));
};

test("each of two norms rules a start where columns outnumber rows or all basins are looked for, none otherwise", () => {
  const norms = { l1: l1(), l2: l2() };
  expect(starts(norms, 100, 10)).toHaveLength(1);
  expect(starts(norms, 100, 10, true)).toHaveLength(3);
  const [, sparse, dense] = starts(norms, 10, 100);
  expect(sparse!.lambda[1]! / sparse!.lambda[2]!).toBeGreaterThan(10);
  expect(dense!.lambda[2]! / dense!.lambda[1]!).toBeGreaterThan(10);
  expect(starts({ l2: l2() }, 10, 100)).toHaveLength(1);
  expect(starts({ l1: l1() }, 10, 100)).toHaveLength(1);
});

test("a learned penalty starts three times: all alike, sparse, bounded by its last hinge; each in F", () => {
  const found = starts(convexPenalty({ knots: 4 }), 100, 10);
  expect(found).toHaveLength(3);
  const ruler = ({ space, lambda }: (typeof found)[number]) => {
    const penalties = Array.from(lambda, (weight, j) => (space.data[j] ? 0 : weight));
    const feature = space.features[penalties.indexOf(Math.max(...penalties))]!;
    return feature.kind === "hinge" ? feature.knot : feature.kind;
  };
  const knots = [...found[0]!.space.knots];
  const least = found[0]!.space.features.some(({ kind }) => kind === "l1") ? "l1" : 0;
  expect(found.slice(1).map(ruler)).toEqual([least, Math.max(...knots)]);
  for (const { space, lambda } of found) {
    for (const [j, weight] of lambda.entries()) {
      expect(weight).toBeGreaterThanOrEqual(space.lower[j]! * (1 - 1e-9));
      expect(weight).toBeLessThanOrEqual(space.upper[j]! * (1 + 1e-9));
    }
  }
});
