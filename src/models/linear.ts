import { checkDataset, checkRowsOf, type Dataset, notFinite, type PlainRows } from "../data/dataset.ts";
import { checkStandardization, type Standardization } from "../data/standardize.ts";
import { checkRows, classIndices, values } from "../data/targets.ts";
import { given, LearnLossError, readStored } from "../errors.ts";
import { type CostMatrix, costTable } from "../evaluate/costs.ts";
import { defaultMetric, type Metric, MetricEvaluator } from "../evaluate/metric.ts";
import { Arena } from "../wasm/arena.ts";
import { kernels } from "../wasm/kernels.ts";
import { likelihoods, probabilities } from "./link.ts";
import { checkModel, type ModelKind } from "./model-kind.ts";

const VERSION = 1;

/** The parts of a `LinearModel`. */
export interface LinearModelOptions {
  /** What it was trained as: it decides what scores mean. */
  readonly kind: ModelKind;
  /** Sorted class labels; absent for squared loss. */
  readonly classes?: readonly (string | number)[] | undefined;
  /** Features of a row. */
  readonly columns: number;
  /** outputs × columns, row by row. */
  readonly coefficients: Float64Array;
  /** One per output: a class for softmax, otherwise one. */
  readonly intercepts: Float64Array;
}

/**
 * A trained linear model, apart from the data it was trained on: applies itself to rows, is stored as JSON. What is to reach
 * another thread is that text, `JSON.stringify(model)`, for `fromJSON` there: a structured clone has no methods.
 */
export class LinearModel {
  /** What it was trained as: softmax, logistic or linear ("squared") regression. */
  readonly kind: ModelKind;
  /** Sorted class labels; undefined for linear regression. */
  readonly classes: readonly (string | number)[] | undefined;
  /** Features of the rows it takes. */
  readonly columns: number;
  /** Weights, outputs × columns row by row. */
  readonly coefficients: Float64Array;
  /** One per output: per class of softmax models, otherwise one. */
  readonly intercepts: Float64Array;

  /** @throws OPTION for another kind, or classes that are not its own; SHAPE, NON_FINITE */
  constructor(options: LinearModelOptions) {
    const { kind, classes, columns, coefficients, intercepts } = given("options", options);
    this.kind = checkModel(kind);
    this.classes = checkClasses(classes, kind);
    if (!Number.isInteger(columns) || columns < 1)
      throw new LearnLossError("SHAPE", `columns is ${columns}: give the number of columns of the rows, 1 or more.`);
    this.columns = columns;
    const outputs = kind === "softmax" ? this.classes!.length : 1;
    this.coefficients = numbersOf("coefficients", coefficients, outputs * columns);
    this.intercepts = numbersOf("intercepts", intercepts, outputs);
  }

  /** Weights that are not 0, intercepts apart. */
  get nonzeros(): number {
    let count = 0;
    for (let i = 0; i < this.coefficients.length; i++) if (this.coefficients[i] !== 0) count++;
    return count;
  }

  /** The same model of rows as they are before `standardize`: its scores differ by rounding. @throws SHAPE, NON_FINITE */
  unstandardized(standardization: Standardization): LinearModel {
    const { columns } = this;
    checkStandardization(standardization, columns);
    const { mean, scale, constant } = standardization;
    const flat = new Set(constant);
    const coefficients = this.coefficients.map((w, i) => (flat.has(i % columns) ? 0 : w / scale[i % columns]!));
    const intercepts = this.intercepts.slice();
    for (const [i, w] of coefficients.entries()) intercepts[Math.floor(i / columns)]! -= w * mean[i % columns]!;
    return new LinearModel({ ...this, coefficients, intercepts });
  }

  /**
   * x·W + b, rows × outputs row by row. Rows without targets are as good, here and in what follows:
   * `{ rows, columns, x: { kind: "dense", values } }`.
   *
   * @throws SHAPE, TYPE for what is no dataset, NON_FINITE with row and column, OVERFLOW
   */
  scores(dataset: PlainRows): Float64Array {
    checkRowsOf("dataset", dataset);
    const { rows, columns, x } = dataset;
    if (columns !== this.columns) {
      throw new LearnLossError("SHAPE", `The data have ${columns} columns when expected ${this.columns}.`);
    }
    const outputs = this.intercepts.length;
    const scores = new Float64Array(rows * outputs);
    for (let i = 0; i < rows; i++) {
      for (let c = 0; c < outputs; c++) {
        let sum = this.intercepts[c]!;
        if (x.kind === "dense") {
          for (let j = 0; j < columns; j++) sum += x.values[i * columns + j]! * this.coefficients[c * columns + j]!;
        } else {
          for (let e = x.starts[i]!; e < x.starts[i + 1]!; e++) {
            const j = x.indices[e]!;
            sum += j < columns ? x.values[e]! * this.coefficients[c * columns + j]! : Number.NaN;
          }
        }
        scores[i * outputs + c] = sum;
        if (!Number.isFinite(sum)) throw flaw(dataset, i);
      }
    }
    return scores;
  }

  /**
   * One label per row; for squared loss the value. Ties go to the first class.
   *
   * @param costs decides as this metric does; with "least-expected-cost" not for the most probable class
   * @throws as `scores`; LABEL for costs of other classes, OPTION for costs with squared loss
   */
  predict(dataset: PlainRows, costs?: CostMatrix): (string | number)[] {
    const scores = this.scores(dataset);
    const { classes } = this;
    if (!classes) {
      if (costs)
        throw new LearnLossError("OPTION", "Costs are of classes, which squared loss has none of: leave them out.");
      return Array.from(scores);
    }
    const table = costs && costTable(costs, classes);
    if (table && costs.decision === "least-expected-cost") return this.#cheapest(scores, classes, table);
    if (this.kind === "logistic") return Array.from(scores, (score) => classes[score > 0 ? 1 : 0]!);
    const outputs = this.intercepts.length;
    return Array.from({ length: dataset.rows }, (_, i) => {
      let best = 0;
      for (let c = 1; c < outputs; c++) if (scores[i * outputs + c]! > scores[i * outputs + best]!) best = c;
      return classes[best]!;
    });
  }

  #cheapest(scores: Float64Array, classes: readonly (string | number)[], table: Float64Array): (string | number)[] {
    const shares = likelihoods(scores, this.intercepts.length);
    const count = classes.length;
    return Array.from({ length: shares.length / count }, (_, i) => {
      const expected = classes.map((_, k) =>
        classes.reduce<number>((sum, _, c) => sum + shares[i * count + c]! * table[c * count + k]!, 0),
      );
      return classes[expected.indexOf(Math.min(...expected))]!;
    });
  }

  /** Rows × classes, row by row, in the order of `classes`. @throws as `scores`; OPTION for squared loss */
  probabilities(dataset: PlainRows): Float64Array {
    if (!this.classes) throw new LearnLossError("OPTION", "A model of squared loss has no probabilities: use predict.");
    return probabilities(this.scores(dataset), this.intercepts.length);
  }

  /**
   * What a metric says of the model on these rows, lower is better. @default log loss; mean squared error for squared loss
   *
   * @throws as `scores`; EMPTY, WEIGHT, LABEL for labels that are no class, OPTION for a metric that does not fit
   */
  error(dataset: Dataset, metric: Metric = defaultMetric(this.kind)): number {
    const { kind, classes } = this;
    checkDataset("dataset", dataset);
    checkRows("the rows", dataset);
    const outputs = this.intercepts.length;
    const byRow = this.scores(dataset);
    const byOutput = byRow.map((_, i) => byRow[(i % dataset.rows) * outputs + Math.floor(i / dataset.rows)]!);
    const targets = classes ? classIndices(classes, dataset) : values(dataset);
    const arena = new Arena(kernels());
    try {
      const evaluator = new MetricEvaluator(arena, metric, kind, dataset, targets, outputs, classes);
      return evaluator.evaluate(arena.copy(byOutput));
    } finally {
      arena.dispose();
    }
  }

  /** What `JSON.stringify` stores, with a version. */
  toJSON(): unknown {
    const { kind, classes, columns, coefficients, intercepts } = this;
    return {
      learnloss: "model",
      version: VERSION,
      kind,
      classes,
      columns,
      coefficients: Array.from(coefficients),
      intercepts: Array.from(intercepts),
    };
  }

  /** @throws PARSE, CORRUPT or VERSION when the text is not a stored model */
  static fromJSON(text: string): LinearModel {
    return readStored("model", text, VERSION, ({ kind, classes, columns, coefficients, intercepts }) => {
      const labels = kind === "squared" ? undefined : classes;
      return new LinearModel({ kind, classes: labels, columns, coefficients, intercepts } as LinearModelOptions);
    });
  }
}

/** @throws OPTION where they are no labels of a model's classes */
function checkClasses(classes: LinearModelOptions["classes"], kind: ModelKind): LinearModelOptions["classes"] {
  if (kind === "squared") {
    if (classes === undefined) return classes;
    throw new LearnLossError("OPTION", "A model of squared loss has no classes: leave them out.");
  }
  const labels: readonly unknown[] = Array.isArray(classes) ? classes : [];
  const told =
    typeof labels[0] === "string" ? labels.every((label) => typeof label === "string") : labels.every(Number.isFinite);
  const fit = kind === "logistic" ? labels.length === 2 : labels.length > 1;
  if (told && fit && new Set(labels).size === labels.length) return classes;
  throw new LearnLossError(
    "OPTION",
    `The classes are ${JSON.stringify(classes)}: give the ${kind === "logistic" ? "two" : "two or more"} labels, all texts or all numbers.`,
  );
}

/** What is wrong with a row whose score is no number. */
function flaw({ x, columns, columnNames }: PlainRows, row: number): LearnLossError {
  const [from, to] = x.kind === "dense" ? [row * columns, (row + 1) * columns] : [x.starts[row]!, x.starts[row + 1]!];
  for (let e = from; e < to; e++) {
    const j = x.kind === "dense" ? e - from : x.indices[e]!;
    if (!(j >= 0 && j < columns))
      return new LearnLossError("SHAPE", `Row ${row + 1} has an entry in column ${j + 1}: there are ${columns}.`);
    if (!Number.isFinite(x.values[e])) return notFinite(x.values[e], row, j, columnNames);
  }
  return new LearnLossError("OVERFLOW", `The score of row ${row + 1} is too large: divide its values, or drop it.`);
}

/** @throws SHAPE, NON_FINITE where they are not so many finite numbers */
function numbersOf(name: string, values: ArrayLike<number>, length: number): Float64Array {
  if (!(Array.isArray(values) || ArrayBuffer.isView(values)) || values.length !== length) {
    const shown = (values as Partial<typeof values> | null | undefined)?.length ?? String(values);
    throw new LearnLossError("SHAPE", `There are ${shown} ${name}: give ${length} numbers.`);
  }
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(values[i]))
      throw new LearnLossError("NON_FINITE", `${name}[${i}] is ${values[i]}: give a finite number.`);
  }
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

/** θ of an objective that reads the columns `selected` (@default all) as a model of all columns: the others' weights are 0. */
export function modelOf(
  theta: Float64Array,
  { kind, classes, columns }: Pick<LinearModelOptions, "kind" | "classes" | "columns">,
  selected?: Int32Array,
): LinearModel {
  const read = selected?.length ?? columns;
  const outputs = theta.length / (read + 1);
  const coefficients = selected ? new Float64Array(outputs * columns) : theta.slice(0, outputs * read);
  for (const [k, j] of selected?.entries() ?? []) {
    for (let c = 0; c < outputs; c++) coefficients[c * columns + j] = theta[c * read + k]!;
  }
  return new LinearModel({ kind, classes, columns, coefficients, intercepts: theta.slice(outputs * read) });
}
