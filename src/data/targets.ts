import { LearnLossError, listed } from "../errors.ts";
import type { ModelKind } from "../models/model-kind.ts";
import type { Dataset } from "./dataset.ts";

/** Targets as the kernels want them: class indices, 0 or 1, or values. */
interface EncodedTargets {
  /** Labels in the order of their indices: numbers ascending, strings by code unit. Absent for regression. */
  readonly classes: readonly (string | number)[] | undefined;
  /** Scores per row: the number of classes for softmax, otherwise 1. */
  readonly outputs: number;
  readonly train: Float64Array;
  /** Encoded targets of the further data sets, in the order given. */
  readonly others: readonly Float64Array[];
}

/**
 * @throws EMPTY without rows, WEIGHT when none of them counts, OVERFLOW, SHAPE for other columns than in training,
 *   ONE_CLASS when the labels of the training rows that count are all the same, OPTION when logistic regression gets more
 *   than two, LABEL for a label that only other data have, TYPE for regression on text
 */
export function encodeTargets(model: ModelKind, train: Dataset, ...others: readonly Dataset[]): EncodedTargets {
  checkRows("the training set", train);
  for (const [i, other] of others.entries()) {
    checkRows(`data set ${i + 2}`, other);
    checkColumns(train, other, `data set ${i + 2}`);
  }
  if (model === "squared") {
    return { classes: undefined, outputs: 1, train: values(train), others: others.map(values) };
  }
  const classes = classesOf(train.y);
  checkContrast(train);
  if (model === "logistic" && classes.length > 2) {
    throw new LearnLossError(
      "OPTION",
      `The target has ${classes.length} classes, logistic regression wants 2: use softmax.`,
    );
  }
  return {
    classes,
    outputs: model === "softmax" ? classes.length : 1,
    train: classIndices(classes, train),
    others: others.map((other) => classIndices(classes, other)),
  };
}

/** |y| of regression at most, as of X in f32: residuals and their squares stay far from overflow. */
const LARGEST_TARGET = 1e30;

/** Checks that some row counts. @throws EMPTY, WEIGHT */
export function checkRows(what: string, { rows, weights }: Pick<Dataset, "rows" | "weights">): void {
  if (rows === 0) throw new LearnLossError("EMPTY", `There are no rows in ${what}: give some.`);
  if (weights?.every((weight) => weight === 0))
    throw new LearnLossError("WEIGHT", `All sample weights of ${what} are 0: at least one row must count.`);
}

/** Checks that rows which count differ in their labels: else intercepts alone would grow for ever. @throws ONE_CLASS */
function checkContrast({ rows, y, weights }: Dataset): void {
  const counts = (i: number) => weights === undefined || weights[i]! > 0;
  let first = 0;
  while (!counts(first)) first++;
  for (let i = first + 1; i < rows; i++) if (counts(i) && y[i] !== y[first]) return;
  const which = weights ? " with a weight" : "";
  throw new LearnLossError("ONE_CLASS", `All training labels${which} are ${y[first]}: there is nothing to tell apart.`);
}

/** Columns go by their place: where they have names, these must agree. @throws SHAPE */
function checkColumns(train: Dataset, other: Dataset, what: string): void {
  if (other.columns !== train.columns) {
    throw new LearnLossError(
      "SHAPE",
      `There are ${other.columns} columns in ${what} when expected ${train.columns}, as in training.`,
    );
  }
  const [expected, given] = [train.columnNames, other.columnNames];
  const j = expected?.findIndex((name, column) => given && name !== given[column]) ?? -1;
  if (j < 0) return;
  throw new LearnLossError(
    "SHAPE",
    `Column ${j + 1} of ${what} is ${given![j]} when expected ${expected![j]}: order them as in training.`,
  );
}

/** Targets of regression. @throws TYPE for text, OVERFLOW with the row */
export function values({ y }: Pick<Dataset, "y">): Float64Array {
  if (ArrayBuffer.isView(y)) {
    const large = y.findIndex((value) => Math.abs(value) > LARGEST_TARGET);
    if (large < 0) return y;
    throw new LearnLossError(
      "OVERFLOW",
      `y is ${y[large]} at row ${large + 1}: its square would overflow. Divide the targets.`,
    );
  }
  const text = y.find((label) => String(Number(label)) !== label) ?? y[0];
  const code = /^0\d/.test(text!) ? " (with its leading zero a code)" : "";
  throw new LearnLossError("TYPE", `The targets are text, such as "${text}"${code}: squared loss wants numbers.`);
}

/**
 * The place of a label among the classes. Readers take labels for numbers where all of a file are: in another file of the
 * same data they may be text.
 */
export function placeAmong(classes: readonly (string | number)[]): (label: string | number) => number | undefined {
  const index = new Map<string | number, number | undefined>(classes.map((label, c) => [label, c]));
  if (typeof classes[0] === "number") return (label) => index.get(label) ?? index.get(numberIn(label));
  // A number is a class written otherwise, 1.0, if one alone says it; codes, such as 01, say none.
  for (const [c, label] of (classes as readonly string[]).entries()) {
    const value = numberIn(label);
    if (typeof value === "number" && (String(value) === label || !/^\d+$/.test(label)))
      index.set(value, index.has(value) ? undefined : c);
  }
  return (label) => index.get(label) ?? index.get(String(label));
}

/** The place of every row's label among the classes. @throws LABEL */
export function classIndices(classes: readonly (string | number)[], { y }: Pick<Dataset, "y">): Float64Array {
  const placeOf = placeAmong(classes);
  return Float64Array.from(y as ArrayLike<string | number>, (label, i) => {
    const c = placeOf(label);
    if (c !== undefined) return c;
    throw new LearnLossError(
      "LABEL",
      `Label ${JSON.stringify(label)} at row ${i + 1} is not among the training labels ${listed(classes)}: drop its rows, or, if it is a quantity, use squared loss.`,
    );
  });
}

/** The number that a label says, or the label. */
function numberIn(label: string | number): string | number {
  return String(label).trim() === "" ? label : Number(label);
}

function classesOf(y: Dataset["y"]): (string | number)[] {
  if (ArrayBuffer.isView(y)) return [...new Set(y)].sort((a, b) => a - b);
  return [...new Set(y)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
