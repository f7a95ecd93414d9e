import { expect, test } from "vitest";
import { Kriging } from "../../src/outer/kriging.ts";
import { Random } from "../../src/random.ts";

const scattered = (random: Random, count: number, dimensions: number) =>
  Array.from({ length: count }, () => Float64Array.from({ length: dimensions }, () => 8 * random.uniform()));

const at = (kriging: Kriging, place: Float64Array) => kriging.at([place])[0]!;

const predict = (weights: Float64Array, values: readonly number[]) =>
  weights.reduce((sum, weight, i) => sum + weight * values[i]!, 0);

test.each([
  [2, 12],
  [11, 5],
  [11, 40],
])("in %i dimensions, %i places: what is known is kept, weights sum to 1, nothing is uncertain there", (k, count) => {
  const random = new Random(1, k);
  const places = scattered(random, count, k);
  const kriging = new Kriging(places);
  for (const [i, place] of places.entries()) {
    for (const [j, weight] of at(kriging, place).weights.entries()) expect(weight).toBeCloseTo(i === j ? 1 : 0, 8);
    expect(at(kriging, place).deviation).toBeLessThan(1e-5);
  }
  for (const place of scattered(random, 10, k)) {
    expect(at(kriging, place).weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 8);
    expect(at(kriging, place).deviation).toBeGreaterThan(1e-3);
  }
});

test("a linear function is followed closely, and a curved one the better the more places are known", () => {
  const random = new Random(2);
  const linear = ([x, y]: Float64Array) => 3 * x! - 2 * y! + 1;
  const curved = ([x, y]: Float64Array) => Math.sin(x!) * Math.exp(-0.1 * y!);
  const places = scattered(random, 100, 2);
  const tests = scattered(random, 50, 2);
  const worst = (count: number, f: (place: Float64Array) => number) => {
    const known = places.slice(0, count);
    const kriging = new Kriging(known);
    return Math.max(...tests.map((place) => Math.abs(predict(at(kriging, place).weights, known.map(f)) - f(place))));
  };
  expect(worst(10, linear)).toBeLessThan(2); // its range is 40
  expect(worst(100, linear)).toBeLessThan(0.05);
  expect(worst(30, curved)).toBeLessThan(0.7 * worst(10, curved));
  expect(worst(100, curved)).toBeLessThan(0.3 * worst(30, curved));
});

test("a place left out is predicted as by the others alone", () => {
  const places = scattered(new Random(3), 20, 3);
  const kriging = new Kriging(places);
  const size = (place: Float64Array) => Math.hypot(...place.map((x, i) => x - places[0]![i]!));
  const farthest = places.reduce((most, place, i) => (size(place) > size(places[most]!) ? i : most), 0);
  for (let i = 1; i < places.length; i++) {
    if (i === farthest) continue; // the unit of length would change
    const others = new Kriging(places.filter((_, j) => j !== i));
    const { weights, deviation } = kriging.without(i);
    const other = at(others, places[i]!);
    const expected = [...other.weights];
    expected.splice(i, 0, 0);
    for (const [j, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[j]!, 7);
    expect(deviation).toBeCloseTo(other.deviation, 7);
  }
});
