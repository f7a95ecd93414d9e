/**
 * The least c·x with A x ≥ b, x ≥ 0 in whole numbers, without rounding: the criss-cross method (T. Terlaky, A convergent
 * criss-cross method, Optimization 16, 1985) on a fraction-free tableau, whose entries have the last pivot as their
 * common denominator. For a feasible and bounded problem of a dozen rows. The result is rounded once.
 */
export function exactOptimum(A: readonly (readonly number[])[], b: readonly number[], c: readonly number[]): number {
  const m = A.length;
  const n = c.length;
  const costScale = scaleOf(c);
  // Slacks s = A x − b are basic: −A x + s = −b. The last row has the reduced costs, and minus the objective.
  const T = A.map((row, i) => {
    const scale = scaleOf([...row, b[i]!]);
    const unit = A.map((_, k) => (k === i ? 1n : 0n));
    return [...row.map((value) => -BigInt(value * scale)), ...unit, -BigInt(b[i]! * scale)];
  });
  T.push([...c.map((value) => BigInt(value * costScale)), ...new Array<bigint>(m + 1).fill(0n)]);
  const basis = A.map((_, i) => n + i);
  let denominator = 1n;
  const last = n + m;
  for (;;) {
    let row = -1;
    let column = -1;
    for (let j = 0; j < last && column < 0; j++) {
      row = basis.indexOf(j);
      if (row >= 0 && T[row]![last]! < 0n) {
        column = T[row]!.findIndex((value, k) => k < last && value < 0n && !basis.includes(k));
        if (column < 0) throw new Error("infeasible");
      } else if (row < 0 && T[m]![j]! < 0n) {
        column = j;
        for (let i = 0; i < m; i++) if (T[i]![j]! > 0n && (row < 0 || basis[i]! < basis[row]!)) row = i;
        if (row < 0) throw new Error("unbounded");
      }
    }
    if (column < 0) return ratio(-T[m]![last]!, denominator) / costScale;
    const pivotRow = T[row]!;
    const pivot = pivotRow[column]!;
    const sign = pivot < 0n ? -1n : 1n;
    for (const [i, line] of T.entries()) {
      if (i === row) continue;
      const factor = line[column]!;
      for (let k = 0; k <= last; k++) line[k] = (sign * (line[k]! * pivot - factor * pivotRow[k]!)) / denominator;
    }
    if (sign < 0n) for (let k = 0; k <= last; k++) pivotRow[k] = -pivotRow[k]!;
    denominator = sign * pivot;
    basis[row] = column;
  }
}

/** The least power of two that makes the numbers whole. */
function scaleOf(values: readonly number[]): number {
  let scale = 1;
  while (values.some((value) => !Number.isInteger(value * scale))) scale *= 2;
  return scale;
}

/** a / b to twenty decimals, rounded. */
function ratio(a: bigint, b: bigint): number {
  return Number((a * 10n ** 20n) / b) / 1e20;
}
