import { type Augmentation, rangeOf } from "../features/augmentation.ts";
import type { Dataset } from "./dataset.ts";
import { MISSING_LABEL } from "./missing.ts";
import { sharedRows } from "./shared-rows.ts";
import { varyingColumns } from "./varying-columns.ts";

/** Names of columns in a message, at most. */
const NAMED = 5;

/** Relative variation below which at most 13 of the 23 bits of f32 are left for it, and 16 of the 52 of f64, which are mostly lost, too. */
const FAR = { f32: 2 ** -10, f64: 2 ** -36 } as const;

/**
 * How many times as wide as another the values of a column may range: not what is rare, but another unit. (Pixels of 0 to 255, some
 * never above 1, and flags are within it.)
 */
export const UNLIKE = 1000;

/**
 * How little of an augmentation's range images may fill, and by how many times its width they may leave it, before their unit is
 * another: those of a split or a season leave it a little, dark ones fill a part.
 */
const IMAGE_UNITS = { least: 0.1, beyond: 1 } as const;

/** What a data set is to be used for. */
interface Use {
  readonly validation?: Dataset | undefined;
  /** Whether the loss has penalties. @default true */
  readonly penalized?: boolean;
  /** The augmentation of the training rows, if any. */
  readonly augmentation?: Augmentation | undefined;
  /** In which the rows are held. @default f32 */
  readonly precision?: "f32" | "f64";
}

/**
 * What is suspicious about a data set that is to train, and one that is to judge, in sentences that begin with a stable word:
 * LEAK for validation rows that are training rows too, MISSING for a label that reads like a missing value, CONSTANT for columns
 * that cannot be learned from (under transformations others move there), FAR for those whose variation rounding takes, SCALES for
 * units so different that penalties, where there are any, are as unfair to their weights, RANGE for images of another unit than
 * the transformations'.
 */
export function audit(
  train: Dataset,
  { validation, penalized = true, augmentation, precision = "f32" }: Use = {},
): string[] {
  const warnings: string[] = [];
  const leaked = validation ? sharedRows(train, validation) : 0;
  if (validation && leaked > 0) {
    warnings.push(
      `LEAK: ${leaked} of ${validation.rows} validation rows are training rows too: their error says nothing about new rows.`,
    );
  }
  const missing = ArrayBuffer.isView(train.y) ? undefined : train.y.find((label) => MISSING_LABEL.test(label));
  if (missing !== undefined) {
    warnings.push(`MISSING: the label "${missing}" reads like a missing value: drop its rows, unless it is a class.`);
  }
  const varying = varyingColumns(train);
  const count = train.columns - varying.length;
  if (count > 0 && !augmentation) {
    const constant: number[] = [];
    for (let j = 0; constant.length < Math.min(count, NAMED); j++) {
      if (varying[j - constant.length] !== j) constant.push(j);
    }
    const [are, them] = count > 1 ? ["are", "them"] : ["is", "it"];
    warnings.push(
      `CONSTANT: ${named(train, constant, count)} ${are} the same in all training rows: no weight for ${them}.`,
    );
  }
  const far = farColumns(train, varying, FAR[precision]);
  if (far.length > 0) {
    const [vary, they] = far.length > 1 ? ["vary", "they are"] : ["varies", "it is"];
    const remedy = precision === "f32" ? "the mean (data.standardize)" : "a constant before they are read";
    warnings.push(
      `FAR: ${named(train, far, far.length)} ${vary} by less than ${FAR[precision].toPrecision(1)} of what ${they}, and ${precision} leaves little of that: subtract ${remedy}.`,
    );
  }
  const [narrow, wide] = penalized ? extremeColumns(train, varying) : [];
  if (narrow && wide && wide.range > UNLIKE * narrow.range) {
    const [first, last] = [wide, narrow].map(({ column }) => named(train, [column], 1));
    const times = (wide.range / narrow.range).toPrecision(1);
    warnings.push(
      `SCALES: ${first} ranges ${Number(times)} times as widely as ${last}, and penalties treat all weights alike: standardize (data.standardize, --standardize).`,
    );
  }
  if (augmentation) warnings.push(...otherUnit(train, augmentation));
  return warnings;
}

/** What is cut out or moved in is the range's lowest value, noise is a share of it, and values are clipped to it. */
function otherUnit({ columns, x }: Dataset, { image: { low, high } }: Augmentation): string[] {
  const [least, most] = rangeOf(columns, x);
  const width = high - low;
  const beyond = Math.max(low - least, most - high) > IMAGE_UNITS.beyond * width;
  if (!beyond && most - least >= IMAGE_UNITS.least * width) return [];
  return [
    `RANGE: pixels are from ${least} to ${most} in the training rows, and from ${low} to ${high} in the augmentation: bring the rows to its unit (data.rescale, --scale), or make the augmentation of them.`,
  ];
}

/** The first of so many columns in a message. */
function named({ columnNames }: Dataset, columns: ArrayLike<number>, count: number): string {
  const names = Array.from(columns)
    .slice(0, NAMED)
    .map((j) => columnNames?.[j] ?? `column ${j + 1}`);
  return `${names.join(", ")}${count > NAMED ? `, … (${count} in all)` : ""}`;
}

/** The columns of `among` whose values all differ from the first by less than a share of its size. */
function farColumns({ rows, columns, x }: Dataset, among: Int32Array, share: number): Int32Array {
  if (x.kind === "csr") return new Int32Array(0);
  const { values } = x;
  let far = among;
  for (let i = 1; i < rows && far.length > 0; i++) {
    const isNear = (j: number) => Math.abs(values[i * columns + j]! - values[j]!) < share * Math.abs(values[j]!);
    if (!far.every(isNear)) far = far.filter(isNear);
  }
  return far;
}

interface Range {
  readonly column: number;
  readonly range: number;
}

/** The columns of `among` with the narrowest and the widest range; none of sparse rows, whose values are counts of a kind. */
function extremeColumns({ rows, columns, x }: Dataset, among: Int32Array): Range[] {
  if (x.kind === "csr" || among.length === 0) return [];
  const least = x.values.slice(0, columns);
  const most = x.values.slice(0, columns);
  for (let i = 1; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = x.values[i * columns + j]!;
      if (value < least[j]!) least[j] = value;
      else if (value > most[j]!) most[j] = value;
    }
  }
  const ranges = Array.from(among, (column) => ({ column, range: most[column]! - least[column]! }));
  const further = (sign: number) => (a: Range, b: Range) => (sign * b.range > sign * a.range ? b : a);
  return [ranges.reduce(further(-1)), ranges.reduce(further(1))];
}
