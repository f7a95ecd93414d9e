import type { SparseColumn } from "./lp-matrix.ts";

/** The problem as given, unscaled. */
export interface LpModel {
  readonly columns: readonly SparseColumn[];
  readonly cost: readonly number[];
  readonly rowLower: readonly number[];
  readonly rowUpper: readonly number[];
  readonly colLower: readonly number[];
  readonly colUpper: readonly number[];
}

/** Residuals of the problem as given. */
export interface Kkt {
  /** Largest violation of a bound, over 1 + |bound|. */
  readonly primal: number;
  /** Largest reduced cost or row dual of the wrong sign, over 1 + |cost| (1 for rows). */
  readonly dual: number;
  /** |primal − dual objective| over 1 + |objective|. */
  readonly gap: number;
}

/** What rounding x and y to doubles does to a sum, times its terms. */
const ROUNDING = 2 ** -52;

/**
 * The residuals, and `excess`, the largest of them without what the rounding of x and y alone may do: where terms of 1e9
 * cancel, no vector of doubles has a residual of 1e-9.
 */
export function kktOf(
  model: LpModel,
  x: Float64Array,
  rowDuals: Float64Array,
  offset: number,
): { objective: number; reducedCosts: Float64Array; kkt: Kkt; excess: number } {
  const { columns, cost, rowLower, rowUpper, colLower, colUpper } = model;
  const activity = new Float64Array(rowLower.length);
  const activityTerms = new Float64Array(rowLower.length);
  const reducedCosts = Float64Array.from(cost);
  const costTerms = new Float64Array(cost.length);
  let objective = offset;
  let bound = offset;
  let terms = Math.abs(offset);
  for (const [j, { rows, values }] of columns.entries()) {
    const xj = x[j]!;
    objective += cost[j]! * xj;
    terms += Math.abs(cost[j]! * xj);
    let reduced = cost[j]!;
    let size = Math.abs(reduced);
    for (const [e, i] of rows.entries()) {
      const a = values[e]!;
      activity[i]! += a * xj;
      activityTerms[i]! += Math.abs(a * xj);
      const price = a * rowDuals[i]!;
      reduced -= price;
      size += Math.abs(price);
    }
    reducedCosts[j] = reduced;
    costTerms[j] = size;
  }
  let primal = 0;
  let dual = 0;
  let excess = 0;
  const look = (value: number, low: number, high: number, d: number, size: number, rounds: number, prices: number) => {
    const beyond = Math.max(low - value, value - high);
    // Not a number where terms overflow, of which nothing can be said.
    if (!(beyond <= 0)) {
      const unit = 1 + Math.abs(value < low ? low : high);
      primal = Math.max(primal, beyond / unit);
      excess = Math.max(excess, (beyond - ROUNDING * rounds) / unit);
    }
    const active = d > 0 ? low : high;
    if (Math.abs(active) === Number.POSITIVE_INFINITY) {
      dual = Math.max(dual, Math.abs(d) / (1 + size));
      excess = Math.max(excess, (Math.abs(d) - ROUNDING * prices) / (1 + size));
    } else if (d !== 0) {
      bound += d * active;
      terms += prices * Math.abs(active);
    }
  };
  for (let i = 0; i < activity.length; i++) {
    const y = rowDuals[i]!;
    look(activity[i]!, rowLower[i]!, rowUpper[i]!, y, 0, activityTerms[i]!, Math.abs(y));
  }
  for (let j = 0; j < x.length; j++)
    look(x[j]!, colLower[j]!, colUpper[j]!, reducedCosts[j]!, Math.abs(cost[j]!), 0, costTerms[j]!);
  const difference = Math.abs(objective - bound);
  const unit = 1 + Math.abs(objective);
  const kkt: Kkt = { primal, dual, gap: difference / unit };
  return { objective, reducedCosts, kkt, excess: Math.max(excess, (difference - ROUNDING * terms) / unit) };
}

/** What a proof must be worth, relative to the numbers that it adds up: far above what rounding does to them. */
const MARGIN = 1e-9;
/** A coefficient smaller than this share of the terms that it sums up counts as 0. */
const NOISE = 1e-9;

/** A ray of the scaled problem without what rounding left in it. */
export function denoised(ray: Float64Array): Float64Array {
  let largest = 0;
  for (const value of ray) largest = Math.max(largest, Math.abs(value));
  return ray.map((value) => (Math.abs(value) < 1e-11 * largest ? 0 : value));
}

function unit(ray: Float64Array): Float64Array | undefined {
  let largest = 0;
  for (const value of ray) largest = Math.max(largest, Math.abs(value));
  return largest > 0 && largest < Number.POSITIVE_INFINITY ? ray.map((value) => value / largest) : undefined;
}

/**
 * Whether y or −y proves infeasibility: the least y·(A x) over the columns' bounds is above the most over the rows'. Of
 * the entries that would need a bound which a row does not have, too small to be pivots, the proof does without.
 */
export function checkDualRay(model: LpModel, y: Float64Array): { ray: Float64Array; margin: number } | undefined {
  const { rowLower, rowUpper } = model;
  for (const sign of [1, -1]) {
    const bounded = y.map((value, i) =>
      Number.isFinite(sign * value > 0 ? rowUpper[i]! : rowLower[i]!) ? sign * value : 0,
    );
    const ray = unit(bounded);
    const margin = ray ? dualMargin(model, ray) : 0;
    if (ray && margin > 0) return { ray, margin };
  }
  return undefined;
}

function dualMargin({ columns, rowLower, rowUpper, colLower, colUpper }: LpModel, y: Float64Array): number {
  let margin = 0;
  let size = 0;
  const add = (coefficient: number, bound: number) => {
    if (coefficient === 0) return;
    margin += coefficient * bound;
    size += Math.abs(coefficient * bound);
  };
  for (const [i, value] of y.entries()) add(-value, value > 0 ? rowUpper[i]! : rowLower[i]!);
  for (const [j, { rows, values }] of columns.entries()) {
    let sum = 0;
    let terms = 0;
    for (const [e, i] of rows.entries()) {
      sum += values[e]! * y[i]!;
      terms += Math.abs(values[e]! * y[i]!);
    }
    const bound = sum > 0 ? colLower[j]! : colUpper[j]!;
    if (Math.abs(sum) > NOISE * terms || Number.isFinite(bound)) add(sum, bound);
  }
  return Number.isFinite(margin) && margin > MARGIN * size ? margin / size : 0;
}

/** Whether the direction stays feasible from any feasible point, and the cost falls along it. */
export function checkPrimalRay(
  { columns, cost, rowLower, rowUpper, colLower, colUpper }: LpModel,
  direction: Float64Array,
): { ray: Float64Array; margin: number } | undefined {
  const ray = unit(direction);
  if (!ray) return undefined;
  const activity = new Float64Array(rowLower.length);
  const terms = new Float64Array(rowLower.length);
  let rate = 0;
  let size = 0;
  for (const [j, { rows, values }] of columns.entries()) {
    const step = ray[j]!;
    if (
      (step > 0 && colUpper[j] !== Number.POSITIVE_INFINITY) ||
      (step < 0 && colLower[j] !== Number.NEGATIVE_INFINITY)
    )
      return undefined;
    rate -= cost[j]! * step;
    size += Math.abs(cost[j]! * step);
    for (const [e, i] of rows.entries()) {
      activity[i]! += values[e]! * step;
      terms[i]! += Math.abs(values[e]! * step);
    }
  }
  for (const [i, value] of activity.entries()) {
    if (Math.abs(value) <= NOISE * terms[i]!) continue;
    if (value > 0 ? rowUpper[i] !== Number.POSITIVE_INFINITY : rowLower[i] !== Number.NEGATIVE_INFINITY)
      return undefined;
  }
  return rate > MARGIN * size ? { ray, margin: rate / size } : undefined;
}

/** A lower bound above its upper bound: infeasible, proved by that row alone, or by a column without any row (ray 0). */
export function crossedBounds({
  rowLower,
  rowUpper,
  colLower,
  colUpper,
}: LpModel): { status: "infeasible"; ray: Float64Array; margin: number } | undefined {
  const row = rowLower.findIndex((low, i) => low > rowUpper[i]!);
  if (row < 0 && !colLower.some((low, j) => low > colUpper[j]!)) return undefined;
  const ray = new Float64Array(rowLower.length);
  if (row >= 0) ray[row] = 1;
  return { status: "infeasible" as const, ray, margin: 1 };
}
