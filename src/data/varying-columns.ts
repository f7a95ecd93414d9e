import type { Dataset } from "./dataset.ts";

/**
 * The columns that are not the same in all rows, ascending. No other can get a weight: centred, it is zero, so the
 * gradient of the loss is, and every penalty is least at 0.
 */
export function varyingColumns({ rows, columns, x }: Pick<Dataset, "rows" | "columns" | "x">): Int32Array {
  if (x.kind === "csr") {
    const first = new Float64Array(columns);
    const nonzeros = new Int32Array(columns);
    const varies = new Uint8Array(columns);
    for (let e = 0; e < x.indices.length; e++) {
      const j = x.indices[e]!;
      const value = x.values[e]!;
      if (value === 0) continue;
      if (nonzeros[j]!++ === 0) first[j] = value;
      else if (value !== first[j]) varies[j] = 1;
    }
    let found = 0;
    for (let j = 0; j < columns; j++) {
      const count = nonzeros[j]!;
      if (varies[j] || (count > 0 && count < rows)) nonzeros[found++] = j; // found ≤ j: read before
    }
    return nonzeros.slice(0, found);
  }
  // Row by row, of the columns that were the same so far: soon few.
  let same = Int32Array.from({ length: columns }, (_, j) => j);
  for (let i = 1; i < rows && same.length > 0; i++) {
    const row = i * columns;
    if (same.some((j) => x.values[row + j] !== x.values[j]))
      same = same.filter((j) => x.values[row + j] === x.values[j]);
  }
  const constant = new Set(same);
  return Int32Array.from({ length: columns }, (_, j) => j).filter((j) => !constant.has(j));
}
