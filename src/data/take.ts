import { given, LearnLossError } from "../errors.ts";
import { checkDataset, type Dataset } from "./dataset.ts";

/** The rows with these indices, counted from 0, in this order. @throws SHAPE for one that there is not */
export function take(dataset: Dataset, rows: ArrayLike<number>): Dataset {
  checkDataset("dataset", dataset);
  for (let i = 0; i < given("rows", rows).length; i++) {
    if (Number.isInteger(rows[i]) && rows[i]! >= 0 && rows[i]! < dataset.rows) continue;
    throw new LearnLossError("SHAPE", `Row ${rows[i]} does not exist: give indices from 0 to ${dataset.rows - 1}.`);
  }
  return { ...takeLabels(dataset, rows), x: takeMatrix(dataset, rows) };
}

/** What those rows have besides X. */
export function takeLabels({ x: _, ...dataset }: Dataset, rows: ArrayLike<number>): Omit<Dataset, "x"> {
  const { y, weights, groups } = dataset;
  return {
    ...dataset,
    rows: rows.length,
    y: ArrayBuffer.isView(y) ? gather(y, rows) : Array.from(rows, (i) => y[i]!),
    ...(weights ? { weights: gather(weights, rows) } : {}),
    ...(groups ? { groups: gather(groups, rows) } : {}),
  };
}

/** The values at these places. `Float64Array.from` with a function takes ten times as long. */
export function gather<A extends Float64Array | Int32Array>(values: A, places: ArrayLike<number>): A {
  const taken = new (values.constructor as { new (length: number): A })(places.length);
  for (let i = 0; i < places.length; i++) taken[i] = values[places[i]!]!;
  return taken;
}

function takeMatrix({ x, columns }: Dataset, rows: ArrayLike<number>): Dataset["x"] {
  const Values = x.values.constructor as Float64ArrayConstructor;
  if (x.kind === "dense") {
    const values = new Values(rows.length * columns);
    for (let to = 0; to < rows.length; to++) copy(x.values, rows[to]! * columns, columns, values, to * columns);
    return { kind: "dense", values };
  }
  const starts = new Int32Array(rows.length + 1);
  for (let to = 0; to < rows.length; to++)
    starts[to + 1] = starts[to]! + x.starts[rows[to]! + 1]! - x.starts[rows[to]!]!;
  const values = new Values(starts[rows.length]!);
  const indices = new Int32Array(starts[rows.length]!);
  for (let to = 0; to < rows.length; to++) {
    const from = x.starts[rows[to]!]!;
    const count = starts[to + 1]! - starts[to]!;
    copy(x.values, from, count, values, starts[to]!);
    copy(x.indices, from, count, indices, starts[to]!);
  }
  return { kind: "csr", values, indices, starts };
}

/** Below so many values a loop is faster than a copy of bytes, which wants a view. */
const SHORT = 32;

/** `count` values of one array into another. */
export function copy<A extends Float32Array | Float64Array | Int32Array>(
  source: A,
  from: number,
  count: number,
  target: A,
  to: number,
): void {
  if (count > SHORT) target.set(source.subarray(from, from + count), to);
  else for (let i = 0; i < count; i++) target[to + i] = source[from + i]!;
}
