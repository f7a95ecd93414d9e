import { Random } from "../random.ts";

/**
 * About `count` of so many rows, by chance but for the seed, ascending: in proportion from each stratum, at least one.
 *
 * @param strata a number per row: its class, its group
 */
export function sampleRows(strata: ArrayLike<number>, count: number, seed: number): number[] {
  const rows = strata.length;
  const quotas = new Map<number, number>();
  for (let i = 0; i < rows; i++) quotas.set(strata[i]!, (quotas.get(strata[i]!) ?? 0) + count / rows);
  const taken: number[] = [];
  for (const row of new Random(seed, 4).shuffle(Int32Array.from({ length: rows }, (_, i) => i))) {
    const left = quotas.get(strata[row]!)!;
    if (left > 0) taken.push(row);
    quotas.set(strata[row]!, left - 1);
  }
  return taken.sort((a, b) => a - b);
}

/** The rows of which this is so, ascending. */
export function rowsWhere(rows: number, is: (row: number) => boolean): Int32Array {
  const found = new Int32Array(rows);
  let count = 0;
  for (let i = 0; i < rows; i++) if (is(i)) found[count++] = i;
  return found.slice(0, count);
}
