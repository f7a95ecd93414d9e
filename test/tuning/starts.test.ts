import { expect, test } from "vitest";
import { FeatureSpace } from "../../src/features/space.ts";
import { convexPenalty, type Features, l1, l2 } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { VirtualModels } from "../../src/reduced/virtual-models.ts";
import { startBeside, startsOf } from "../../src/tuning/starts.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";

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

test("starts beside a λ are in F, move one weight or some or all of them, by little or far", () => {
  using arena = new Arena(kernels());
  const space = new FeatureSpace({ ...convexPenalty({ knots: 8 }), fixed: l1({ min: 0.01, max: 0.01 }) }, "softmax");
  const models = new VirtualModels(arena, space, []);
  const [from] = startsOf(space, 100, 10);
  const random = new Random(3);
  const moved: number[] = [];
  const farthest: number[] = [];
  for (let i = 0; i < 400; i++) {
    const lambda = startBeside(models, from!, random);
    const moves = Array.from(lambda, (w, j) => Math.abs(Math.log(w / from![j]!)));
    for (const [j, w] of lambda.entries()) {
      expect(w).toBeGreaterThanOrEqual(space.lower[j]! * (1 - 1e-9));
      expect(w).toBeLessThanOrEqual(space.upper[j]! * (1 + 1e-9));
    }
    moved.push(moves.filter((move) => move > 1e-9).length);
    farthest.push(Math.max(...moves));
  }
  expect([Math.min(...moved), Math.max(...moved)]).toEqual([1, models.free.length]);
  for (const [low, high] of [
    [0, 0.3],
    [0.3, 1],
    [1, 3],
    [3, 10],
  ] as const) {
    expect(farthest.filter((move) => move >= low && move < high).length).toBeGreaterThan(20);
  }
});
