import { expect, test } from "vitest";
import { distance } from "../../src/reduced/distance.ts";
import { TrustRegion } from "../../src/reduced/trust-region.ts";

test("of promises that were not kept the next ones are believed less, those kept restore it; without doubts all are", () => {
  const [doubtful, trustful] = [new TrustRegion(true), new TrustRegion(false)];
  expect(doubtful.believed(3)).toBe(3);
  let before = 3;
  for (const kept of [0.2, -5, 0, 0]) {
    for (const region of [doubtful, trustful]) region.learn(kept, 0.1);
    expect(doubtful.believed(3)).toBeLessThanOrEqual(before);
    expect(doubtful.believed(3)).toBeGreaterThan(0);
    before = doubtful.believed(3);
  }
  expect(before).toBeLessThan(1);
  for (let i = 0; i < 50; i++) doubtful.learn(i % 2 === 0 ? 1 : 7, 0.1);
  expect(doubtful.believed(3)).toBeCloseTo(3, 9);
  expect(doubtful.believed(3)).toBeLessThanOrEqual(3);
  expect(trustful.believed(3)).toBe(3);
});

test("it shrinks below a step that failed until it is exhausted, for minimizers later; reopens as wide as at first", () => {
  const region = new TrustRegion(true);
  const first = region.radius;
  let halfway = false;
  for (let step = 0.9; !region.exhausted(true); step = 0.5 * region.radius) {
    const before = region.radius;
    region.learn(0, step);
    expect(region.radius).toBeLessThan(Math.min(step, before));
    if (region.exhausted(false) && !region.exhausted(true)) halfway = true;
  }
  expect(halfway).toBe(true);
  region.reopen();
  expect(region.radius).toBe(first);
  expect(region.exhausted(false)).toBe(false);
});

test("it widens by promises kept at its edge alone, up to a limit; reopening makes it no narrower", () => {
  const region = new TrustRegion(true);
  const first = region.radius;
  region.learn(1, 0.5 * first);
  region.learn(0.5, first);
  expect(region.radius).toBe(first);
  for (let i = 0; i < 9; i++) region.learn(1, region.radius);
  const widest = region.radius;
  expect(widest).toBeGreaterThan(first);
  region.reopen();
  expect(region.radius).toBe(widest);
  const other = new TrustRegion(true);
  other.open();
  expect(other.radius).toBe(widest);
});

test("distances of λ are the largest in log, the same both ways", () => {
  const [one, two] = [Float64Array.of(1, 0.1, 5), Float64Array.of(1, 0.3, 1)];
  expect(distance(one, two)).toBeCloseTo(Math.log(5), 12);
  expect(distance(two, one)).toBe(distance(one, two));
  expect(distance(one, one)).toBe(0);
});
