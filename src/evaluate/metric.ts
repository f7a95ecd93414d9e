import type { Dataset } from "../data/dataset.ts";
import { LearnLossError } from "../errors.ts";
import type { ModelKind } from "../models/model-kind.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { type CostMatrix, costTable } from "./costs.ts";
import { Ranking } from "./ranking.ts";

/**
 * Validation errors, lower is better:
 *
 * - `log-loss`: mean of −log p(label)
 * - `error-rate`: share of wrong labels (top-1)
 * - `balanced-error`: mean of 1 − recall over the classes that the rows have
 * - `macro-f1`: 1 − mean of F1 over the same classes
 * - `auc`: 1 − area under the ROC curve; over more than two classes, the mean of one against the rest by its probability, ½ for one
 *   that no row is of
 * - `worst-group-error`: largest error rate of a group of `dataset.groups`
 * - `mean-squared-error`: mean of (score − target)²
 */
export type MetricName =
  | "log-loss"
  | "error-rate"
  | "balanced-error"
  | "macro-f1"
  | "auc"
  | "worst-group-error"
  | "mean-squared-error";

export const METRICS: readonly MetricName[] = [
  "log-loss",
  "error-rate",
  "balanced-error",
  "macro-f1",
  "auc",
  "worst-group-error",
  "mean-squared-error",
];

/** What a model says of the rows: scores before softmax or the logistic function, row by row. */
export interface Scores {
  /** Number of rows, those of the dataset that a metric is given, in its order. */
  readonly rows: number;
  /** One per class of softmax models, 1 of logistic and linear regression. */
  readonly outputs: number;
  /** rows × outputs. */
  readonly values: Float64Array;
}

/**
 * A name, a cost matrix, or any function of scores and the rows that judge: all validation rows as they were given, or with folds
 * those of one fold, in ascending order. Lower is better; an error may be negative, Infinity is the worst, NaN a failed model.
 */
export type Metric = MetricName | CostMatrix | ((scores: Scores, dataset: Dataset) => number);

export function defaultMetric(model: ModelKind): MetricName {
  return model === "squared" ? "mean-squared-error" : "log-loss";
}

export function metricName(metric: Metric): string {
  if (typeof metric === "string") return metric;
  return typeof metric === "function" ? metric.name || "user's function" : "mean-cost";
}

/** A metric bound to validation rows, in an arena. */
export class MetricEvaluator {
  /** Whether the metric is the model's own loss, so that it has a gradient. */
  readonly smooth: boolean;
  /** No model has less error. */
  readonly least: number;
  readonly #arena: Arena<Kernels>;
  readonly #metric: Metric;
  readonly #model: ModelKind;
  readonly #dataset: Omit<Dataset, "x">;
  readonly #outputs: number;
  readonly #classCount: number;
  readonly #targets: Pointer;
  readonly #weights: Pointer;
  readonly #groups: Pointer;
  readonly #groupCount: number;
  readonly #counts: Pointer;
  readonly #ranking: Ranking | undefined;
  readonly #costs: Pointer;
  readonly #likelihoods: Pointer;
  readonly #decisions: Pointer;

  /**
   * @param dataset with X, if the metric is a function
   * @param classes sorted labels, for costs; absent for regression
   * @throws OPTION for a metric that does not fit the model or the data, LABEL for costs of other classes
   */
  constructor(
    arena: Arena<Kernels>,
    metric: Metric,
    model: ModelKind,
    dataset: Omit<Dataset, "x">,
    targets: Float64Array,
    outputs: number,
    classes?: readonly (string | number)[],
  ) {
    const costs = typeof metric === "object" && metric?.kind === "costs" ? metric : undefined;
    if (costs && !classes) {
      throw new LearnLossError(
        "OPTION",
        "Costs are of classes: a squared model wants mean-squared-error or a function.",
      );
    }
    if (typeof metric === "string") checkMetric(metric, model, dataset);
    else if (typeof metric !== "function" && !costs)
      throw new LearnLossError("OPTION", `The metric is ${String(metric)}: ${CHOICE}`);
    this.#arena = arena;
    this.#metric = metric;
    this.#model = model;
    this.#dataset = dataset;
    this.#outputs = outputs;
    this.#classCount = Math.max(outputs, 2);
    this.smooth = metric === defaultMetric(model);
    this.#targets = arena.copy(targets);
    this.#weights = dataset.weights ? arena.copy(dataset.weights) : 0;
    this.#groups = dataset.groups ? arena.copy(dataset.groups) : 0;
    this.#groupCount = dataset.groups ? dataset.groups.reduce((most, g) => Math.max(most, g), 0) + 1 : 0;
    this.#counts = arena.f64(3 * Math.max(this.#classCount, this.#groupCount));
    this.#ranking = metric === "auc" ? new Ranking(arena, targets, this.#classCount, dataset.weights) : undefined;
    const table = costs && classes ? costTable(costs, classes) : undefined;
    this.#costs = table ? arena.copy(table) : 0;
    this.least =
      typeof metric === "function"
        ? Number.NEGATIVE_INFINITY
        : (table?.reduce((least, cost) => Math.min(least, cost)) ?? 0);
    this.#likelihoods = costs?.decision === "least-expected-cost" ? arena.f64(this.#classCount) : 0;
    this.#decisions = this.counts === "decisions" ? arena.i32(dataset.rows) : 0;
  }

  /** e of a model from its validation scores, [output][row]. */
  evaluate(scores: Pointer): number {
    const k = this.#arena.kernels;
    const { rows } = this.#dataset;
    const [outputs, y, w] = [this.#outputs, this.#targets, this.#weights];
    const metric = this.#metric;
    if (typeof metric === "function") return this.#ask(metric, scores);
    if (this.#ranking) return this.#ranking.error(outputs, scores);
    switch (metric) {
      case "log-loss":
        return k.logLoss(rows, outputs, scores, y, w);
      case "mean-squared-error":
        return k.meanSquaredError(rows, scores, y, w);
    }
    const [decisions, likelihoods] = [this.#decisions, this.#likelihoods];
    if (likelihoods === 0) k.decide(rows, outputs, scores, decisions);
    else k.decideByCosts(rows, outputs, scores, this.#classCount, this.#costs, likelihoods, decisions);
    return this.ofDecisions(decisions);
  }

  /** e where the rows are given these classes, i32, for metrics of decisions; NaN where a row is given −1. */
  ofDecisions(decisions: Pointer): number {
    const k = this.#arena.kernels;
    const { rows } = this.#dataset;
    const [y, w, classes] = [this.#targets, this.#weights, this.#classCount];
    switch (this.#metric) {
      case "error-rate":
        return k.errorRate(rows, decisions, y, w);
      case "balanced-error":
        return k.balancedError(rows, decisions, y, w, classes, this.#counts);
      case "macro-f1":
        return k.macroF1Error(rows, decisions, y, w, classes, this.#counts);
      case "worst-group-error":
        return k.worstGroupError(rows, decisions, y, w, this.#groups, this.#groupCount, this.#counts);
      default:
        return k.meanCost(rows, decisions, y, w, classes, this.#costs);
    }
  }

  /** e from what orders the rows for each output, [output][row], for metrics of order. */
  evaluateOrder(orders: Pointer): number {
    return this.#ranking!.errorOfOrder(this.#outputs, orders);
  }

  /** How scores count: by the classes that rows are given, by their order, as numbers, or in ways of the user's. */
  get counts(): "decisions" | "order" | "numbers" | "unknown" {
    const metric = this.#metric;
    if (this.smooth) return "numbers";
    if (typeof metric === "function") return "unknown";
    return metric === "auc" ? "order" : "decisions";
  }

  /** What giving class k to a row of class c costs, [c][k], for metrics of decisions. A copy. */
  get costs(): Float64Array {
    const n = this.#classCount;
    if (this.#costs !== 0) return this.#arena.viewF64(this.#costs, n * n).slice();
    return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 0 : 1));
  }

  /** Whether rows count by the classes of their largest scores alone. */
  get countsLargest(): boolean {
    return this.counts === "decisions" && !this.expects;
  }

  /** Whether a row is given the class of the least expected cost, rather than the most probable. */
  get expects(): boolean {
    return this.#likelihoods !== 0;
  }

  get isMacroF1(): boolean {
    return this.#metric === "macro-f1";
  }

  /** Labels or values, and weights of the rows. Copies. */
  get rows(): { readonly targets: Float64Array; readonly weights: Float64Array } {
    const { rows, weights } = this.#dataset;
    const targets = this.#arena.viewF64(this.#targets, rows).slice();
    return { targets, weights: weights ? Float64Array.from(weights) : new Float64Array(rows).fill(1) };
  }

  /** e where every row is given a class, for metrics of decisions. */
  evaluateDecisions(given: Int32Array): number {
    this.#arena.viewI32(this.#decisions, given.length).set(given);
    return this.ofDecisions(this.#decisions);
  }

  /**
   * e with ties broken by the model's own loss, for metrics that move in steps: by at most a tenth of 1/rows, which a row may be
   * worth less than (a common class among many, small weights or costs).
   */
  rank(scores: Pointer): number {
    const error = this.evaluate(scores);
    return this.smooth ? error : error + this.tieBreak(scores);
  }

  /** What breaks ties: the model's own loss, brought to less than `mostTieBreak`. */
  tieBreak(scores: Pointer): number {
    const k = this.#arena.kernels;
    const { rows } = this.#dataset;
    const loss =
      this.#model === "squared"
        ? k.meanSquaredError(rows, scores, this.#targets, this.#weights)
        : k.logLoss(rows, this.#outputs, scores, this.#targets, this.#weights);
    return this.mostTieBreak * (loss / (1 + loss));
  }

  get mostTieBreak(): number {
    return 0.1 / this.#dataset.rows;
  }

  /** e from the value of the model's own loss on the validation rows, when the metric is `smooth`. */
  fromLoss(loss: number): number {
    return this.#metric === "mean-squared-error" ? 2 * loss : loss;
  }

  /** The inverse of `fromLoss`. */
  toLoss(error: number): number {
    return this.#metric === "mean-squared-error" ? error / 2 : error;
  }

  #ask(metric: (scores: Scores, dataset: Dataset) => number, scores: Pointer): number {
    const { rows } = this.#dataset;
    const outputs = this.#outputs;
    const view = this.#arena.viewF64(scores, rows * outputs);
    const values = new Float64Array(rows * outputs);
    for (let c = 0; c < outputs; c++) for (let i = 0; i < rows; i++) values[i * outputs + c] = view[c * rows + i]!;
    const error: unknown = metric({ rows, outputs, values }, this.#dataset as Dataset);
    if (typeof error === "number") return error;
    const what = error instanceof Promise ? "a promise" : `a ${typeof error}`;
    throw new LearnLossError(
      "TYPE",
      `The metric returned ${what}: return a number, at once, NaN for a model that failed.`,
    );
  }
}

const CHOICE = `give one of ${METRICS.join(", ")}, a cost matrix, or a function of scores.`;

function checkMetric(metric: MetricName, model: ModelKind, dataset: Omit<Dataset, "x">): void {
  if (!METRICS.includes(metric)) throw new LearnLossError("OPTION", `The metric is ${metric}: ${CHOICE}`);
  const regression = metric === "mean-squared-error";
  if (regression !== (model === "squared")) {
    const fit = model === "squared" ? "mean-squared-error or a function" : "any but mean-squared-error";
    throw new LearnLossError("OPTION", `The metric ${metric} does not judge a ${model} model: choose ${fit}.`);
  }
  if (metric === "worst-group-error" && !dataset.groups) {
    throw new LearnLossError("OPTION", "worst-group-error needs groups on the validation data set.");
  }
}
