import { expect, test } from "vitest";
import { FeatureSpace } from "../../src/features/space.ts";
import { RegionFinder } from "../../src/inner/region.ts";
import { Solver } from "../../src/inner/solver.ts";
import { Objective } from "../../src/models/objective.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";

test.each([0.03, 0.1, 0.3])(
  "of a rare class under a heavy ridge, weights %f away: intercepts go nearly as far as they may",
  (away) => {
    // Rows at ±1, every fiftieth of them of class 1 on either side: the curvature of all rows is the same and changes in the
    // same way, so that the bound of second order is nearly reached; a heavy ridge has the minimizer at the ball's far end.
    using arena = new Arena(kernels());
    const rows = 200;
    const values = Float64Array.from({ length: rows }, (_, i) => (i % 2 ? 1 : -1));
    const targets = Float64Array.from({ length: rows }, (_, i) => (i % 100 < 2 ? 1 : 0));
    const space = new FeatureSpace({ l2: { kind: "l2", min: 1e-9, max: 10 } }, "logistic");
    const dataset = { rows, columns: 1, x: { kind: "dense" as const, values } };
    const train = new Objective(arena, {
      ...space.structure,
      model: "logistic",
      dataset,
      targets,
      outputs: 1,
      precision: "f64",
    });
    const lambda = space.normalize(Float64Array.of(1, 10));
    train.setWeights(space.termWeights(lambda));
    const solver = new Solver(arena, train, { tolerance: 1e-13 });
    solver.start(0);
    solver.step(1000);
    const [weight, intercept] = arena.viewF64(solver.theta, 2);
    const finder = new RegionFinder(arena, space, train);
    const work = finder.find(lambda, arena.copy(Float64Array.of(weight! + away, intercept!)));
    let step = work.next();
    while (!step.done) step = work.next();
    const region = step.value;
    const [middle, shifted] = arena.viewF64(region.theta, 2);
    const [centre] = arena.viewF64(region.centre, 1);
    expect(Math.abs(weight! - middle!)).toBeLessThanOrEqual(region.radius * (1 + 1e-9));
    const beta = Math.abs(intercept! - shifted! + (weight! - middle!) * centre!);
    const most = region.drift * region.intercepts!.pair(0, 0);
    expect(beta).toBeLessThanOrEqual(most * (1 + 1e-9));
    expect(beta).toBeGreaterThan(0.6 * most);
  },
);
