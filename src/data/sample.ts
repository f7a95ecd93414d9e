import { Random } from "../random.ts";

/**
 * About `count` of so many rows, by chance but always the same, ascending: in proportion from each stratum, at least one.
 *
 * @param strata a number per row: its class, its group
 */
export function sampleRows(strata: ArrayLike<number>, count: number): number[] {
  const rows = strata.length;
  const quotas = new Map<number, number>();
  for (let i = 0; i < rows; i++) quotas.set(strata[i]!, (quotas.get(strata[i]!) ?? 0) + count / rows);
  const taken: number[] = [];
  for (const row of new Random(0, 4).shuffle(Int32Array.from({ length: rows }, (_, i) => i))) {
    const left = quotas.get(strata[row]!)!;
    if (left > 0) taken.push(row);
    quotas.set(strata[row]!, left - 1);
  }
  return taken.sort((a, b) => a - b);
}

/**
 * About `count` of so many rows, by chance but always the same, ascending, with what each stands for: half of them in
 * proportion from each stratum, half alike from all, so that no mean over the rows varies more than twice as much as with
 * either, and rare strata are whole.
 *
 * @param strata a number per row from 0 on: its class, its group
 */
export function stratifiedSample(
  strata: Int32Array,
  count: number,
): { readonly rows: Int32Array; readonly weights: Float64Array } {
  const rows = strata.length;
  const sizes = new Int32Array(strata.reduce((most, s) => Math.max(most, s), 0) + 1);
  for (let i = 0; i < rows; i++) sizes[strata[i]!]!++;
  const half = Float64Array.from(sizes, (size) => Math.min((count * size) / (2 * rows), size));
  const alike = levelOf(
    half.map((part, s) => sizes[s]! - part),
    count / 2,
  );
  const quotas = sizes.map((size, s) => Math.min(size, Math.max(1, Math.round(half[s]! + alike))));
  const left = quotas.slice();
  const taken = new Uint8Array(rows);
  for (const row of new Random(0, 4).shuffle(Int32Array.from({ length: rows }, (_, i) => i))) {
    if (left[strata[row]!]!-- > 0) taken[row] = 1;
  }
  const sample = rowsWhere(rows, (i) => taken[i] === 1);
  return {
    rows: sample,
    weights: Float64Array.from(sample, (i) => sizes[strata[i]!]! / quotas[strata[i]!]!),
  };
}

/** The level q at which Σ min(size, q) is `count`. */
function levelOf(sizes: Float64Array, count: number): number {
  let left = count;
  const ascending = sizes.slice().sort();
  for (let s = 0; s < ascending.length; s++) {
    const level = left / (ascending.length - s);
    if (ascending[s]! >= level) return level;
    left -= ascending[s]!;
  }
  return Number.POSITIVE_INFINITY;
}

/** The rows of which this is so, ascending. */
export function rowsWhere(rows: number, is: (row: number) => boolean): Int32Array {
  const found = new Int32Array(rows);
  let count = 0;
  for (let i = 0; i < rows; i++) if (is(i)) found[count++] = i;
  return found.slice(0, count);
}
