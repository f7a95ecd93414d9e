import { expect, test } from "vitest";
import { Encloser } from "../../src/evaluate/enclosure.ts";
import { type Metric, MetricEvaluator } from "../../src/evaluate/metric.ts";
import { costMatrix } from "../../src/index.ts";
import { InterceptMetric } from "../../src/inner/intercept-metric.ts";
import type { Region } from "../../src/inner/region.ts";
import type { ModelKind } from "../../src/models/model-kind.ts";
import { Objective } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { kinds } from "../reference/example-problem.ts";

// Minimizers keep well within their regions, so that bounds may be much too narrow and hold of them all the same. These
// regions are made by hand, and models are where they move a score or the loss the most: some bounds are then reached.

type Memory = Arena<ReturnType<typeof kernels>>;

/** Rows that judge, a few or one alone, which shows the bounds of a row as they are; and what judges by them. */
function judged(arena: Memory, random: Random, model: ModelKind) {
  const rows = [1, 2, 6, 20][random.below(4)]!;
  const columns = 1 + random.below(3);
  const classes = model === "softmax" ? 2 + random.below(3) : 2;
  const outputs = model === "softmax" ? classes : 1;
  const values = Float64Array.from({ length: rows * columns }, () => 1 + random.normal());
  const targets = Float64Array.from({ length: rows }, () =>
    model === "squared" ? random.normal() : random.below(classes),
  );
  const weights = random.uniform() < 0.5 ? Float64Array.from(targets, () => 0.1 + random.uniform()) : undefined;
  const dataset = { rows, columns, x: { kind: "dense" as const, values }, ...(weights ? { weights } : {}) };
  const validation = new Objective(arena, { model, dataset, targets, outputs, precision: "f64" });
  const costs = { 0: { 1: 3 } };
  const names: Metric[] = ["log-loss", "error-rate", "balanced-error", "macro-f1", "worst-group-error", "auc"];
  names.push(costMatrix(costs), costMatrix(costs, { decision: "least-expected-cost" }));
  const judging = { ...dataset, y: targets, groups: Int32Array.from(targets, (_, i) => i % 2) };
  const labels = model === "squared" ? undefined : Array.from({ length: classes }, (_, c) => c);
  const metrics = (model === "squared" ? (["mean-squared-error"] as const) : names).map(
    (name) => new MetricEvaluator(arena, name, model, judging, targets, outputs, labels),
  );
  return { validation, values, metrics };
}

/** A region around a model with scores near a tie or far from it; now of weights alone, now of intercepts alone. */
function regionOf(arena: Memory, random: Random, { outputs, columns, thetaCount }: Objective): Region {
  const spread = 10 ** (-2 + 2.5 * random.uniform());
  const size = () => 10 ** (-2.5 + 3 * random.uniform());
  const which = random.below(3);
  // A of a few rows: their Hessians in the intercepts.
  const curvature = new Float64Array(outputs * outputs);
  for (let i = 0; i < 5; i++) {
    const shares = Array.from({ length: outputs }, () => 0.1 + random.uniform());
    const total = outputs === 1 ? 2 : shares.reduce((sum, p) => sum + p, 0);
    for (let c = 0; c < outputs; c++) {
      for (let k = 0; k < outputs; k++)
        curvature[c * outputs + k]! += ((c === k ? 1 : 0) - shares[k]! / total) * (shares[c]! / total);
    }
  }
  return {
    theta: arena.copy(Float64Array.from({ length: thetaCount }, () => spread * random.normal())),
    centre: arena.copy(Float64Array.from({ length: columns }, () => 1 + random.normal())),
    radius: which === 0 ? 0 : size(),
    drift: which === 1 ? 0 : size(),
    intercepts: which === 1 ? undefined : new InterceptMetric(curvature, outputs),
  };
}

/** Slopes of something in W, on columns measured from `centre`, and in the intercepts. */
interface Slopes {
  readonly weights: Float64Array;
  readonly intercepts: Float64Array;
}

/** Of every row's score, or differences of scores, and of the loss; up and down. */
function slopesOf(
  arena: Memory,
  { validation, values }: ReturnType<typeof judged>,
  { theta, centre }: Region,
): Slopes[] {
  const { outputs, columns, rows, thetaCount } = validation;
  const middle = arena.viewF64(centre, columns).slice();
  const slopes: Slopes[] = [];
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < outputs; c++) {
      for (let k = 0; k < outputs; k++) {
        if (c === k && outputs > 1) continue;
        const intercepts = Float64Array.from({ length: outputs }, (_, o) => (o === c ? 1 : o === k ? -1 : 0));
        slopes.push({
          weights: Float64Array.from(
            { length: outputs * columns },
            (_, at) =>
              intercepts[Math.floor(at / columns)]! * (values[i * columns + (at % columns)]! - middle[at % columns]!),
          ),
          intercepts,
        });
      }
    }
  }
  const gradient = arena.f64(thetaCount);
  validation.gradient(theta, gradient, "f64");
  const whole = arena.viewF64(gradient, thetaCount).slice();
  const intercepts = whole.slice(outputs * columns);
  const weights = whole
    .subarray(0, outputs * columns)
    .map((g, at) => g - intercepts[Math.floor(at / columns)]! * middle[at % columns]!);
  slopes.push({ weights, intercepts });
  return slopes.flatMap((one) => [
    one,
    { weights: one.weights.map((g) => -g), intercepts: one.intercepts.map((g) => -g) },
  ]);
}

/** θ of the model of a region where a sum with these slopes is largest. */
function farthest(
  arena: Memory,
  region: Region,
  { outputs, columns, thetaCount }: Objective,
  slopes: Slopes,
): Float64Array {
  const theta = arena.viewF64(region.theta, thetaCount).slice();
  const centre = arena.viewF64(region.centre, columns);
  const norm = Math.hypot(...slopes.weights) || 1;
  for (const [at, slope] of slopes.weights.entries()) {
    const step = (region.radius * slope) / norm;
    theta[at]! += step;
    theta[outputs * columns + Math.floor(at / columns)]! -= step * centre[at % columns]!;
  }
  const dual = region.intercepts?.dual(slopes.intercepts) || 1;
  const steps = region.intercepts?.solve(slopes.intercepts) ?? [];
  for (const [c, step] of steps.entries()) theta[outputs * columns + c]! += (region.drift * step) / dual;
  return theta;
}

test.each(kinds)("%s: errors on the boundary of a region are within their bounds, whichever way", (model) => {
  const random = new Random(3);
  const outside: unknown[] = [];
  /** Metrics of which a bound was reached: these are as narrow as can be. */
  const reached = new Set<number>();
  for (let trial = 0; trial < 300; trial++) {
    using arena = new Arena(kernels());
    const setting = judged(arena, random, model);
    const { validation, metrics } = setting;
    const region = regionOf(arena, random, validation);
    const bounds = metrics.map((metric) => new Encloser(arena, metric, validation).enclose(region));
    const scores = arena.f64(validation.outputs * validation.rows);
    const theta = arena.f64(validation.thetaCount);
    for (const slopes of slopesOf(arena, setting, region)) {
      arena.viewF64(theta, validation.thetaCount).set(farthest(arena, region, validation, slopes));
      validation.scores(theta, scores, "f64");
      for (const [m, metric] of metrics.entries()) {
        const error = metric.evaluate(scores);
        if (Number.isNaN(error)) continue; // AUC of one class
        const { lower, upper } = bounds[m]!;
        const rounding = 1e-12 * (1 + error);
        if (!(lower <= error + rounding && error - rounding <= upper))
          outside.push({ trial, metric: m, lower, upper, error });
        if (lower < upper && (error <= lower + 1e-9 || error >= upper - 1e-9)) reached.add(m);
      }
    }
  }
  expect(outside.slice(0, 3)).toEqual([]);
  expect([...reached].sort()).toEqual([...(model === "squared" ? [0] : [0, 1, 2, 3, 4, 5, 6, 7])]);
});
