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
