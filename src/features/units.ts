import { UNLIKE } from "../data/audit.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ModelKind } from "../models/model-kind.ts";
import type { Feature, Features } from "./feature.ts";

/** Rows that tell what unit X is in: of more of them, so many. */
const TELLING = 1000;

/**
 * Features whose default bounds fit the loss that they are weighed against, and the unit of X. Log losses are of order 1. Where
 * targets are s times as large, so are the weights W of a linear model, and squared errors s² times: ½‖W‖² keeps up, and its λ
 * stays, while λ of ‖W‖₁ and other penalties of first degree has to be s times as large. Where X is x times as large, W is 1/x
 * times: λ of first degree has to be x times as large, that of ½‖W‖² x² times. Bounds are multiplied by powers of ten: s by that
 * nearest to the targets' standard deviation, x by the root mean square of those of the columns where that is not of order 1
 * (0.1 to 10), x² by its square where that is 10 or more (tumors × 5 and × 11, 20 and 40 rows, ended at the bound, up to 21 %
 * above the loss they have at × 1). Raw pixels, 0 to 255: log loss of digits 0.255 → 0.209, of pixels / 1000 2.303 → 0.209.
 * Bounds that the user gave stay as they are.
 */
export function inUnits<F extends Features>(features: F, model: ModelKind, train: Dataset): F {
  const target = model === "squared" ? powerOfTen(Math.sqrt(variance(train))) : 1;
  const root = deviation(train);
  const column = powerTowardsOne(root);
  const square = Math.max(column ** 2, powerTowardsOne(root ** 2));
  return Object.fromEntries(
    Object.entries(features).map(([name, { relative, ...feature }]): [string, Feature] => {
      if (!relative) return [name, feature];
      const unit = feature.kind === "l2" ? square : target * column;
      return [name, { ...feature, min: feature.min * unit, max: feature.max * unit }];
    }),
  ) as F;
}

/** The nearest on the log scale; by multiplication, which is the same on every engine. */
function powerOfTen(value: number): number {
  let power = 1;
  while (value > power * Math.sqrt(10)) power *= 10;
  while (value < power / Math.sqrt(10)) power /= 10;
  return power;
}

/** Of the targets, weighted; 1 where there is none to speak of. */
function variance({ y, weights }: Dataset): number {
  if (!ArrayBuffer.isView(y)) return 1;
  const weight = (i: number) => weights?.[i] ?? 1;
  const total = y.reduce((sum, _, i) => sum + weight(i), 0);
  const mean = y.reduce((sum, value, i) => sum + (weight(i) / total) * value, 0);
  const result = y.reduce((sum, value, i) => sum + (weight(i) / total) * (value - mean) ** 2, 0);
  return result > 1e-300 && Number.isFinite(result) ? result : 1;
}

/** The next on the log scale towards 1. */
function powerTowardsOne(value: number): number {
  let power = 1;
  while (value >= 10 * power) power *= 10;
  while (value < power / 10) power /= 10;
  return power;
}

/**
 * Root mean square of the standard deviations of the columns that vary, in some of the rows; 1 where columns are of several units,
 * and of sparse rows, whose values are counts of a kind.
 */
function deviation({ rows, columns, x }: Dataset): number {
  if (x.kind !== "dense") return 1;
  const stride = Math.ceil(rows / TELLING);
  const sums = Array.from({ length: columns }, () => ({
    count: 0,
    mean: 0,
    squares: 0,
    least: Infinity,
    most: -Infinity,
  }));
  for (let i = 0; i < rows; i += stride) {
    for (const [j, sum] of sums.entries()) {
      const value = x.values[i * columns + j]!;
      const from = value - sum.mean;
      sum.count++;
      sum.mean += from / sum.count;
      sum.squares += from * (value - sum.mean);
      sum.least = Math.min(sum.least, value);
      sum.most = Math.max(sum.most, value);
    }
  }
  const varying = sums.filter(({ least, most }) => most > least);
  const ranges = varying.map(({ least, most }) => most - least);
  if (varying.length === 0 || Math.max(...ranges) > UNLIKE * Math.min(...ranges)) return 1;
  const mean = varying.reduce((total, { squares, count }) => total + squares / count, 0) / varying.length;
  return mean > 1e-300 && Number.isFinite(mean) ? Math.sqrt(mean) : 1;
}
