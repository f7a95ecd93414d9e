// In which units the unknowns of θ′ are measured, by the moments of the columns (moments.ts).

import { Objective } from "../objective";

/** D is the variance times σ̄/σ, a factor that is kept between 1/`APART` and this. */
const APART: f64 = 16;

/**
 * D of curvature.ts: f64[thetaCount]; 1 for intercepts, whose scale is learned. For weights it goes with the standard deviation,
 * not with its square: columns that hardly vary matter little to a residual that is a plain norm, and rare words, which come
 * together in a few mails, are one direction of enormous curvature. Columns in other units are columns that vary by as much more,
 * and those do need the square: hence `APART`. Passes to 1e-5 from nothing, three to five λ each, with the square, without it at
 * all, and so: Fashion-MNIST, 2000 rows, 782, 695, 688; mails on 2^16 columns 1248, 185, 203; their 2000 commonest words 291, 192,
 * 192; breast cancer, degree 2, columns × 2^±10, 1025, 640, 716; wine, columns × 2^±20, 1023, 1720, 1349.
 */
export function fillMetric(o: Objective, moments: usize, metric: usize): void {
  const typical = typicalDeviation(o, moments);
  for (let i = 0; i < o.weightCount; i++) {
    const deviation = deviationAt(o, moments, i % o.columns, typical);
    const factor = min(max(typical / deviation, 1 / APART), APART);
    store<f64>(metric + ((<usize>i) << 3), factor * deviation * deviation);
  }
  for (let i = o.weightCount; i < o.thetaCount; i++) store<f64>(metric + ((<usize>i) << 3), 1);
}

/**
 * The curvature of the data terms along weight i for the stopping rule, of losses whose second derivatives sum up to `bend`; of
 * columns that vary more than others what D says, which is less.
 */
export function curvatureAt(o: Objective, moments: usize, i: i32, typical: f64, bend: f64): f64 {
  const deviation = deviationAt(o, moments, i % o.columns, typical);
  return bend * deviation * min(deviation, typical);
}

/** Σ of the variances of the columns: the mean of ‖x̃‖² over the rows. */
export function totalVariance(o: Objective, moments: usize): f64 {
  let sum: f64 = 0;
  for (let j = 0; j < o.columns; j++) sum += load<f64>(moments + ((<usize>(o.columns + j)) << 3));
  return sum;
}

/** s̄ of stopping.ts: the root mean square of the standard deviations of the columns that vary; 1 where none does. */
export function typicalDeviation(o: Objective, moments: usize): f64 {
  let varying: f64 = 0;
  for (let j = 0; j < o.columns; j++) if (load<f64>(moments + ((<usize>(o.columns + j)) << 3)) > 0) varying++;
  return varying > 0 ? Math.sqrt(totalVariance(o, moments) / varying) : 1;
}

/** The standard deviation of a column, floored at what rounding leaves of a constant one, whose weights do not move. */
function deviationAt(o: Objective, moments: usize, j: i32, typical: f64): f64 {
  const mean = load<f64>(moments + ((<usize>j) << 3));
  const spread = load<f64>(moments + ((<usize>(o.columns + j)) << 3)) + (o.width == 4 ? 1e-7 : 1e-14) * mean * mean;
  return spread > 0 ? Math.sqrt(spread) : typical;
}
