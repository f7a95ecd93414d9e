import { given, LearnLossError } from "../errors.ts";
import { checkDataset, checkRowsOf, type Dataset, type PlainRows } from "./dataset.ts";

/** x ↦ (x − mean) / scale, column by column: fitted on training rows, applied to any. */
export interface Standardization {
  /** Mean of each column over the rows, sample weights ignored, in the units of X. */
  readonly mean: Float64Array;
  /** Population standard deviations, sample weights ignored, in the units of X; 1 for constant columns. */
  readonly scale: Float64Array;
  /** Columns without any variation: they become 0 and get no weight. */
  readonly constant: readonly number[];
}

/**
 * Fits a standardization to the training rows, each of which counts once, whatever its sample weight.
 *
 * @throws TYPE for sparse data (centring would fill it in) and for what is no dataset, SHAPE where its parts do not fit together,
 *   OVERFLOW for a column whose squares overflow
 */
export function standardization(train: Dataset): Standardization {
  checkDataset("train", train);
  const { rows, columns } = train;
  const values = denseValues(train);
  const mean = new Float64Array(columns);
  const scale = new Float64Array(columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) mean[j]! += values[i * columns + j]! / rows;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) scale[j]! += (values[i * columns + j]! - mean[j]!) ** 2;
  const constant: number[] = [];
  for (let j = 0; j < columns; j++) {
    const deviation = Math.sqrt(scale[j]! / rows);
    const level = Math.abs(mean[j]!);
    if (!Number.isFinite(deviation)) {
      throw new LearnLossError(
        "OVERFLOW",
        `Column ${nameOf(train, j)} is too large to standardize (its squares overflow): divide it first.`,
      );
    }
    if (deviation > 1e-12 * level) scale[j] = deviation;
    else {
      scale[j] = 1;
      constant.push(j);
    }
  }
  return { mean, scale, constant };
}

/** A dataset with standardized columns, in f64. @throws SHAPE for other columns, TYPE for sparse data, OPTION */
export function standardize<D extends PlainRows>(dataset: D, standardization: Standardization): D {
  checkRowsOf("dataset", dataset);
  const { columns } = dataset;
  checkStandardization(standardization, columns);
  const { mean, scale, constant } = standardization;
  const source = denseValues(dataset);
  const values = new Float64Array(source.length);
  for (let at = 0; at < source.length; at += columns) {
    for (let j = 0; j < columns; j++) values[at + j] = (source[at + j]! - mean[j]!) / scale[j]!;
  }
  for (const j of constant) for (let i = j; i < values.length; i += columns) values[i] = 0;
  return { ...dataset, x: { kind: "dense", values } };
}

/** @throws OPTION for what `standardization` did not make, SHAPE for one of other columns */
export function checkStandardization(standardization: Standardization, columns: number): void {
  const { mean, scale, constant } = given("the standardization", standardization);
  given("its constant columns", constant);
  const [means, scales] = [given("its means", mean).length, given("its scales", scale).length];
  if (means === columns && scales === columns) return;
  throw new LearnLossError("SHAPE", `The standardization is of ${means} columns when expected ${columns}.`);
}

/** A dataset with every value divided by `divisor` > 0: 255 for bytes, 16 for the digits. @throws OPTION, TYPE, SHAPE */
export function rescale<D extends PlainRows>(dataset: D, divisor: number): D {
  if (!(divisor > 0 && Number.isFinite(divisor))) {
    throw new LearnLossError("OPTION", `The scale is ${divisor}: give a positive number to divide by.`);
  }
  checkRowsOf("dataset", dataset);
  const { values } = dataset.x;
  const scaled = values.slice() as Float64Array;
  for (let i = 0; i < scaled.length; i++) scaled[i]! /= divisor;
  return { ...dataset, x: { ...dataset.x, values: scaled } };
}

function denseValues(dataset: PlainRows): Float32Array | Float64Array {
  if (dataset.x.kind === "dense") return dataset.x.values;
  throw new LearnLossError(
    "TYPE",
    "Sparse data cannot be standardized without filling in their zeros: use `rescale` instead.",
  );
}

function nameOf({ columnNames }: Dataset, j: number): string {
  return columnNames?.[j] ?? String(j + 1);
}
