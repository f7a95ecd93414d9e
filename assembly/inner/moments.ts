// Weighted mean and variance of each column: the solvers work on centred columns (intercepts are not penalized, so
// b′ = b + W·mean is only another name for the intercept), and step lengths are in units of a column.

import { groupOf, shareOf, weighs } from "../losses/block";
import { BLOCK, Objective, panelOf } from "../objective";

/** Variances below this share of the squared mean are rounding: the column is constant. */
const ROUNDING: f64 = 1e-24;

/**
 * out: f64[2·columns], means and variances, rows weighted as in the data terms (each group's weights sum to 1). Groups with
 * λ = 0 have no part in them, unless uniform cross-entropy needs all rows.
 */
export function columnMoments(pointer: usize, out: usize): void {
  const o = changetype<Objective>(pointer);
  memory.fill(out, 0, (<usize>o.columns) << 4);
  if (o.width == 4) moments<f32>(o, out);
  else moments<f64>(o, out);
  for (let j = 0; j < o.columns; j++) {
    const at = out + ((<usize>j) << 3);
    const mean = load<f64>(at);
    const variance = at + ((<usize>o.columns) << 3);
    if (load<f64>(variance) <= ROUNDING * mean * mean) store<f64>(variance, 0);
  }
  o.passes += 1 / <f64>(o.columnIndices == 0 ? o.outputs : 2 * o.outputs);
}

function moments<T>(o: Objective, out: usize): void {
  const d = o.columns;
  const variances = out + ((<usize>d) << 3);
  let groups: f64 = 0;
  for (let g = 0; g < o.groups; g++) if (takesPart(o, g)) groups++;
  const share = 1 / max(groups, 1);
  let total: f64 = 0; // 1 but for rounding; the sparse formula needs it exactly
  for (let i = 0; i < o.rows; i++) total += weightOf(o, i, share);
  if (!(total > 0)) return;
  if (o.columnIndices != 0) {
    for (let i = 0; i < o.rows; i++) {
      const weight = weightOf(o, i, share);
      const place = o.rowStarts + ((<usize>o.placeOf(i)) << 2);
      const end = load<i32>(place, 4);
      for (let k = load<i32>(place); k < end; k++) {
        const at = (<usize>load<i32>(o.columnIndices + ((<usize>k) << 2))) << 3;
        const x = <f64>load<T>(o.values + <usize>k * sizeof<T>());
        store<f64>(out + at, load<f64>(out + at) + weight * x);
        store<f64>(variances + at, load<f64>(variances + at) + weight * x * x);
      }
    }
    for (let j = 0; j < d; j++) {
      const at = (<usize>j) << 3;
      const mean = load<f64>(out + at) / total;
      store<f64>(out + at, mean);
      store<f64>(variances + at, max(0, load<f64>(variances + at) / total - mean * mean));
    }
    return;
  }
  for (let i = 0; i < o.rows; i += BLOCK) sumPanel<T>(o, i, share, out);
  for (let j = 0; j < d; j++) store<f64>(out + ((<usize>j) << 3), load<f64>(out + ((<usize>j) << 3)) / total);
  for (let i = 0; i < o.rows; i += BLOCK) sumSquares<T>(o, i, share, out);
}

function takesPart(o: Objective, group: i32): bool {
  if (o.uniformWeights != 0 && load<f64>(o.groupWeights + ((<usize>o.groups) << 3)) > 0) return true;
  return load<f64>(o.groupWeights + ((<usize>group) << 3)) > 0;
}

function weightOf(o: Objective, row: i32, share: f64): f64 {
  return takesPart(o, groupOf(o, row)) ? shareOf(o, row) * share : 0;
}

/** Weighted sums of the columns. */
function sumPanel<T>(o: Objective, first: i32, share: f64, out: usize): void {
  const count = min(BLOCK, o.rows - first);
  if (!weighs(o, first, count)) return;
  let row = panelOf<T>(o, first, count);
  for (let i = first; i < first + count; i++) {
    const weight = weightOf(o, i, share);
    for (let j = 0; j < o.columns; j++) {
      const at = (<usize>j) << 3;
      const x = <f64>load<T>(row + <usize>j * sizeof<T>());
      store<f64>(out + at, load<f64>(out + at) + weight * x);
    }
    row += <usize>o.columns * sizeof<T>();
  }
}

/** Weighted sums of squared distances from the means. */
function sumSquares<T>(o: Objective, first: i32, share: f64, out: usize): void {
  const count = min(BLOCK, o.rows - first);
  if (!weighs(o, first, count)) return;
  const variances = out + ((<usize>o.columns) << 3);
  let row = panelOf<T>(o, first, count);
  for (let i = first; i < first + count; i++) {
    const weight = weightOf(o, i, share);
    for (let j = 0; j < o.columns; j++) {
      const at = (<usize>j) << 3;
      const x = <f64>load<T>(row + <usize>j * sizeof<T>()) - load<f64>(out + at);
      store<f64>(variances + at, load<f64>(variances + at) + weight * x * x);
    }
    row += <usize>o.columns * sizeof<T>();
  }
}

/** Whether column j, by `moments`, does not vary. */
export function isConstant(o: Objective, moments: usize, j: i32): bool {
  return load<f64>(moments + ((<usize>(o.columns + j)) << 3)) == 0;
}
