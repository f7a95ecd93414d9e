import { LearnLossError } from "../errors.ts";

/** A in one of three forms: dense row by row, compressed columns, or compressed rows. */
export type LpMatrix =
  | { readonly rows: number; readonly dense: ArrayLike<number> }
  | {
      readonly rows: number;
      readonly columnStarts: ArrayLike<number>;
      readonly rowIndices: ArrayLike<number>;
      readonly values: ArrayLike<number>;
    }
  | {
      readonly rows: number;
      readonly rowStarts: ArrayLike<number>;
      readonly columnIndices: ArrayLike<number>;
      readonly values: ArrayLike<number>;
    };

/** One column of A. */
export interface SparseColumn {
  readonly rows: number[];
  readonly values: number[];
}

/** The columns without zeros; entries of the same row in a row are summed. @throws SHAPE, NON_FINITE */
export function columnsOf(matrix: LpMatrix, count: number): SparseColumn[] {
  const { rows } = matrix;
  const columns: SparseColumn[] = Array.from({ length: count }, () => ({ rows: [], values: [] }));
  const add = (row: number, column: number, value: number) => {
    if (!Number.isFinite(value))
      throw new LearnLossError("NON_FINITE", `A[${row}, ${column}] is ${value}: give a finite number.`);
    const target = columns[column];
    if (!target || !(Number.isInteger(row) && row >= 0 && row < rows))
      throw new LearnLossError("SHAPE", `A[${row}, ${column}] is outside of ${rows} rows × ${count} columns.`);
    if (value === 0) return;
    const last = target.rows.length - 1;
    if (last < 0 || target.rows[last] !== row) {
      target.rows.push(row);
      target.values.push(value);
      return;
    }
    const sum = target.values[last]! + value;
    if (!Number.isFinite(sum))
      throw new LearnLossError(
        "NON_FINITE",
        `The entries of A[${row}, ${column}] sum to ${sum}: give smaller numbers.`,
      );
    target.values[last] = sum;
    if (sum === 0) {
      target.rows.pop();
      target.values.pop();
    }
  };
  if ("dense" in matrix) {
    if (matrix.dense.length !== rows * count)
      throw new LearnLossError("SHAPE", `A has ${matrix.dense.length} entries: give ${rows} × ${count}.`);
    for (let i = 0; i < rows; i++) for (let j = 0; j < count; j++) add(i, j, matrix.dense[i * count + j]!);
    return columns;
  }
  const byColumn = "columnStarts" in matrix;
  if (!byColumn && !("rowStarts" in matrix))
    throw new LearnLossError(
      "SHAPE",
      "A is missing: give it dense, by columns (columnStarts …) or by rows (rowStarts …).",
    );
  const starts = byColumn ? matrix.columnStarts : matrix.rowStarts;
  const indices = byColumn ? matrix.rowIndices : matrix.columnIndices;
  const lines = byColumn ? count : rows;
  const entries = matrix.values?.length;
  if (starts.length !== lines + 1 || indices?.length !== entries || starts[lines] !== entries) {
    throw new LearnLossError(
      "SHAPE",
      `The sparse matrix has ${starts.length} starts, ${indices?.length} indices and ${entries} values: give ${lines + 1} starts, the last of them the number of values.`,
    );
  }
  for (let line = 0; line < lines; line++) {
    if (starts[0] !== 0 || !(starts[line]! <= starts[line + 1]! && starts[line + 1]! <= entries!))
      throw new LearnLossError("SHAPE", `The starts are ${starts[line]} and ${starts[line + 1]}: they ascend from 0.`);
    for (let e = starts[line]!; e < starts[line + 1]!; e++) {
      if (byColumn) add(indices[e]!, line, matrix.values[e]!);
      else add(line, indices[e]!, matrix.values[e]!);
    }
  }
  return columns;
}

/** Rows one after the other, enough of them to be worth telling: a dense column, or a dense block of one. */
export function isRun(rows: readonly number[]): boolean {
  return rows.length >= 8 && rows.every((row, e) => row === rows[0]! + e);
}
