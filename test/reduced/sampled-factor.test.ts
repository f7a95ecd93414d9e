import { describe, expect, test } from "vitest";
import { dense } from "../../src/data/dataset.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { classWeights, type Features, l1, l2 } from "../../src/index.ts";
import { Objective } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { ReducedModel } from "../../src/reduced/reduced-model.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, type Problem } from "../reference/example-problem.ts";

const CLASSES = 4;
const CAPACITY = 6;
const LENGTH = CLASSES * CAPACITY;

type Order = "mixed" | "sorted" | "cycle" | "rare";

/** Rows of four classes, as they come, sorted by class, class after class in turn, or with a class of 5 rows at the end. */
function rowsInOrder(rows: number, order: Order): Problem {
  const problem = exampleProblem("softmax", rows, 7, CLASSES);
  const rank = (i: number) => problem.targets[i]! * (order === "mixed" ? 0 : 1);
  let chosen = Array.from({ length: rows }, (_, i) => i).sort((i, j) => rank(i) - rank(j));
  if (order === "cycle") {
    const of = Array.from({ length: CLASSES }, (_, c) => chosen.filter((i) => problem.targets[i] === c));
    const least = Math.min(...of.map(({ length }) => length));
    chosen = Array.from({ length: least * CLASSES }, (_, i) => of[i % CLASSES]![Math.floor(i / CLASSES)]!);
  }
  if (order === "rare") {
    const last = chosen.filter((i) => problem.targets[i] === CLASSES - 1).slice(0, 5);
    chosen = [...chosen.filter((i) => problem.targets[i] !== CLASSES - 1), ...last];
  }
  const values = problem.dataset.x.values;
  return {
    ...problem,
    targets: Float64Array.from(chosen, (i) => problem.targets[i]!),
    dataset: {
      rows: chosen.length,
      columns: 7,
      x: { kind: "dense", values: Float64Array.from(chosen.flatMap((i) => [...values.subarray(7 * i, 7 * i + 7)])) },
    },
  };
}

/** A span of four models over so many rows, solved for. */
function span(rows: number, order: Order, features: Features = { l1: l1(), l2: l2() }) {
  const arena = new Arena(kernels());
  const space = new FeatureSpace(features, "softmax");
  const problem = rowsInOrder(rows, order);
  const train = new Objective(arena, { ...problem, precision: "f64", ...space.structure });
  const validation = new Objective(arena, { ...exampleProblem("softmax", 50, 7, CLASSES, 2), precision: "f64" });
  const reduced = new ReducedModel(arena, space, train, validation, CAPACITY);
  const random = new Random(9, 2);
  for (let i = 0; i < 4; i++) {
    reduced.add(arena.copy(Float64Array.from({ length: train.thetaCount }, () => 0.3 * random.normal())));
  }
  const lambda = space.normalize(Float64Array.from(space.names, (_, j) => (space.data[j] ? 1 : 0.01)));
  reduced.setSmoothing(0.05);
  reduced.solve(lambda);
  arena.kernels.reducedSolve(reduced.pointer, reduced.coefficients, false, 1e-13, 50);
  const draw = () => {
    const b = arena.f64(LENGTH);
    const v = Float64Array.from({ length: LENGTH }, (_, i) => (i % CAPACITY < 5 ? random.normal() : 0));
    arena.kernels.reducedHessian(reduced.pointer, arena.copy(v), b);
    return b;
  };
  return { arena, reduced, space, lambda, draw };
}

/** ‖b − Hx‖/‖b‖. */
function residual({ arena, reduced }: ReturnType<typeof span>, b: number, x: number): number {
  const out = arena.f64(LENGTH);
  arena.kernels.reducedHessian(reduced.pointer, x, out);
  const [right, product] = [b, out].map((pointer) => arena.viewF64(pointer, LENGTH));
  return Math.hypot(...right!.map((value, i) => value - product![i]!)) / Math.hypot(...right!);
}

test("a factor of all rows answers without a product, that of a sample with few", () => {
  const all = span(4000, "mixed");
  const k = all.arena.kernels;
  const b = all.draw();
  const x = all.arena.f64(LENGTH);
  k.reducedFactor(all.reduced.pointer, true);
  expect(k.reducedSolveLinear(all.reduced.pointer, b, x, 1e-12, 40)).toBe(0);
  expect(residual(all, b, x)).toBeLessThan(1e-10);
  k.reducedFactor(all.reduced.pointer, false);
  expect(Boolean(k.reducedWhole(all.reduced.pointer))).toBe(true);
  const products = k.reducedSolveLinear(all.reduced.pointer, b, x, 1e-8, 40);
  expect(products).toBeGreaterThan(1);
  expect(residual(all, b, x)).toBeLessThan(1e-6);
  all.arena.dispose();
});

describe.each<Order>(["mixed", "sorted", "cycle", "rare"])("rows that come %s", (order) => {
  test("are told by a sample: systems of their Hessian take few products, for a small share of the work", () => {
    const rows = span(4000, order);
    const k = rows.arena.kernels;
    const x = rows.arena.f64(LENGTH);
    const before = rows.reduced.passes;
    k.reducedFactor(rows.reduced.pointer, false);
    const sampled = rows.reduced.passes - before;
    k.reducedFactor(rows.reduced.pointer, true);
    expect(sampled).toBeLessThan(0.3 * (rows.reduced.passes - before - sampled));
    k.reducedFactor(rows.reduced.pointer, false);
    for (let i = 0; i < 5; i++) {
      const b = rows.draw();
      expect(k.reducedSolveLinear(rows.reduced.pointer, b, x, 0.03, 40)).toBeLessThanOrEqual(4);
    }
    rows.arena.dispose();
  });
});

test("rows whose weight is next to nothing are not drawn in place of those that have one", () => {
  const { dataset, targets } = rowsInOrder(4000, "sorted");
  const x = Float64Array.from(dataset.x.values);
  const rows = span(4000, "sorted", { ...classWeights(dense({ x, columns: 7, y: targets })), l2: l2() });
  const { space, reduced } = rows;
  const lambda = Float64Array.from(space.names, (_, j) => (space.data[j] ? (j === 0 ? 1 : 1e-6) : 1e-3));
  reduced.solve(space.normalize(lambda));
  const k = rows.arena.kernels;
  k.reducedFactor(reduced.pointer, false);
  expect(k.reducedSolveLinear(reduced.pointer, rows.draw(), rows.arena.f64(LENGTH), 0.03, 40)).toBeLessThanOrEqual(6);
  rows.arena.dispose();
});

test("directions found ahead for several systems solve each, and a sum of two that is among them costs none", () => {
  const rows = span(4000, "mixed");
  const { arena, reduced } = rows;
  const k = arena.kernels;
  const [one, two] = [rows.draw(), rows.draw()].map((b) => arena.viewF64(b, LENGTH).slice());
  const all = arena.copy(Float64Array.from([...one!, ...two!, ...one!.map((value, i) => value + two![i]!)]));
  k.reducedFactor(reduced.pointer, false);
  const spent = k.reducedSolveAhead(reduced.pointer, 3, all, 1e-4);
  expect(spent).toBeGreaterThan(3);
  const x = arena.f64(LENGTH);
  for (let j = 0; j < 3; j++) {
    const b = arena.copy(arena.viewF64(all + 8 * LENGTH * j, LENGTH).slice());
    expect(k.reducedSolveNext(reduced.pointer, b, x, 1e-4, 40)).toBe(0);
    expect(residual(rows, b, x)).toBeLessThan(1e-2);
  }
  arena.dispose();
});

test("the same rows give the same bits", () => {
  const bits = [0, 1].map(() => {
    const rows = span(4000, "mixed");
    const found = rows.arena.viewF64(rows.reduced.coefficients, LENGTH).slice();
    rows.arena.dispose();
    return found;
  });
  expect(bits[1]).toEqual(bits[0]);
});
