import type { Dataset } from "../data/dataset.ts";
import type { ModelKind } from "../models/objective.ts";
import type { Feature, Features } from "./feature.ts";

/**
 * Features whose default bounds fit the loss that they are weighed against. Log losses are of order 1. Where targets are s
 * times as large, so are the weights W of a linear model, and squared errors s² times: ½‖W‖² keeps up, and its λ stays,
 * while λ of ‖W‖₁ and other penalties of first degree has to be s times as large. Their bounds are multiplied by the power
 * of ten nearest to the targets' standard deviation. Bounds that the user gave stay as they are.
 */
export function inUnits<F extends Features>(features: F, model: ModelKind, train: Dataset): F {
  const unit = model === "squared" ? powerOfTen(Math.sqrt(variance(train))) : 1;
  return Object.fromEntries(
    Object.entries(features).map(([name, { relative, ...feature }]): [string, Feature] => [
      name,
      relative && feature.kind !== "l2" ? { ...feature, min: feature.min * unit, max: feature.max * unit } : feature,
    ]),
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
