import { expect, test } from "vitest";
import { l2 } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { searchBySamples } from "../../src/reduced/step-search.ts";
import type { VirtualModels } from "../../src/reduced/virtual-models.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { virtualModels } from "../reference/virtual-models.ts";

/** A search around a λ, its center included. */
function search(models: VirtualModels, radius: number, seed: number, tolerance = 0) {
  const { data } = models.space;
  const lambda = models.space.normalize(Float64Array.from(data, (of, j) => (of ? 1 : 0.02 * (1 + j))));
  const center = { lambda, error: 1, slope: undefined };
  // To rounding: what a solve leaves may change decisions.
  for (let i = 0; i < 5; i++) for (const _ of models.solve(lambda));
  const work = searchBySamples(models, center, { radius, tolerance, random: new Random(seed) });
  let step = work.next();
  while (!step.done) step = work.next();
  return { ...step.value, center: lambda };
}

test("what is found is within the radius and F, and as good as is said; no step that is judged leads out of the box", () => {
  using arena = new Arena(kernels());
  const models = virtualModels(arena, "error-rate", { l2: l2({ min: 0.02, max: 1 }) });
  const moves: number[] = [];
  const promises = models.promises.bind(models);
  let at = new Float64Array();
  const linearize = models.linearize.bind(models);
  models.linearize = (lambda) => {
    at = lambda.map(Math.log);
    return linearize(lambda);
  };
  models.promises = (deltas) => {
    for (const [delta] of deltas) moves.push(at[1]! + delta!);
    return promises(deltas);
  };
  for (const radius of [0.05, 0.4, 2]) {
    for (let seed = 0; seed < 4; seed++) {
      moves.length = 0;
      const { lambda, error, gain, center } = search(models, radius, seed);
      const [low, high] = [Math.max(Math.log(center[1]!) - radius, Math.log(0.02)), Math.log(center[1]!) + radius];
      expect(moves.length).toBeGreaterThan(40);
      expect(Math.min(...moves)).toBeGreaterThanOrEqual(low - 1e-12);
      expect(Math.max(...moves)).toBeLessThanOrEqual(high + 1e-12);
      expect(Math.log(lambda[1]!)).toBeGreaterThanOrEqual(low - 1e-9);
      expect(Math.log(lambda[1]!)).toBeLessThanOrEqual(high + 1e-9);
      expect(models.error()).toBe(error);
      expect(gain).toBeGreaterThanOrEqual(0);
    }
  }
});

/** Models whose errors and ties are functions of log λ, and that are what their linearization says. */
function posed(k: number, error: (x: Float64Array) => number, tie: (x: Float64Array) => number) {
  let at = new Float64Array(k);
  let [saved, origin] = [at, at];
  const places = (deltas: readonly Float64Array[]) => deltas.map((delta) => delta.map((d, j) => origin[j]! + d));
  const models = {
    free: Array.from({ length: k }, (_, j) => j),
    mostTieBreak: 0.01,
    box: (lambda: Float64Array, radius: number) => ({
      lower: lambda.map((w) => Math.log(w) - radius),
      upper: lambda.map((w) => Math.log(w) + radius),
    }),
    lambda: (x: Float64Array) => x.map(Math.exp),
    save: () => {
      saved = at;
    },
    restore: () => {
      at = saved;
    },
    *solve(lambda: Float64Array) {
      at = lambda.map(Math.log);
      yield;
    },
    *linearize() {
      saved = origin = at;
      yield;
    },
    move: () => {},
    error: () => error(at),
    rank: () => error(at) + tie(at),
    promises: (deltas: readonly Float64Array[]) => places(deltas).map(error),
    tieBreaks: (deltas: readonly Float64Array[]) => places(deltas).map(tie),
  };
  return models as unknown as VirtualModels;
}

test("on a plateau of e the loss decides, and not beyond its edge", () => {
  const k = 8;
  const apart = (x: Float64Array) => Math.hypot(...x.map((value, j) => value - (j % 2 === 0 ? 0.8 : -0.8)));
  const tie = (x: Float64Array) => 0.001 * apart(x);
  let sum = 0;
  for (let seed = 0; seed < 10; seed++) {
    const options = { radius: 3, tolerance: 0, random: new Random(seed) };
    const center = { lambda: new Float64Array(k).fill(1), error: 0.3, slope: undefined };
    const error = (x: Float64Array) => (x[0]! > 0.4 ? 0.5 : 0.3);
    const work = searchBySamples(posed(k, error, tie), center, options);
    let step = work.next();
    while (!step.done) step = work.next();
    const x = step.value.lambda.map(Math.log);
    expect(error(x)).toBe(0.3);
    sum += apart(x);
  }
  // From 2.26 to the edge of the plateau, 0.4 from where the loss is least; without the loss nowhere.
  expect(sum / 10).toBeLessThan(0.46);
});
