import { expect, test } from "vitest";
import { Encloser } from "../../src/evaluate/enclosure.ts";
import { type Metric, MetricEvaluator } from "../../src/evaluate/metric.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { costMatrix } from "../../src/index.ts";
import { RegionFinder } from "../../src/inner/region.ts";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena, type Pointer } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, kinds } from "../reference/example-problem.ts";

// Columns far from 0 and validation rows far from all others. What a minimizer is and errs there is known from the same rows
// near 0: shifted by whole numbers they are what they were, exactly.

/** Dense rows as CSR, zeros left out. */
function compressed(values: Float64Array, columns: number): Rows["x"] {
  const places = [...values.keys()].filter((at) => values[at] !== 0);
  const starts = new Int32Array(values.length / columns + 1);
  for (const at of places) starts[Math.floor(at / columns) + 1]!++;
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
  const indices = Int32Array.from(places, (at) => at % columns);
  return { kind: "csr", values: Float64Array.from(places, (at) => values[at]!), indices, starts };
}

interface Place {
  /** Added to every other column. */
  readonly shift: number;
  /** What every third validation row is multiplied by. */
  readonly scale: number;
  readonly sparse: boolean;
}

function settingOf(seed: number, arena: Arena<ReturnType<typeof kernels>>, { shift, scale, sparse }: Place) {
  const random = new Random(seed, 7);
  const model = kinds[seed % 3]!;
  const classes = model === "softmax" ? 2 + random.below(3) : 2;
  const columns = 2 + random.below(4);
  const rows = 30 + random.below(30);
  const { outputs, targets, dataset } = exampleProblem(model, 2 * rows, columns, classes, seed);
  const near = (dataset.x.values as Float64Array).map((value, at) => {
    const far = at >= rows * columns && Math.floor(at / columns) % 3 === 0 ? scale : 1;
    const absent = sparse && at % columns > 0 && at % 3 === 0; // of CSR, where it is 0
    return absent ? 0 : Math.round(0.4 * 2 ** 16 * value * far) / 2 ** 16;
  });
  const term = { min: 1e-9, max: 10 };
  const l1 = random.uniform() < 0.5 ? { l1: { kind: "l1" as const, ...term } } : {};
  const space = new FeatureSpace({ l2: { kind: "l2", ...term }, ...l1 }, model);
  const lambda = space.normalize(
    space.features.map(({ kind }) => (kind === "l1" ? 0.01 : kind === "l2" ? 10 ** (-3 * random.uniform() - 0.5) : 1)),
  );
  const part = (from: number, by: number) => {
    const values = near
      .slice(from * columns, (from + rows) * columns)
      .map((x, at) => ((at % columns) % 2 ? x : x + by));
    const x: Rows["x"] = sparse ? compressed(values, columns) : { kind: "dense", values };
    return {
      model,
      outputs,
      precision: "f64" as const,
      targets: targets.slice(from, from + rows),
      dataset: { rows, columns, x },
    };
  };
  const opened = (by: number) => ({
    train: new Objective(arena, { ...part(0, by), ...space.structure }),
    validation: new Objective(arena, part(rows, by)),
  });
  const costs = { 0: { 1: 3 } };
  const names: Metric[] =
    model === "squared"
      ? ["mean-squared-error"]
      : ["log-loss", "error-rate", "balanced-error", "macro-f1", "worst-group-error", "auc"];
  if (model !== "squared") names.push(costMatrix(costs), costMatrix(costs, { decision: "least-expected-cost" }));
  const judging = part(rows, 0);
  const groups = Int32Array.from({ length: rows }, (_, i) => i % 2);
  const labels = model === "squared" ? undefined : Array.from({ length: classes }, (_, c) => c);
  const rowsOf = { ...judging.dataset, y: judging.targets, groups };
  const metrics = names.map(
    (name) => new MetricEvaluator(arena, name, model, rowsOf, judging.targets, outputs, labels),
  );
  return { space, lambda, metrics, near: opened(0), far: opened(shift) };
}

/** Models on the way to the minimizer, the last of them. */
function modelsOf(arena: Arena<ReturnType<typeof kernels>>, train: Objective, tolerance: number): Float64Array[] {
  const solver = new Solver(arena, train, { tolerance });
  const look = () => arena.viewF64(solver.theta, train.thetaCount).slice();
  const seen: Float64Array[] = [];
  solver.start(0);
  for (let i = 0; i < 4000 && solver.status === "running"; i++) {
    if (i === 4 || i === 10) seen.push(look());
    solver.step(1);
  }
  if (tolerance < 1e-10 && !(solver.residual < 1e-10)) return []; // now and then rounding ends it early: no yardstick
  return [...seen, look()];
}

function ended<T>(work: Generator<void, T>): T {
  while (true) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

const places = [1e3, 1e6, 2 ** 30].flatMap((shift) =>
  [1, 1e3, 1e6].flatMap((scale) => [false, true].map((sparse): Place => ({ shift, scale, sparse }))),
);

test.each(places)("columns at $shift, rows at $scale, sparse $sparse: errors are within their bounds", (place) => {
  let [studies, closed] = [0, 0];
  const outside: unknown[] = [];
  for (let seed = 1; studies < 30; seed++) {
    const arena = new Arena(kernels());
    const { space, lambda, metrics, near, far } = settingOf(seed, arena, place);
    for (const { train } of [near, far]) train.setWeights(space.termWeights(lambda));
    const minimizer = modelsOf(arena, near.train, 1e-13).at(-1);
    if (minimizer) {
      studies++;
      const { outputs, rows, columns } = near.validation;
      const scores: Pointer = arena.f64(outputs * rows);
      near.validation.scores(arena.copy(minimizer), scores, "f64");
      const errors = metrics.map((metric) => metric.evaluate(scores));
      const finder = new RegionFinder(arena, space, far.train);
      for (const theta of modelsOf(arena, far.train, 1e-6)) {
        const region = ended(finder.find(lambda, arena.copy(theta)));
        const middle = arena.viewF64(region.theta, outputs * columns).slice();
        // Scores, and so gradients, are rounded to 1e-7 where columns are at 2^30: over 2μ ≥ 6e-4 that is up to 2e-4.
        const rounded = Math.max(1e-6, 1e-14 * place.shift);
        expect(Math.hypot(...middle.map((w, at) => w - minimizer[at]!))).toBeLessThan(region.radius + rounded);
        for (const [m, metric] of metrics.entries()) {
          const { lower, upper } = new Encloser(arena, metric, far.validation).enclose(region);
          const rounding = 1e-6 * (1 + Math.abs(errors[m]!));
          const within = lower <= errors[m]! + rounding && upper >= errors[m]! - rounding;
          if (!within) outside.push({ seed, metric: m, lower, upper, error: errors[m] });
          if (upper - lower < 0.1 * errors[m]!) closed++;
        }
      }
    }
    arena.dispose();
  }
  expect(outside).toEqual([]);
  if (place.shift < 1e9) expect(closed).toBeGreaterThan(100);
});
