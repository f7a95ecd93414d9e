import { expect, test } from "vitest";
import { l2, labelSmoothing } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { liftOf, searchBySlopes, tiltOf } from "../../src/reduced/smooth-search.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { virtualModels } from "../reference/virtual-models.ts";

/** Virtual models that were linearized at a λ, and some slope that e is said to have there. */
function linearized(arena: Arena<ReturnType<typeof kernels>>) {
  const models = virtualModels(arena, "log-loss");
  const { data } = models.space;
  const lambda = models.space.normalize(Float64Array.from(data, (of, j) => (of ? 1 : 0.02 * (1 + j))));
  for (const _ of models.solve(lambda));
  const error = models.metric.fromLoss(models.loss());
  for (const _ of models.linearize(lambda));
  const random = new Random(6);
  const slope = lambda.map((_, j) => (data[j] ? 0 : 0.3 * random.normal()));
  return { models, random, center: { lambda, error, slope } };
}

test("what corrects the span to first order gives e the slope that it has at the center, and is nothing far off", () => {
  using arena = new Arena(kernels());
  const { models, center } = linearized(arena);
  const home = center.lambda.map(Math.log);
  const tilt = tiltOf(models, center);
  const corrected = (x: Float64Array) =>
    models.slope(x.map((value, j) => value - home[j]!)).value + liftOf(tilt, x, home).value;
  const h = 1e-4;
  for (const j of models.free) {
    const [up, down] = [home.with(j, home[j]! + h), home.with(j, home[j]! - h)];
    expect((corrected(up) - corrected(down)) / (2 * h)).toBeCloseTo(center.slope[j]!, 6);
  }
  expect(liftOf(tilt, home, home).value).toBe(0);
  const far = home.map((x) => x + 1e6);
  expect(Math.abs(liftOf(tilt, far, home).value)).toBeLessThan(1e-5);
  // Of a center that is no minimizer no slope is known.
  expect(tiltOf(models, { ...center, slope: undefined }).every((t) => t === 0)).toBe(true);
});

test("the gradient of the correction is its difference quotient, near and far", () => {
  const random = new Random(7);
  const normals = (scale: number) => Float64Array.from({ length: 4 }, () => scale * random.normal());
  const h = 1e-5;
  for (const scale of [0, 0.01, 0.3, 1, 3]) {
    const [tilt, home] = [normals(1), normals(1)];
    const delta = normals(scale);
    const x = home.map((value, j) => value + delta[j]!);
    for (const [j, slope] of liftOf(tilt, x, home).gradient.entries()) {
      const [up, down] = [1, -1].map((side) => liftOf(tilt, x.with(j, x[j]! + side * h), home).value);
      expect(slope).toBeCloseTo((up! - down!) / (2 * h), 7);
    }
  }
});

test("a search goes down the slope that is given, whatever the span thinks, and tells what it gained", () => {
  using arena = new Arena(kernels());
  const { models, center } = linearized(arena);
  // The span is off by a constant, too, which is no gain.
  const error = center.error + 1;
  for (const [l1, l2] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
    [1, -1],
    [-1, 1],
  ] as const) {
    const slope = Float64Array.of(0, l1, l2);
    const options = { radius: 0.2, tolerance: 1e-3, random: new Random(1) };
    const work = searchBySlopes(models, { ...center, error, slope }, options);
    let step = work.next();
    while (!step.done) step = work.next();
    const { lambda, error: found, gain } = step.value;
    const moves = lambda.map((w, j) => Math.log(w / center.lambda[j]!));
    for (const j of models.free) {
      if (slope[j] !== 0) expect(Math.sign(moves[j]!)).toBe(-slope[j]!);
      expect(Math.abs(moves[j]!)).toBeLessThan(0.2 + 1e-9);
    }
    expect(gain).toBeGreaterThan(0);
    expect(gain).toBeLessThan(0.5);
    expect(error - found).toBeCloseTo(gain, 12);
  }
});

test("shares are searched where a penalty is at a bound that it would leave", () => {
  using arena = new Arena(kernels());
  const features = { smoothing: labelSmoothing(), l2: l2({ min: 0.01, max: 0.1 }) };
  const models = virtualModels(arena, "log-loss", features);
  for (const share of [0.1, 0.3, 0.6]) {
    for (const l2 of [0.01, 0.1]) {
      const lambda = Float64Array.of(1 - share, share, l2);
      for (const _ of models.solve(lambda));
      const error = models.metric.fromLoss(models.loss());
      // Scaling λ changes nothing: the slopes sum to 0.
      const press = l2 === 0.01 ? 2 : -2;
      for (const part of [-1, -0.3, 0.2, 0.5, 1, 2]) {
        const slope = Float64Array.of(-press * (1 - part), -press * part, press);
        const down = press * (part - share);
        const options = { radius: 0.2, tolerance: 1e-3, random: new Random(1) };
        const work = searchBySlopes(models, { lambda, error, slope }, options);
        let step = work.next();
        while (!step.done) step = work.next();
        const { lambda: found, gain } = step.value;
        expect(found[0]! + found[1]!).toBeCloseTo(1, 12);
        expect(found[2]).toBeCloseTo(l2, 9);
        expect(Math.sign(found[1]! - share)).toBe(Math.sign(down));
        expect(gain).toBeGreaterThan(0.05 * Math.abs(down));
      }
    }
  }
});

test("where a search has become dear, any gain will do", () => {
  using arena = new Arena(kernels());
  const { models, center } = linearized(arena);
  const [long, short] = [undefined, () => true].map((dear) => {
    const before = models.validationPasses;
    const options = { radius: 3, tolerance: 1e-6, random: new Random(1), ...(dear ? { dear } : {}) };
    const work = searchBySlopes(models, { ...center, slope: undefined }, options);
    let step = work.next();
    while (!step.done) step = work.next();
    return { gain: step.value.gain, spent: models.validationPasses - before };
  });
  expect(short!.gain).toBeGreaterThan(0);
  expect(short!.gain).toBeLessThanOrEqual(long!.gain);
  expect(short!.spent).toBeLessThan(0.7 * long!.spent);
});
