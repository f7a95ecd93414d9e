import type { Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";

export const KNOTS = [0.1, 0.5];

/** λ of the data term. */
export const DATA = 2.5;

export interface SquaredPenalty {
  readonly l1: number;
  readonly l2: number;
  readonly hinges: readonly number[];
}

/** Columns far from 0 that have much in common, the last one constant, the one before it the same as the first. */
export function squaredProblem(rows: number, columns: number, common = 3) {
  const random = new Random(rows + columns);
  const values = new Float64Array(rows * columns);
  const targets = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const shared = common * random.normal();
    const own = values.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j < columns; j++) own[j] = 10 * (j % 3) + shared + random.normal();
    own[columns - 2] = own[0]!;
    own[columns - 1] = 7;
    targets[i] = 5 + own[0]! - 2 * own[1]! + 0.5 * own[2]! + random.normal();
  }
  const weights = Float64Array.from({ length: rows }, () => Math.floor(3 * random.uniform()));
  return { dataset: { rows, columns, x: { kind: "dense", values }, weights } as Rows, targets };
}

/**
 * The largest distance of 0 from the subdifferential of ℓ_λ at θ, over weights and intercept, all sums written out; beside
 * the largest |∂| at the mean.
 */
export function violation(
  { dataset, targets }: ReturnType<typeof squaredProblem>,
  λ: SquaredPenalty,
  theta: Float64Array,
) {
  const { rows, columns: d } = dataset;
  const { values } = dataset.x as { readonly values: Float64Array };
  const weights = dataset.weights as Float64Array;
  const total = weights.reduce((sum, w) => sum + w, 0);
  const mean = targets.reduce((sum, y, i) => sum + weights[i]! * y, 0) / total;
  const slopes = new Float64Array(d + 1);
  const atMean = new Float64Array(d + 1);
  for (let i = 0; i < rows; i++) {
    let score = theta[d]!;
    for (let j = 0; j < d; j++) score += theta[j]! * values[i * d + j]!;
    const share = (DATA * weights[i]!) / total;
    for (let j = 0; j <= d; j++) {
      const x = j < d ? values[i * d + j]! : 1;
      slopes[j]! += share * (score - targets[i]!) * x;
      atMean[j]! += share * (mean - targets[i]!) * x;
    }
  }
  const distance = (g: number, w: number) => {
    const outward = w < 0 ? -g : g;
    const x = Math.abs(w);
    let [low, high] = [outward + λ.l2 * x, outward + λ.l2 * x];
    for (const [knot, weight] of [[0, λ.l1] as const, ...λ.hinges.map((h, b) => [KNOTS[b]!, h] as const)]) {
      if (x >= knot) high += weight;
      if (x > knot) low += weight;
      else if (x === 0 && knot === 0) low -= weight;
    }
    return low > 0 ? low : high < 0 ? -high : 0;
  };
  const each = slopes.map((g, j) => (j < d ? distance(g, theta[j]!) : Math.abs(g)));
  return Math.max(...each) / Math.max(...atMean.map(Math.abs));
}
