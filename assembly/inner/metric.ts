// In which units the unknowns of θ′ are measured, by the moments of the columns (moments.ts).

import { Objective } from "../objective";

/** D of curvature.ts: f64[thetaCount]. */
export function fillMetric(o: Objective, moments: usize, metric: usize): void {
  for (let i = 0; i < o.thetaCount; i++) store<f64>(metric + ((<usize>i) << 3), metricAt(o, moments, i));
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

/**
 * The unit of unknown i squared: its column's variance, floored at what rounding leaves of a constant column, over its
 * share of nonzeros to the ¾; 1 for intercepts. By the variance alone rare words, which come together in a few mails,
 * would be one direction of enormous curvature. Mails on 2^16 columns, l2 = 1e-5 over columns, powers 0, ½, ¾, 1: 219,
 * 61, 47, 53 passes; l1 = 1e-4: 292, 62, 51, 52; MNIST, l2 = 1e-4: 140, 117, 121, 117; l1 = l2 = 1e-4: 104, 87, 90, 100.
 */
function metricAt(o: Objective, moments: usize, i: i32): f64 {
  if (i >= o.weightCount) return 1;
  const j = i % o.columns;
  const mean = load<f64>(moments + ((<usize>j) << 3));
  const spread = load<f64>(moments + ((<usize>(o.columns + j)) << 3)) + (o.width == 4 ? 1e-7 : 1e-14) * mean * mean;
  if (!(spread > 0)) return 1;
  const root = Math.sqrt(min(1, max(load<f64>(moments + ((<usize>(2 * o.columns + j)) << 3)), 1e-12)));
  return spread / (root * Math.sqrt(root));
}
