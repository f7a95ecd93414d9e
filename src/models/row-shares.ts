/** Each row's sample weight over the total of its group; without sample weights one for each group. */
export function rowShares(
  weights: ArrayLike<number> | undefined,
  rows: number,
  rowGroups?: { readonly map: Int32Array; readonly count: number },
): Float64Array {
  const totals = new Float64Array(rowGroups?.count ?? 1);
  const shares = new Float64Array(weights ? rows : 0);
  for (let i = 0; i < rows; i++) {
    const weight = weights?.[i] ?? 1;
    if (weights) shares[i] = weight;
    totals[rowGroups?.map[i] ?? 0]! += weight;
  }
  if (!weights) return totals.map((total) => (total > 0 ? 1 / total : 0));
  for (let i = 0; i < rows; i++) {
    const total = totals[rowGroups?.map[i] ?? 0]!;
    shares[i] = total > 0 ? shares[i]! / total : 0;
  }
  return shares;
}
