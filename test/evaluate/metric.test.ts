import { describe, expect, test } from "vitest";
import { MetricEvaluator } from "../../src/evaluate/metric.ts";
import {
  type CostMatrix,
  type Costs,
  classWeights,
  costMatrix,
  data,
  LinearModel,
  l2,
  type Metric,
  tune,
} from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";
import * as reference from "../reference/metrics.ts";

const code = (expected: string) => expect.objectContaining({ name: "LearnLossError", code: expected });

/** Random rows, some with ties in scores, zero weights, a group and sometimes a class without rows. */
function randomRows(seed: number, outputs: number, ties = true): reference.Judged {
  const random = new Random(seed, 31);
  const classes = Math.max(outputs, 2);
  const rows = 5 + random.below(40) + (seed % 3 === 0 ? 64 : 0);
  const indices = Array.from({ length: rows }, (_, i) => i);
  return {
    classes,
    scores: indices.map(() =>
      Array.from({ length: outputs }, () => (ties ? (random.below(9) - 4) / 2 : random.normal())),
    ),
    labels: indices.map(() => random.below(seed % 5 === 0 ? classes - 1 : classes)),
    weights: indices.map((i) => (i === 0 ? 1 : random.below(4) / 2)),
    groups: indices.map(() => [0, 1, 3][random.below(3)]!),
  };
}

function evaluate(metric: Metric, rows: reference.Judged, scores = rows.scores): number {
  const outputs = scores[0]!.length;
  const arena = new Arena(kernels());
  const dataset = data.dense({ x: scores.map(() => [0]), y: rows.labels, weights: rows.weights, groups: rows.groups });
  const model = outputs === 1 ? "logistic" : "softmax";
  const classes = Array.from({ length: rows.classes }, (_, c) => c);
  const evaluator = new MetricEvaluator(
    arena,
    metric,
    model,
    dataset,
    Float64Array.from(rows.labels),
    outputs,
    classes,
  );
  const layout = Array.from({ length: outputs }, (_, c) => scores.map((row) => row[c]!)).flat();
  const error = evaluator.evaluate(arena.copy(Float64Array.from(layout)));
  arena.dispose();
  return error;
}

const costs: Costs = { "0": { "1": 5 }, "1": { "0": 0.5, "1": 0.1 } };
const metrics: readonly (readonly [string, Metric, (rows: reference.Judged) => number])[] = [
  ["error-rate", "error-rate", reference.errorRate],
  ["balanced-error", "balanced-error", reference.balancedError],
  ["macro-f1", "macro-f1", reference.macroF1Error],
  ["worst-group-error", "worst-group-error", reference.worstGroupError],
  ["auc", "auc", reference.aucError],
  ["log-loss", "log-loss", reference.logLoss],
  ["costs by argmax", costMatrix(costs), (rows) => reference.meanCost(rows, costs, "argmax")],
  [
    "least expected cost",
    costMatrix(costs, { decision: "least-expected-cost" }),
    (rows) => reference.meanCost(rows, costs, "least-expected-cost"),
  ],
];

describe.each(metrics)("%s", (name, metric, expected) => {
  test.each([1, 2, 3, 7])("with %i outputs it is what the plain reference says", (outputs) => {
    for (let seed = 0; seed < 60; seed++) {
      // Expected costs and probabilities of tied scores differ by rounding alone.
      const rows = randomRows(seed, outputs, name !== "least expected cost" && !(name === "auc" && outputs > 1));
      expect(evaluate(metric, rows), `seed ${seed}`).toBeCloseTo(expected(rows), 12);
    }
  });

  test("a NaN among the scores makes it NaN, wherever it is", () => {
    for (const outputs of [1, 3]) {
      const rows = randomRows(3, outputs);
      for (const i of [0, 1, rows.scores.length - 1]) {
        for (let c = 0; c < outputs; c++) {
          const scores = rows.scores.map((row, k) => (k === i ? row.with(c, Number.NaN) : row));
          expect(evaluate(metric, { ...rows, weights: rows.weights.map(() => 1) }, scores)).toBeNaN();
        }
      }
    }
  });
});

describe("costs", () => {
  const train = blobs(120, 6, 3, 1, 2);
  const validation = blobs(200, 6, 3, 2, 2);
  const dear = costMatrix({ "0": { "1": 8, "2": 8 } });

  test("a matrix of zeros and ones is the error rate", () => {
    const rows = randomRows(1, 3);
    expect(evaluate(costMatrix({}), rows)).toBe(evaluate("error-rate", rows));
  });

  test("numbers may be written otherwise than in the data", () => {
    const rows = randomRows(1, 3);
    const other = costMatrix({ "0.0": { "1.0": 8, "2e0": 8 } });
    expect(evaluate(other, rows)).toBe(evaluate(dear, rows));
    expect(evaluate(dear, rows)).toBeGreaterThan(evaluate("error-rate", rows));
  });

  test("a dear mistake is made less often, by either decision, and predictions decide as the metric does", async () => {
    const setting = { model: "softmax", train, validation, features: { ...classWeights(train), l2: l2() } } as const;
    const missed = (labels: readonly unknown[]) =>
      labels.filter((label, i) => label !== 0 && validation.y[i] === 0).length;
    const model = ({ best }: Awaited<ReturnType<typeof tune>>) =>
      new LinearModel({ kind: "softmax", columns: 6, ...best });
    const costOf = (labels: readonly unknown[]) =>
      labels.reduce<number>(
        (sum, label, i) => sum + (label === validation.y[i] ? 0 : validation.y[i] === 0 ? 8 : 1),
        0,
      );
    const plain = await tune({ ...setting, metric: "error-rate" });
    const before = model(plain).predict(validation);
    for (const decision of ["argmax", "least-expected-cost"] as const) {
      const metric: CostMatrix = costMatrix(dear.costs, { decision });
      const result = await tune({ ...setting, metric });
      const after = model(result).predict(validation, metric);
      expect(result.metric).toBe("mean-cost");
      expect(result.best.error).toBeCloseTo(costOf(after) / validation.rows, 12);
      expect(costOf(after)).toBeLessThan(costOf(before));
      expect(missed(after)).toBeLessThan(missed(before));
    }
  });

  test("ties of expected costs are decided by predictions as by the metric", () => {
    const random = new Random(5, 1);
    const whole = (most: number) => Math.floor(random.uniform() * (most + 1));
    for (let set = 0; set < 200; set++) {
      const classes = 2 + whole(3);
      const labels = Array.from({ length: classes }, (_, c) => c);
      const table = labels.map((c) => [`${c}`, Object.fromEntries(labels.map((k) => [k, k === c ? 0 : whole(3)]))]);
      const metric = costMatrix(Object.fromEntries(table), { decision: "least-expected-cost" });
      const x = Array.from({ length: 30 }, () => labels.map(() => whole(2) - 1));
      const rows = data.dense({ x, y: x.map((_, i) => i % classes) });
      const coefficients = Float64Array.from({ length: classes ** 2 }, (_, i) => (i % (classes + 1) === 0 ? 1 : 0));
      const intercepts = new Float64Array(classes);
      const model = new LinearModel({ kind: "softmax", classes: labels, columns: classes, coefficients, intercepts });
      const decided = model.predict(rows, metric);
      const cost = decided.reduce<number>((sum, k, i) => sum + metric.costs[i % classes]![k]!, 0) / rows.rows;
      expect(model.error(rows, metric)).toBeCloseTo(cost, 12);
    }
  });

  test("bad costs", async () => {
    expect(() => costMatrix({ a: { b: -1 } })).toThrow(code("OPTION"));
    expect(() => costMatrix({ a: { b: Number.NaN } })).toThrow(code("OPTION"));
    expect(() => costMatrix({}, { decision: "dice" as never })).toThrow(code("OPTION"));
    const setting = { model: "softmax", train, validation, features: { l2: l2() } } as const;
    await expect(tune({ ...setting, metric: costMatrix({ "9": { "0": 1 } }) })).rejects.toThrow(code("LABEL"));
    await expect(tune({ ...setting, metric: costMatrix({ "0": { constructor: 1 } }) })).rejects.toThrow(code("LABEL"));
    await expect(tune({ ...setting, model: "squared", metric: dear })).rejects.toThrow(code("OPTION"));
    await expect(tune({ ...setting, metric: {} as never })).rejects.toThrow(code("OPTION"));
  });
});
