import { expect, test } from "vitest";
import { FeatureSpace } from "../../src/features/space.ts";
import { convexPenalty, type Features, groupNorm, l1, l2 } from "../../src/index.ts";
import { Objective } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { ReducedModel } from "../../src/reduced/reduced-model.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem } from "../reference/example-problem.ts";

const spaces: readonly (readonly [string, Features])[] = [
  ["l1 and l2", { l1: l1(), l2: l2() }],
  ["group norm", { groupNorm: groupNorm() }],
  ["groups of columns, l1 and l2", { norm: groupNorm({ groups: [0, 0, 1, 2, 1, 2, 2] }), l1: l1(), l2: l2() }],
  ["convex penalty and group norm", { ...convexPenalty({ knots: 3, largest: 0.4 }), groupNorm: groupNorm() }],
];

/** A span of a few random models of a problem, as training and validation rows see it. */
function reducedModel(features: Features) {
  const arena = new Arena(kernels());
  const space = new FeatureSpace(features, "softmax");
  const problem = exampleProblem("softmax", 60, 7, 3);
  const train = new Objective(arena, { ...problem, precision: "f64", ...space.structure });
  const validation = new Objective(arena, { ...exampleProblem("softmax", 50, 7, 3, 2), precision: "f64" });
  const reduced = new ReducedModel(arena, space, train, validation, 6);
  const random = new Random(9, 2);
  for (let i = 0; i < 4; i++) {
    reduced.add(arena.copy(Float64Array.from({ length: train.thetaCount }, () => 0.3 * random.normal())));
  }
  reduced.setSmoothing(0.05);
  return { arena, space, reduced, train, random, length: 3 * 6, thetaCount: train.thetaCount };
}

test.each(spaces)("%s: φ of a virtual model is that of its weights", (_, features) => {
  const { arena, space, reduced, train, thetaCount } = reducedModel(features);
  const lambda = space.normalize(Float64Array.from(space.names, (_, j) => (space.data[j] ? 1 : 0.03)));
  reduced.solve(lambda);
  const phi = reduced.features()!;
  const theta = arena.f64(thetaCount);
  reduced.expand(theta);
  train.setWeights(space.termWeights(lambda));
  train.gradient(theta, 0);
  const expected = space.phi({ groupLosses: train.groupLosses(), ...train.penalties(theta) });
  for (const [j, value] of phi.entries()) expect(Math.abs(value - expected[j]!)).toBeLessThan(1e-12);
  reduced.project(theta);
  expect(reduced.features()).toBeUndefined();
  arena.dispose();
});

test.each(spaces)("%s: gradient and Hessian of the loss over the span are its central differences", (_, features) => {
  const { arena, space, reduced, random, length } = reducedModel(features);
  const k = arena.kernels;
  reduced.solve(space.normalize(Float64Array.from(space.names, (_, j) => (space.data[j] ? 1 : 0.03))));
  const at = Float64Array.from({ length }, (_, i) => (i % 6 < 5 ? 0.3 * random.normal() : 0));
  const gradientAt = (a: Float64Array) => {
    const out = arena.f64(length);
    const value = k.reducedGradient(reduced.pointer, arena.copy(a), out);
    return { value, gradient: arena.viewF64(out, length).slice() };
  };
  const { gradient } = gradientAt(at);
  const h = 1e-5;
  for (let i = 0; i < length; i++) {
    if (i % 6 === 5) continue;
    const up = gradientAt(at.with(i, at[i]! + h));
    const down = gradientAt(at.with(i, at[i]! - h));
    expect(gradient[i]!).toBeCloseTo((up.value - down.value) / (2 * h), 7);
    gradientAt(at);
    const product = arena.f64(length);
    k.reducedHessian(reduced.pointer, arena.copy(new Float64Array(length).fill(0).with(i, 1)), product);
    for (const [j, value] of arena.viewF64(product, length).entries()) {
      if (j % 6 < 5) expect(value).toBeCloseTo((up.gradient[j]! - down.gradient[j]!) / (2 * h), 6);
    }
  }
  arena.dispose();
});

test.each(spaces)(
  "%s: de/dlog λ by tangents and by the adjoint is the difference of validation losses of solved λ",
  (_, features) => {
    const { arena, space, reduced } = reducedModel(features);
    const lambda = space.normalize(Float64Array.from(space.names, (_, j) => (space.data[j] ? 1 : 0.03 * (1 + j))));
    const solved = (to: Float64Array) => {
      reduced.solve(to);
      arena.kernels.reducedSolve(reduced.pointer, reduced.coefficients, false, 1e-14, 50); // to rounding
      return reduced.validationLoss().value;
    };
    solved(lambda);
    const length = reduced.outputs * reduced.capacity;
    const tangents = arena.f64(length * space.size);
    const every = space.names.map((_, j) => j);
    for (const _ of reduced.tangents(lambda, every, tangents));
    const { gradient } = reduced.validationLoss();
    const slopes = every.map((j) => arena.kernels.dot(length, tangents + 8 * length * j, gradient));
    const h = 1e-3;
    for (let j = 0; j < space.size; j++) {
      if (space.data[j]) continue;
      const up = solved(lambda.with(j, lambda[j]! * Math.exp(h)));
      const down = solved(lambda.with(j, lambda[j]! * Math.exp(-h)));
      expect(Math.abs(slopes[j]! - (up - down) / (2 * h))).toBeLessThan(0.06 * Math.max(...slopes.map(Math.abs)));
    }
    arena.dispose();
  },
);

test("without kinks, the slope by the adjoint is that by the tangents", () => {
  const { arena, space, reduced, thetaCount } = reducedModel({ l2: l2() });
  const lambda = space.normalize(Float64Array.of(1, 0.03));
  reduced.solve(lambda);
  arena.kernels.reducedSolve(reduced.pointer, reduced.coefficients, false, 1e-14, 50);
  const length = reduced.outputs * reduced.capacity;
  const tangents = arena.f64(length * 2);
  for (const _ of reduced.tangents(lambda, [0, 1], tangents));
  const { gradient } = reduced.validationLoss();
  const byTangents = [0, 1].map((j) => arena.kernels.dot(length, tangents + 8 * length * j, gradient));
  const theta = arena.f64(thetaCount);
  const adjoint = arena.f64(thetaCount);
  reduced.expand(theta);
  reduced.adjoint(lambda, adjoint);
  const byAdjoint = reduced.slope(lambda, theta, adjoint);
  for (const [j, slope] of byTangents.entries()) {
    expect(Math.abs(byAdjoint[j]! - slope)).toBeLessThan(0.05 * Math.max(...byTangents.map(Math.abs)));
  }
  // e does not change when λ is scaled.
  expect(Math.abs(byAdjoint[0]! + byAdjoint[1]!)).toBeLessThan(0.05 * Math.abs(byAdjoint[1]!));
  arena.dispose();
});

test("a span that was cleared is that of the models that joined since", () => {
  const { arena, space, reduced, thetaCount } = reducedModel({ l1: l1(), l2: l2() });
  const fresh = reducedModel({ l1: l1(), l2: l2() });
  const lambda = space.normalize([1, 0.02, 0.03]);
  reduced.solve(lambda);
  reduced.clear();
  fresh.reduced.clear();
  expect(reduced.size).toBe(1);
  const random = new Random(5, 2);
  const model = Float64Array.from({ length: thetaCount }, () => 0.3 * random.normal());
  for (const { reduced: span, arena: memory } of [{ reduced, arena }, fresh]) {
    span.add(memory.copy(model));
    expect(span.size).toBe(2);
    span.project(memory.copy(model));
  }
  const expanded = arena.f64(thetaCount);
  reduced.expand(expanded);
  const back = arena.viewF64(expanded, thetaCount);
  for (const [i, value] of model.entries()) expect(back[i]!).toBeCloseTo(value, 12);
  expect(reduced.solve(lambda)).toBeCloseTo(fresh.reduced.solve(lambda), 10);
  arena.dispose();
  fresh.arena.dispose();
});

test("models that join with their scores make the span that they make without, a full one too", () => {
  const [plain, scored] = [reducedModel({ l1: l1(), l2: l2() }), reducedModel({ l1: l1(), l2: l2() })];
  const random = new Random(6, 2);
  const { space, thetaCount } = plain;
  const problem = exampleProblem("softmax", 60, 7, 3);
  const objective = new Objective(scored.arena, { ...problem, precision: "f64", ...space.structure });
  const lambda = space.normalize([1, 0.02, 0.03]);
  for (let i = 0; i < 4; i++) {
    const model = Float64Array.from({ length: thetaCount }, () => 0.3 * random.normal());
    plain.reduced.add(plain.arena.copy(model));
    const theta = scored.arena.copy(model);
    const scoring = scored.reduced.addScored(theta, function* (out) {
      objective.scores(theta, out);
      yield;
    });
    for (const _ of scoring);
    expect(scored.reduced.size).toBe(plain.reduced.size);
    expect(scored.reduced.solve(lambda)).toBeCloseTo(plain.reduced.solve(lambda), 10);
    expect(scored.reduced.validationLoss().value).toBeCloseTo(plain.reduced.validationLoss().value, 8);
  }
  const theta = scored.arena.f64(thetaCount);
  const expected = scored.arena.f64(180);
  scored.reduced.expand(theta);
  objective.scores(theta, expected);
  const known = scored.reduced.trainingScores();
  for (const [i, score] of scored.arena.viewF64(known, 180).entries()) {
    expect(score).toBeCloseTo(scored.arena.viewF64(expected, 180)[i]!, 10);
  }
  plain.arena.dispose();
  scored.arena.dispose();
});

test("systems of one Hessian are solved along the directions of those before: a sum of two costs no product", () => {
  const { arena, space, reduced, random, length } = reducedModel({ l1: l1(), l2: l2() });
  const k = arena.kernels;
  const lambda = space.normalize([1, 0.02, 0.03]);
  reduced.solve(lambda);
  // In the range of the Hessian: softmax does not see all intercepts move alike.
  const draw = () => {
    const b = arena.f64(length);
    const v = Float64Array.from({ length }, (_, i) => (i % 6 < 5 ? random.normal() : 0));
    k.reducedHessian(reduced.pointer, arena.copy(v), b);
    return arena.viewF64(b, length).slice();
  };
  const [one, two] = [draw(), draw()];
  const sum = one.map((value, i) => value + two[i]!);
  const [x, alone] = [arena.f64(length), arena.f64(length)];
  const products = [one, two, sum].map((right) => {
    const b = arena.copy(right);
    const spent = k.reducedSolveNext(reduced.pointer, b, x, 1e-7, 60);
    const [next, plain] = [arena.viewF64(x, length).slice(), arena.viewF64(alone, length)];
    expect(k.reducedSolveLinear(reduced.pointer, b, alone, 1e-9, 60)).toBeGreaterThan(2);
    for (const [i, value] of next.entries()) expect(value).toBeCloseTo(plain[i]!, 4);
    return spent;
  });
  expect(products[0]).toBeGreaterThan(2);
  expect(products[2]).toBe(0);
  // At another point it is another Hessian.
  reduced.solve(space.normalize([1, 0.2, 0.03]));
  expect(k.reducedSolveNext(reduced.pointer, arena.copy(sum), x, 1e-7, 60)).toBeGreaterThan(2);
  arena.dispose();
});

test("of sparse rows, columns that no model has a weight of are left out of the span's work, whatever the order they join in", () => {
  const features = convexPenalty({ knots: 3, largest: 0.4 });
  const space = new FeatureSpace(features, "softmax");
  const problem = exampleProblem("softmax", 60, 7, 3);
  const rows = 60;
  const columns = 70;
  // Ten times as many columns, of which every tenth has values.
  const values = new Float64Array(rows * columns);
  for (const [i, value] of problem.dataset.x.values.entries()) values[10 * i] = value;
  const csr = {
    kind: "csr",
    values: Float64Array.from(problem.dataset.x.values),
    indices: Int32Array.from({ length: 420 }, (_, i) => 10 * (i % 7)),
    starts: Int32Array.from({ length: rows + 1 }, (_, i) => 7 * i),
  } as const;
  const lambda = space.normalize(Float64Array.from(space.names, (_, j) => (space.data[j] ? 1 : 0.02)));
  // Models of one more column each, the last first; none has one of the first.
  const models = [6, 3, 5, 1].map((last) => {
    const random = new Random(last, 2);
    const own = Array.from({ length: 21 }, (_, i) => (i % 7 === last || i % 7 === 6 ? 0.3 * random.normal() : 0));
    return Float64Array.from({ length: 3 * columns + 3 }, (_, i) =>
      i < 3 * columns && i % 10 === 0 ? own[i / 10]! : i < 3 * columns ? 0 : 0.1,
    );
  });
  const solved = [{ kind: "dense", values } as const, csr].map((x) => {
    using arena = new Arena(kernels());
    const options = { ...problem, dataset: { rows, columns, x }, precision: "f64", ...space.structure } as const;
    const train = new Objective(arena, options);
    const reduced = new ReducedModel(arena, space, train, new Objective(arena, options), 6);
    for (const model of models) reduced.add(arena.copy(model));
    reduced.setSmoothing(0.05);
    reduced.project(arena.copy(models[2]!));
    const [projected, theta, adjoint] = [0, 1, 2].map(() => arena.f64(train.thetaCount));
    reduced.expand(projected!);
    const value = reduced.solve(lambda);
    reduced.expand(theta!);
    reduced.adjoint(lambda, adjoint!);
    const slope = reduced.slope(lambda, theta!, adjoint!);
    const work = reduced.passes * (x.values.length + rows);
    const view = (pointer: number) => Array.from(arena.viewF64(pointer, train.thetaCount));
    return { numbers: [value, ...slope, ...view(projected!), ...view(theta!)], projected: view(projected!), work };
  });
  const [dense, sparse] = solved as [(typeof solved)[0], (typeof solved)[0]];
  for (const [i, number] of dense.numbers.entries()) expect(sparse.numbers[i]!).toBeCloseTo(number, 9);
  for (const [i, weight] of models[2]!.entries()) expect(sparse.projected[i]!).toBeCloseTo(weight, 12);
  // Four columns instead of 70, beside 60 rows.
  expect(sparse.work / dense.work).toBeLessThan(0.6);
});

test("a span of all columns loses no direction to models that have no weights, all or those of some outputs", () => {
  for (const scored of [false, true]) {
    const arena = new Arena(kernels());
    const space = new FeatureSpace({ l1: l1(), l2: l2() }, "softmax");
    const train = new Objective(arena, {
      ...exampleProblem("softmax", 60, 3, 3),
      precision: "f64",
      ...space.structure,
    });
    const other = new Objective(arena, { ...exampleProblem("softmax", 50, 3, 3, 2), precision: "f64" });
    const reduced = new ReducedModel(arena, space, train, other, 4);
    const random = new Random(4, 2);
    const model = (outputs: readonly number[]) =>
      Float64Array.from({ length: train.thetaCount }, (_, i) =>
        i >= 9 || outputs.includes(Math.floor(i / 3)) ? random.normal() : 0,
      );
    const add = (theta: Float64Array) => {
      const at = arena.copy(theta);
      if (!scored) return reduced.add(at);
      for (const _ of reduced.addScored(at, function* (out) {
        train.scores(at, out);
        yield;
      }));
    };
    const whole = model([0, 1, 2]);
    const all = [0, 1, 2];
    for (const theta of [whole, ...[all, all, [2], [], [1], [0, 2], []].map(model)]) add(theta);
    reduced.project(arena.copy(whole));
    const back = arena.f64(train.thetaCount);
    reduced.expand(back);
    expect(Array.from(arena.viewF64(back, train.thetaCount))).toEqual(
      Array.from(whole, (value) => expect.closeTo(value, 10)),
    );
    const expected = arena.f64(180);
    train.scores(back, expected);
    const known = arena.viewF64(reduced.trainingScores(), 180);
    for (const [i, score] of arena.viewF64(expected, 180).entries()) expect(known[i]!).toBeCloseTo(score, 9);
    arena.dispose();
  }
});

test("scores kept in the place of the span's residuals are forgotten once these are taken", () => {
  const { arena, space, reduced, train, thetaCount, random } = reducedModel({ l1: l1(), l2: l2() });
  const lambda = space.normalize([1, 0.02, 0.03]);
  const theta = arena.copy(Float64Array.from({ length: thetaCount }, () => 0.3 * random.normal()));
  const [gradient, out, expected] = [arena.f64(thetaCount), arena.f64(180), arena.f64(180)];
  reduced.keepScores();
  train.scores(theta, expected);
  for (let i = 0; i < 2; i++) {
    train.setWeights(space.termWeights(lambda));
    train.gradient(theta, gradient);
    expect(train.keptScores(theta, out)).toBe(true);
    // Softmax scores may be kept up to what all classes have in common.
    const [a, b] = [arena.viewF64(out, 180), arena.viewF64(expected, 180)];
    for (let e = 0; e < 120; e++) expect(a[e]! - a[e + 60]!).toBeCloseTo(b[e]! - b[e + 60]!, 10);
    reduced.solve(lambda);
    expect(train.keptScores(theta, out)).toBe(false);
  }
  arena.dispose();
});

test.each(spaces)(
  "%s: a solve that no step improves any more leaves φ and curvature of where it ends",
  (_, features) => {
    const { arena, space, reduced, length } = reducedModel(features);
    const k = arena.kernels;
    for (let i = 0; i < 8; i++) {
      const lambda = space.normalize(Float64Array.from(space.names, (_, j) => (space.data[j] ? 1 : 0.003 * 2 ** i)));
      reduced.solve(lambda);
      // To less than rounding: the last step finds nothing.
      k.reducedSolve(reduced.pointer, reduced.coefficients, false, 0, 100);
      const [gradient, product] = [arena.f64(length), arena.f64(length)];
      const v = arena.copy(Float64Array.from({ length }, (_, j) => (j % 6 < 5 ? Math.sin(j) : 0)));
      const look = () => {
        k.reducedHessian(reduced.pointer, v, product);
        return [...reduced.features()!, ...arena.viewF64(product, length)];
      };
      const left = look();
      k.reducedGradient(reduced.pointer, reduced.coefficients, gradient);
      expect(left).toEqual(look());
    }
    arena.dispose();
  },
);
