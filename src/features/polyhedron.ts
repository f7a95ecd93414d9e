import { LearnLossError, listed } from "../errors.ts";
import { isWeight, type Weight } from "./weight.ts";

/** Weights of a λ, at most: the basis of the outer fit is dense, (k + 2)² numbers. */
export const MOST_WEIGHTS = 1000;

/** Rounding allowed in bounds that are to sum to 1: ten times 0.1 is less than 1. */
export const ROUNDING = 1e-9;

/**
 * F: the weights λ that may be chosen, lower ≤ λ ≤ upper with the normalization data·λ = total. A loss may be scaled
 * at will, so without the normalization the same minimizer would have many λ.
 */
export class Polyhedron {
  readonly weights: Readonly<Record<string, Weight>>;
  readonly names: readonly string[];
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** a of a·λ = total: 1 for shares and, without them, for fixed weights, which set the scale then; 0 for penalties. */
  readonly data: Float64Array;
  readonly total: number;
  /** Beside shares a fixed weight sets the scale of the penalties. */
  readonly #anchored: boolean;

  /** @throws EMPTY, TOO_LARGE, OPTION, INFEASIBLE when no λ satisfies the bounds and the normalization */
  constructor(weights: Readonly<Record<string, Weight>>) {
    const entries = Object.entries(weights);
    if (entries.length === 0)
      throw new LearnLossError("EMPTY", "No weights were given: name at least one, such as { l2: atLeast(0) }.");
    if (entries.length > MOST_WEIGHTS) {
      throw new LearnLossError(
        "TOO_LARGE",
        `There are ${entries.length} weights: at most ${MOST_WEIGHTS} can be tuned.`,
      );
    }
    const odd = entries.find(([, weight]) => !isWeight(weight));
    if (odd)
      throw new LearnLossError("OPTION", `${odd[0]} is no weight: give what fixed, atLeast, between or share return.`);
    this.weights = Object.fromEntries(entries.map(([name, weight]) => [name, { ...weight }]));
    this.names = entries.map(([name]) => name);
    this.lower = Float64Array.from(entries, ([, w]) => w.min);
    this.upper = Float64Array.from(entries, ([, w]) => w.max);
    const shares = entries.filter(([, w]) => w.role === "share");
    const fixedSum = entries.reduce((sum, [, w]) => sum + (w.role === "fixed" ? w.min : 0), 0);
    if (shares.length === 0 && fixedSum === 0) {
      throw new LearnLossError(
        "OPTION",
        `Nothing sets the scale of the loss among ${listed(this.names)}: make one weight fixed(1), or several share().`,
      );
    }
    const scaling = shares.length > 0 ? "share" : "fixed";
    this.data = Float64Array.from(entries, ([, w]) => (w.role === scaling ? 1 : 0));
    this.total = shares.length > 0 ? 1 : fixedSum;
    this.#anchored = shares.length > 0 && fixedSum > 0;
    const least = shares.reduce((sum, [, w]) => sum + w.min, 0);
    const most = shares.reduce((sum, [, w]) => sum + w.max, 0);
    if (shares.length > 0 && (least > 1 + ROUNDING || most < 1 - ROUNDING)) {
      throw new LearnLossError(
        "INFEASIBLE",
        `The shares ${listed(shares.map(([name]) => name))} must sum to 1, but their bounds sum to ${least} … ${most}: widen them.`,
      );
    }
  }

  /** k: the number of weights. */
  get size(): number {
    return this.names.length;
  }

  /** The λ of F near the ray through `lambda`: data weights sum to `total`, everything within bounds. */
  normalize(lambda: ArrayLike<number>): Float64Array {
    const result = Float64Array.from(lambda);
    const dataSum = () => {
      let sum = 0;
      for (let j = 0; j < result.length; j++) sum += result[j]! * this.data[j]!;
      return sum;
    };
    // Clipping a share changes the sum, and scaling may leave a bound again: a few rounds settle it.
    for (let round = 0, settled = false; round < 8 && !settled; round++) {
      const scale = this.total / dataSum();
      settled = true;
      for (let j = 0; j < result.length; j++) {
        const scaled = this.#anchored && !this.data[j] ? result[j]! : result[j]! * scale;
        const value = Math.min(Math.max(scaled, this.lower[j]!), this.upper[j]!);
        if (value !== result[j]) settled = false;
        result[j] = value;
      }
    }
    // What is left goes to the shares that have room.
    let rest = this.total - dataSum();
    for (let j = 0; j < result.length && rest !== 0; j++) {
      if (this.data[j] === 0) continue;
      const value = Math.min(Math.max(result[j]! + rest, this.lower[j]!), this.upper[j]!);
      rest -= value - result[j]!;
      result[j] = value;
    }
    return result;
  }

  /**
   * From the slope ∂e/∂log λ to the gradient of x ↦ e(normalize(exp x)) at x = log λ, for an e that does not change when
   * λ is scaled: shares held at a bound do not scale with the others, nor do the weights of `still`.
   */
  gradient(lambda: ArrayLike<number>, slope: Float64Array, still: ReadonlySet<number> = new Set()): Float64Array {
    let pull = 0;
    let room = 0;
    const free = slope.map((s, j) => {
      if (still.has(j) || (this.data[j] && this.#stops(lambda[j]!, s, j))) return 0;
      pull += s;
      if (this.data[j]) room += lambda[j]!;
      return 1;
    });
    return slope.map((s, j) => (free[j] ? s - (this.data[j] && room > 0 ? (lambda[j]! / room) * pull : 0) : s));
  }

  /**
   * Penalties at a bound beyond which e of this slope would fall, by more than `least` per unit of log λ. Scaled with the shares
   * they would be clipped, or leave their bound.
   */
  stopped(lambda: ArrayLike<number>, slope: Float64Array, least: number): Set<number> {
    const stops = (s: number, j: number) => !this.data[j] && Math.abs(s) > least && this.#stops(lambda[j]!, s, j);
    return new Set(Array.from(slope.keys()).filter((j) => stops(slope[j]!, j)));
  }

  /** Whether λ_j is at a bound, and e of slope s in log λ_j falls beyond. */
  #stops(value: number, s: number, j: number): boolean {
    return (value <= this.lower[j]! * (1 + 1e-9) && s > 0) || (value >= this.upper[j]! * (1 - 1e-9) && s < 0);
  }

  toRecord(lambda: ArrayLike<number>): Record<string, number> {
    return Object.fromEntries(this.names.map((name, j) => [name, lambda[j]!]));
  }

  /** @throws LAMBDA when a weight is missing, negative, not finite or unknown, or when all are 0 */
  fromRecord(record: Readonly<Record<string, number>>): Float64Array {
    const odd = Object.keys(record).find((name) => !Object.hasOwn(this.weights, name));
    if (odd !== undefined)
      throw new LearnLossError("LAMBDA", `There is no weight ${odd}: the names are ${listed(this.names)}.`);
    const lambda = Float64Array.from(this.names, (name) => {
      const value = Object.hasOwn(record, name) ? record[name] : undefined;
      if (value === undefined || !Number.isFinite(value) || value < 0) {
        throw new LearnLossError(
          "LAMBDA",
          `λ.${name} is ${typeof value === "string" ? `"${value}"` : value}: give a finite number ≥ 0 for each of ${listed(this.names)}.`,
        );
      }
      return value;
    });
    if (lambda.every((value) => value === 0))
      throw new LearnLossError("LAMBDA", "All weights of λ are 0: there is no loss to minimize.");
    return lambda;
  }
}
