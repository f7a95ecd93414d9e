import { LearnLossError } from "../errors.ts";
import { checkNames, type OptionNames } from "../option-names.ts";
import { attached, isTyped } from "./typed-array.ts";

/** X as one array, row after row. */
export interface DenseMatrix {
  readonly kind: "dense";
  /** rows × columns. */
  readonly values: Float32Array | Float64Array;
}

/** Compressed sparse rows: row i holds the entries starts[i] … starts[i + 1] − 1, columns ascending. */
export interface CsrMatrix {
  readonly kind: "csr";
  /** One per entry. */
  readonly values: Float32Array | Float64Array;
  /** The column of each entry, from 0. */
  readonly indices: Int32Array;
  /** rows + 1. */
  readonly starts: Int32Array;
}

/** Rows with a target each. Made and checked by `dense`, `sparse` and `csv`; everything behind them trusts it. */
export interface Dataset {
  /** At least one. */
  readonly rows: number;
  /** Features of a row, at least one. */
  readonly columns: number;
  /** X, rows × columns: finite numbers. */
  readonly x: DenseMatrix | CsrMatrix;
  /** Numbers (values, or labels) or labels as text. */
  readonly y: Float64Array | readonly string[];
  /** One per row, ≥ 0. @default 1 each */
  readonly weights?: Float64Array;
  /** One per column. @default none */
  readonly columnNames?: readonly string[];
  /** Shape of a row in its file, where that has more dimensions than one, such as [height, width, channels]. @default none */
  readonly shape?: readonly number[];
  /** A domain per row, 0 … : for worst-group error and group weights. */
  readonly groups?: Int32Array;
  /** What the domains are called, by number: a loss finds them by name in other data. */
  readonly groupNames?: readonly string[];
}

/** What the rows of a dataset have beside their columns; one of each per row. */
export interface DatasetOptions {
  /** Targets: numbers, or labels of any kind. */
  readonly y: ArrayLike<number> | readonly string[];
  /** Finite, ≥ 0. @default 1 each */
  readonly weights?: ArrayLike<number>;
  /** One per column. @default none */
  readonly columnNames?: readonly string[];
  /** Domains, numbered from 0. @default none */
  readonly groups?: ArrayLike<number>;
  /** Names of the domains, by number. @default none */
  readonly groupNames?: readonly string[];
}

const NAMES: OptionNames<DatasetOptions> = {
  y: true,
  weights: true,
  columnNames: true,
  groups: true,
  groupNames: true,
};

/** What a function may be given of a dataset: rows, with or without targets. */
export type PlainRows = Pick<Dataset, "rows" | "columns" | "x"> & Partial<Dataset>;

/** @throws TYPE for what none of our functions made, SHAPE where parts of one have other lengths than the rows */
export function checkDataset(name: string, dataset: Dataset): void {
  checkRowsOf(name, dataset);
  const { y } = dataset;
  if (isTyped(y, "Float64Array") || (Array.isArray(y) && (y.length === 0 || typeof y[0] === "string"))) return;
  throw new LearnLossError(
    "TYPE",
    `\`${name}\` has targets of type ${typeName(y)}: give a Float64Array or labels as text, or make it with data.dense.`,
  );
}

/** As `checkDataset`, of rows that need no targets. */
export function checkRowsOf(name: string, dataset: PlainRows): void {
  const { rows, columns, x } = dataset ?? {};
  if (x?.kind !== "dense" && x?.kind !== "csr") {
    throw new LearnLossError(
      "TYPE",
      `\`${name}\` is no dataset: make one with data.dense, data.sparse, data.csv or another reader.`,
    );
  }
  const { y, weights, groups } = dataset;
  const perRow = { y, weights, groups, ...(x.kind === "csr" ? { starts: x.starts?.subarray(1) } : {}) };
  for (const [part, array] of Object.entries(perRow)) {
    if (array !== undefined && array?.length !== rows)
      throw new LearnLossError("SHAPE", `\`${name}\` has ${rows} rows when ${part} is of ${array?.length}.`);
  }
  const held = x.values?.length;
  const expected = x.kind === "dense" ? rows * columns : x.starts[rows];
  if (held !== expected || (x.kind === "csr" && x.indices?.length !== held))
    throw new LearnLossError("SHAPE", `\`${name}\` has ${rows} rows × ${columns} columns and ${held} values.`);
}

type Lists = readonly ArrayLike<number>[];

/**
 * A dataset from rows (arrays of numbers) or one flat array with `columns`. A flat typed array is kept, not copied: it must
 * not change any more.
 *
 * @throws EMPTY, SHAPE, NON_FINITE, TYPE, WEIGHT, each with the row (and column) at fault, counted from 1; TOO_LARGE
 */
export function dense(
  options: DatasetOptions & {
    readonly x: Lists | readonly number[] | Float32Array | Float64Array;
    readonly columns?: number;
  },
): Dataset {
  checkNames(options, { ...NAMES, x: true, columns: true });
  const x = Array.isArray(options.x) && typeof options.x[0] === "number" ? Float64Array.from(options.x) : options.x;
  const flat = isTyped(x, "Float32Array", "Float64Array") ? x : undefined;
  if (!flat && (ArrayBuffer.isView(x) || !Array.isArray(x))) {
    throw new LearnLossError(
      "TYPE",
      `X is a ${typeName(x)}: give arrays of numbers, a Float32Array or a Float64Array.`,
    );
  }
  const held = flat && attached(flat, "X");
  const columns = flat ? options.columns : (x as Lists)[0]?.length;
  if (x.length === 0 || !columns) {
    throw new LearnLossError(
      "EMPTY",
      flat && !options.columns ? "Give `columns` with a flat X." : "X is empty: give at least one row and column.",
    );
  }
  if (options.columns !== undefined && options.columns !== columns) {
    throw new LearnLossError(
      "SHAPE",
      `Row 1 of X has ${columns} values when \`columns\` is ${String(options.columns)}: leave it out, X tells.`,
    );
  }
  checkColumns(columns);
  const rows = flat ? flat.length / columns : x.length;
  if (!Number.isInteger(rows)) {
    throw new LearnLossError("SHAPE", `X has ${x.length} values, which is not a multiple of ${columns} columns.`);
  }
  const values = held ?? flatten(x as Lists, columns);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]))
      throw notFinite(values[i], Math.floor(i / columns), i % columns, options.columnNames);
  }
  return { rows, columns, x: { kind: "dense", values }, ...checked(options, rows, columns) };
}

/**
 * A dataset from compressed sparse rows, whose arrays are kept, not copied.
 *
 * @throws as `dense`, and SHAPE for columns that do not ascend within a row or lie outside
 */
export function sparse(options: DatasetOptions & Omit<CsrMatrix, "kind"> & { readonly columns: number }): Dataset {
  checkNames(options, { ...NAMES, values: true, indices: true, starts: true, columns: true });
  const { columns } = options;
  const arrays = { values: options.values, indices: options.indices, starts: options.starts };
  for (const [name, array] of Object.entries(arrays)) {
    if (name === "values" ? isTyped(array, "Float32Array", "Float64Array") : isTyped(array, "Int32Array")) continue;
    const expected = name === "values" ? "a Float32Array or a Float64Array" : "an Int32Array";
    throw new LearnLossError("TYPE", `The ${name} of X are a ${typeName(array)}: give ${expected}.`);
  }
  const values = attached(options.values, "X");
  const indices = attached(options.indices, "indices");
  const starts = attached(options.starts, "starts");
  checkColumns(columns);
  const rows = starts.length - 1;
  if (rows < 1 || columns === 0) throw new LearnLossError("EMPTY", "X is empty: give at least one row and column.");
  if (starts[0] !== 0 || starts[rows] !== values.length || indices.length !== values.length) {
    throw new LearnLossError(
      "SHAPE",
      `X has ${values.length} values and ${indices.length} indices, its rows end at ${starts[rows]}.`,
    );
  }
  for (let i = 0; i < rows; i++) {
    if (starts[i + 1]! < starts[i]! || starts[i + 1]! > values.length) {
      throw new LearnLossError("SHAPE", `Row ${i + 1} of X ends before it starts, or after the last value.`);
    }
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      const j = indices[e]!;
      if (j < 0 || j >= columns || (e > starts[i]! && j <= indices[e - 1]!)) {
        throw new LearnLossError(
          "SHAPE",
          `Row ${i + 1} of X has column index ${j}: indices ascend from 0 to ${columns - 1}.`,
        );
      }
      if (!Number.isFinite(values[e])) throw notFinite(values[e], i, j, options.columnNames);
    }
  }
  return { rows, columns, x: { kind: "csr", values, indices, starts }, ...checked(options, rows, columns) };
}

/** The columns of rows of a shape, which is told where it is more than a number. */
export function columnsOf(shape: readonly number[]): Pick<Dataset, "columns" | "shape"> {
  return { columns: shape.reduce((product, n) => product * n, 1), ...(shape.length > 1 ? { shape } : {}) };
}

function typeName(value: unknown): string {
  return value === null || value === undefined
    ? String(value)
    : (Object.getPrototypeOf(Object(value)).constructor?.name ?? typeof value);
}

/** Most columns: their indices are 32-bit in Wasm, and so are the sizes in bytes of arrays over all of them, such as W. */
export const MOST_COLUMNS = 2 ** 28;

function checkColumns(columns: number): void {
  if (!(Number.isInteger(columns) && columns >= 0))
    throw new LearnLossError("TYPE", `columns is ${String(columns)}: give the number of columns, a whole number.`);
  if (columns > MOST_COLUMNS)
    throw new LearnLossError("TOO_LARGE", `There are ${columns} columns: at most ${MOST_COLUMNS} can be taken.`);
}

function flatten(rows: Lists, columns: number): Float64Array {
  const values = new Float64Array(rows.length * columns);
  for (const [i, row] of rows.entries()) {
    if (row?.length !== columns) {
      throw new LearnLossError(
        "SHAPE",
        `Row ${i + 1} of X has ${row?.length ?? 0} values when expected ${columns}, as in row 1.`,
      );
    }
    for (let j = 0; j < columns; j++) {
      const value = row[j];
      if (typeof value !== "number") {
        throw new LearnLossError("TYPE", `X at row ${i + 1}, column ${j + 1} is a ${typeof value}: give numbers.`);
      }
      values[i * columns + j] = value;
    }
  }
  return values;
}

/** The error for a value that is not finite, at a row and a column from 0. */
export function notFinite(value: unknown, row: number, column: number, names?: readonly string[]): LearnLossError {
  const name = names?.[column] ? ` (${names[column]})` : "";
  return new LearnLossError(
    "NON_FINITE",
    `X is ${value} at row ${row + 1}, column ${column + 1}${name}: replace or drop it.`,
  );
}

function checked(
  options: DatasetOptions,
  rows: number,
  columns: number,
): Pick<Dataset, "y" | "weights" | "columnNames" | "groups" | "groupNames"> {
  const { y, weights, columnNames, groups, groupNames } = options;
  if (typeof y !== "object" || y === null)
    throw new LearnLossError("TYPE", `y is ${y}: give an array with a number or a label per row.`);
  if (y.length !== rows)
    throw new LearnLossError("SHAPE", `y has ${y.length} values when expected ${rows}, one per row of X.`);
  const texts = typeof y[0] === "string";
  for (let i = 0; i < rows; i++) {
    if (typeof y[i] !== (texts ? "string" : "number")) {
      throw new LearnLossError("TYPE", `y at row ${i + 1} is a ${typeof y[i]}: give all numbers or all strings.`);
    }
    if (!texts && !Number.isFinite(y[i]))
      throw new LearnLossError("NON_FINITE", `y is ${y[i]} at row ${i + 1}: replace or drop it.`);
  }
  checkTexts("columnNames", columnNames);
  checkTexts("groupNames", groupNames);
  if (columnNames && columnNames.length !== columns) {
    throw new LearnLossError("SHAPE", `There are ${columnNames.length} column names when expected ${columns}.`);
  }
  if (groups) checkGroups(groups, rows, groupNames);
  if (weights) checkWeights(weights, rows);
  return {
    y: texts ? (Array.from(y as readonly string[]) as string[]) : Float64Array.from(y as ArrayLike<number>),
    ...(weights ? { weights: Float64Array.from(weights) } : {}),
    ...(columnNames ? { columnNames: [...columnNames] } : {}),
    ...(groups ? { groups: Int32Array.from(groups) } : {}),
    ...(groups && groupNames ? { groupNames: [...groupNames] } : {}),
  };
}

/** A text by itself would be taken for the list of its letters. */
function checkTexts(name: string, texts: unknown): void {
  if (texts === undefined || (Array.isArray(texts) && texts.every((text) => typeof text === "string"))) return;
  throw new LearnLossError("TYPE", `${name} is no list of texts: give an array such as ["a", "b"].`);
}

/** Room for the counts of every group is made. */
const MOST_GROUPS = 1_000_000;

/** Kernels count rows by group, and trust the numbers. */
function checkGroups(groups: ArrayLike<number>, rows: number, names?: readonly string[]): void {
  if (groups.length !== rows)
    throw new LearnLossError("SHAPE", `groups has ${groups.length} values when expected ${rows}.`);
  for (let i = 0; i < rows; i++) {
    if (names && groups[i]! >= names.length)
      throw new LearnLossError("SHAPE", `The group of row ${i + 1} is ${groups[i]}: there are ${names.length} names.`);
    if (Number.isInteger(groups[i]) && groups[i]! >= 0 && groups[i]! < MOST_GROUPS) continue;
    throw new LearnLossError(
      "SHAPE",
      `The group of row ${i + 1} is ${String(groups[i])}: number the groups from 0, below ${MOST_GROUPS}.`,
    );
  }
}

function checkWeights(weights: ArrayLike<number>, rows: number): void {
  if (weights.length !== rows)
    throw new LearnLossError("SHAPE", `weights has ${weights.length} values when expected ${rows}.`);
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    if (!(weights[i]! >= 0 && Number.isFinite(weights[i]))) {
      throw new LearnLossError("WEIGHT", `The weight of row ${i + 1} is ${weights[i]}: give finite numbers ≥ 0.`);
    }
    sum += weights[i]!;
  }
  if (!(sum > 0 && Number.isFinite(sum))) {
    throw new LearnLossError(
      "WEIGHT",
      `The sample weights sum to ${sum}: at least one row must count, all must add up.`,
    );
  }
}
