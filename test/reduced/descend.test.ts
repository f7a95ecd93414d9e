import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { descend, type Slope } from "../../src/reduced/descend.ts";

type Smooth = (x: Float64Array) => Slope;

function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, j) => sum + value * y[j]!, 0);
}

/** Where a descent ends, and after how many evaluations; it may look at no point outside of the box. */
function descended(f: Smooth, start: Float64Array, lower: Float64Array, upper: Float64Array) {
  let [evaluations, outside] = [0, 0];
  const counted: Smooth = (x) => {
    evaluations++;
    if (x.some((value, j) => value < lower[j]! || value > upper[j]!)) outside++;
    return f(x);
  };
  const options = { lower, upper, project: (x: Float64Array) => x, evaluations: 2000, reach: 1, tolerance: 1e-13 };
  const work = descend(counted, start, options);
  let step = work.next();
  while (!step.done) step = work.next();
  expect(outside).toBe(0);
  expect(step.value.value).toBe(f(step.value.x).value);
  return { ...step.value, evaluations };
}

/** The largest component of x − P(x − ∇f): 0 where the KKT conditions hold. */
function violation(f: Smooth, x: Float64Array, lower: Float64Array, upper: Float64Array): number {
  const { gradient } = f(x);
  const moved = x.map((value, j) => Math.min(Math.max(value - gradient[j]!, lower[j]!), upper[j]!));
  return Math.max(...x.map((value, j) => Math.abs(value - moved[j]!)));
}

/** ½|A(x − c)|² + 1 of curvatures that differ up to 10⁴ times. */
function quadratic(k: number, random: Random): { readonly f: Smooth; readonly minimum: Float64Array } {
  const minimum = Float64Array.from({ length: k }, () => random.normal());
  const scales = Array.from({ length: k }, () => 10 ** (2 * random.uniform() - 1));
  const A = scales.map((scale) => Float64Array.from({ length: k }, () => (scale * random.normal()) / Math.sqrt(k)));
  const f: Smooth = (x) => {
    const from = x.map((value, j) => value - minimum[j]!);
    const out = Float64Array.from(A, (row) => dot(row, from));
    return {
      value: 1 + 0.5 * dot(out, out),
      gradient: from.map((_, j) => A.reduce((s, row, i) => s + row[j]! * out[i]!, 0)),
    };
  };
  return { f, minimum };
}

/** A valley that bends, in any number of variables: 1 + Σ 100(x_{j+1} − x_j²)² + (1 − x_j)². */
const rosenbrock: Smooth = (x) => {
  let value = 1;
  const gradient = new Float64Array(x.length);
  for (let j = 0; j + 1 < x.length; j++) {
    const [off, left] = [x[j + 1]! - x[j]! ** 2, 1 - x[j]!];
    value += 100 * off ** 2 + left ** 2;
    gradient[j]! -= 400 * off * x[j]! + 2 * left;
    gradient[j + 1]! += 200 * off;
  }
  return { value, gradient };
};

test("quadratics in boxes: the KKT conditions hold at the end, whatever bounds are active", () => {
  const random = new Random(3, 1);
  const violations: number[] = [];
  let [active, free, evaluations] = [0, 0, 0];
  for (let trial = 0; trial < 1200; trial++) {
    const { f, minimum } = quadratic(1 + (trial % 8), random);
    const lower = minimum.map((x) => x + 1.5 * random.normal() - 1);
    const upper = lower.map((x) => x + 2 * random.uniform() + 0.1);
    const start = lower.map((x, j) => x + (upper[j]! - x) * random.uniform());
    const end = descended(f, start, lower, upper);
    violations.push(violation(f, end.x, lower, upper));
    evaluations += end.evaluations;
    for (const [j, x] of end.x.entries()) {
      if (x === lower[j] || x === upper[j]) active++;
      else free++;
    }
  }
  expect(Math.min(active, free)).toBeGreaterThan(1000);
  // Where bounds are hit one after the other the way zigzags, or rises midway: a few (1 in 100) have not come to its end.
  violations.sort((a, b) => b - a);
  expect(violations[15]).toBeLessThan(1e-4);
  // 59; 115 if variables at bounds that the gradient pushes outwards take part.
  expect(evaluations / violations.length).toBeLessThan(80);
});

test("a valley that bends, in boxes: so too", () => {
  const random = new Random(4, 1);
  for (const k of [2, 3, 5]) {
    for (const most of [5, 0.8, 0.3]) {
      const lower = new Float64Array(k).fill(-1);
      const upper = new Float64Array(k).fill(most);
      for (let trial = 0; trial < 10; trial++) {
        const start = lower.map((x, j) => x + (upper[j]! - x) * random.uniform());
        const { x } = descended(rosenbrock, start, lower, upper);
        expect(violation(rosenbrock, x, lower, upper)).toBeLessThan(2e-4);
        if (most === 5 && k === 2) for (const value of x) expect(value).toBeCloseTo(1, 4);
      }
    }
  }
});

test("it starts and stays in what is allowed, takes no step beyond its reach, and no more evaluations than it may", () => {
  // A plane, which leads to the corner of a box whose sides are halved by what is allowed.
  const plane = (x: Float64Array) => ({ value: 100 - 3 * x[0]! - x[1]!, gradient: Float64Array.of(-3, -1) });
  const [lower, upper] = [new Float64Array(2).fill(-8), new Float64Array(2).fill(8)];
  const project = (x: Float64Array) => x.map((value) => Math.min(value, 4));
  const seen: Float64Array[] = [];
  const run = (evaluations: number) => {
    const f = (x: Float64Array) => {
      seen.push(x);
      return plane(x);
    };
    const work = descend(f, [-20, 20], { lower, upper, project, evaluations, reach: 0.5, tolerance: 1e-9 });
    let step = work.next();
    while (!step.done) step = work.next();
    return step.value;
  };
  expect(run(100)).toEqual({ x: Float64Array.of(4, 4), value: 84 });
  expect(seen[0]).toEqual(Float64Array.of(-8, 4));
  for (const [i, x] of seen.slice(1).entries()) expect(Math.abs(x[0]! - seen[i]![0]!)).toBeLessThanOrEqual(0.5);
  seen.length = 0;
  run(7);
  expect(seen.length).toBe(7);
});
