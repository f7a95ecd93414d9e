import { LearnLossError } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import { checkSeed, Random } from "../random.ts";
import { checkDataset, type Dataset } from "./dataset.ts";
import { rowsWhere } from "./sample.ts";
import { take } from "./take.ts";

/** Options of `data.split`, and but for `validation` of `data.folds`. */
export interface SplitOptions {
  /** Share of the rows (below 1) or their number that go to validation. @default 0.25 */
  readonly validation?: number;
  /** Seeds the choice of rows: an integer in [0, 2³²). @default 0 */
  readonly seed?: number;
  /** Keep the classes' shares in both parts. @default true for text labels and for whole numbers of few kinds */
  readonly stratified?: boolean;
}

/** Kinds of whole numbers that are classes: so few, or with so many rows each. */
const MOST_CLASSES = 100;
const ROWS_PER_CLASS = 10;

/**
 * Two parts of a dataset, by chance but for the seed; rows keep their order within a part.
 *
 * @throws OPTION, TYPE, SHAPE, SEED, TOO_FEW for fewer than one row to validate with or two to train on
 */
export function split(
  dataset: Dataset,
  options: SplitOptions = {},
): { readonly train: Dataset; readonly validation: Dataset } {
  checkNames(options, { validation: true, seed: true, stratified: true });
  checkDataset("dataset", dataset);
  const { validation = 0.25, seed = 0 } = options;
  const { rows } = dataset;
  const wanted = validation < 1 ? Math.round(validation * rows) : validation;
  if (!(validation > 0) || !Number.isInteger(wanted)) {
    throw new LearnLossError(
      "OPTION",
      `validation is ${validation}: give a share between 0 and 1, or a number of rows.`,
    );
  }
  if (wanted < 1 || rows - wanted < 2) {
    throw new LearnLossError(
      "TOO_FEW",
      `${rows} rows cannot be split into ${rows - wanted} to train on and ${wanted} to validate with.`,
    );
  }
  const random = new Random(checkSeed(seed), 1);
  const strata = strataOf(dataset, options.stratified).map((rows) => random.shuffle(rows));
  const quotas = apportion(
    strata.map((rows) => rows.length),
    wanted,
  );
  const part = new Int32Array(rows);
  for (const [s, stratum] of strata.entries()) for (const row of stratum.subarray(0, quotas[s]!)) part[row] = 1;
  const rowsOf = (which: number) => rowsWhere(rows, (i) => part[i] === which);
  return { train: take(dataset, rowsOf(0)), validation: take(dataset, rowsOf(1)) };
}

/**
 * The parts of k-fold cross-validation: each row is in the validation part of exactly one.
 *
 * @throws OPTION, TOO_FEW, and FOLD when a class has one row that counts, so that a fold would train without it
 */
export function folds(
  dataset: Dataset,
  count: number,
  options: Omit<SplitOptions, "validation"> = {},
): readonly { readonly train: Dataset; readonly validation: Dataset }[] {
  return foldRows(dataset, count, options).map(({ train, validation }) => ({
    train: take(dataset, train),
    validation: take(dataset, validation),
  }));
}

/** The rows of each part of `folds`, ascending. @throws as `folds` */
export function foldRows(
  dataset: Dataset,
  count: number,
  options: Omit<SplitOptions, "validation"> = {},
): readonly { readonly train: Int32Array; readonly validation: Int32Array }[] {
  checkNames(options, { seed: true, stratified: true });
  checkDataset("dataset", dataset);
  const { rows } = dataset;
  if (!Number.isInteger(count) || count < 2)
    throw new LearnLossError("OPTION", `The number of folds is ${count}: give an integer from 2.`);
  if (rows < 2 * count)
    throw new LearnLossError("TOO_FEW", `${rows} rows are too few for ${count} folds: give at least ${2 * count}.`);
  const random = new Random(checkSeed(options.seed ?? 0), 1);
  const strata = strataOf(dataset, options.stratified);
  const counts = (i: number) => dataset.weights === undefined || dataset.weights[i]! > 0;
  const lonely = strata.length > 1 ? strata.find((stratum) => stratum.filter(counts).length === 1) : undefined;
  if (lonely) {
    throw new LearnLossError(
      "FOLD",
      `Class ${String(dataset.y[lonely[0]!])} has one row only${dataset.weights ? " with a weight" : ""}: a fold would train without it. Drop it or use fewer classes; if it is a quantity, use squared loss (or \`stratified: false\` in data.folds).`,
    );
  }
  const fold = new Int32Array(rows);
  let next = 0;
  for (const stratum of strata) for (const row of dealt(dataset, random.shuffle(stratum))) fold[row] = next++ % count;
  return Array.from({ length: count }, (_, f) => ({
    train: rowsWhere(rows, (i) => fold[i] !== f),
    validation: rowsWhere(rows, (i) => fold[i] === f),
  }));
}

/** Rows in an order in which those that count, and those of each group, come one after the other: folds get as many of each. */
function dealt({ weights, groups }: Dataset, rows: Int32Array): Int32Array {
  if (!weights && !groups) return rows;
  const without = (i: number) => Number(weights?.[i] === 0);
  return rows.sort((a, b) => without(a) - without(b) || (groups ? groups[a]! - groups[b]! : 0));
}

/** These rows, then those. */
export function joined(parts: readonly Int32Array[]): Int32Array {
  const whole = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Rows by class, in the order of the classes' first appearance; all rows together where there are no classes. */
function strataOf({ y, rows }: Dataset, stratified: boolean | undefined): Int32Array[] {
  if (stratified !== undefined && typeof stratified !== "boolean") {
    throw new LearnLossError("OPTION", `stratified is ${String(stratified)}: give true or false.`);
  }
  if (!(stratified ?? areClasses(y))) return [rowsWhere(rows, () => true)];
  const places = new Map<string | number, number>();
  const place = new Int32Array(rows);
  const sizes: number[] = [];
  for (let i = 0; i < rows; i++) {
    let s = places.get(y[i]!);
    if (s === undefined) {
      s = places.size;
      places.set(y[i]!, s);
      sizes.push(0);
    }
    place[i] = s;
    sizes[s]!++;
  }
  const strata = sizes.map((size) => new Int32Array(size));
  for (let i = rows - 1; i >= 0; i--) strata[place[i]!]![--sizes[place[i]!]!] = i;
  return strata;
}

/** Whether targets are labels: text, or whole numbers of few kinds. Quantities are told by the first few rows. */
function areClasses(y: Dataset["y"]): boolean {
  if (!ArrayBuffer.isView(y)) return true;
  const most = Math.min(Math.max(MOST_CLASSES, y.length / ROWS_PER_CLASS), y.length / 2);
  const kinds = new Set<number>();
  return y.every((value) => Number.isInteger(value) && kinds.add(value).size <= most);
}

/** Whole quotas in proportion to `sizes` that sum to `wanted` (largest remainders), each leaving a row as long as others can give. */
function apportion(sizes: readonly number[], wanted: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (size * wanted) / total);
  const quotas = exact.map((quota, s) => Math.min(Math.floor(quota), Math.max(sizes[s]! - 1, 0)));
  const order = exact.map((_, s) => s).sort((a, b) => exact[b]! - quotas[b]! - (exact[a]! - quotas[a]!) || a - b);
  let missing = wanted - quotas.reduce((sum, quota) => sum + quota, 0);
  for (let turn = 0; missing > 0 && turn < 2 * order.length; turn++) {
    const s = order[turn % order.length]!;
    // A class keeps a row to train on as long as others can give.
    if (quotas[s]! < sizes[s]! - (turn < order.length ? 1 : 0)) {
      quotas[s]!++;
      missing--;
    }
  }
  for (const s of order) {
    const give = Math.min(missing, sizes[s]! - quotas[s]!);
    quotas[s]! += give;
    missing -= give;
  }
  return quotas;
}
