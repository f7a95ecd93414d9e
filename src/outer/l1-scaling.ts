import type { Arena, Pointer } from "../wasm/arena.ts";
import type { LpKernels } from "../wasm/lp.ts";
import type { Box } from "./box.ts";

/** Least spread of a share, over the largest: scaled by its inverse, the sum of shares is right to rounding beside 1/this. */
const LEAST = 1e-4;

/** The units of the engine: φ and e centered and over their standard deviations, α over `alphaScale`. */
export interface L1Scaling {
  readonly center: Float64Array;
  readonly spread: Float64Array;
  readonly errorCenter: number;
  readonly errorSpread: number;
  readonly alphaScale: number;
}

/** Means and squared deviations of φ and e, kept up to date batch by batch. */
export class Moments {
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;
  #errorMean = 0;
  #errorSquares = 0;
  #count = 0;
  readonly #arena: Arena<LpKernels>;
  /** Center, sums and squares of φ; those of e. */
  readonly #scratch: Pointer;

  constructor(k: number, arena: Arena<LpKernels>) {
    this.#mean = new Float64Array(k);
    this.#squares = new Float64Array(k);
    this.#arena = arena;
    this.#scratch = arena.f64(3 * (k + 1));
  }

  /**
   * Takes `n` rows of φ and e in, summed up about the last mean, or the first row: one pass over them.
   * @returns false, and takes nothing in, if a sum is not finite
   */
  add(phi: Pointer, error: Pointer, n: number): boolean {
    const k = this.#mean.length;
    const { kernels } = this.#arena;
    const scratch = this.#arena.viewF64(this.#scratch, 3 * (k + 1));
    const center = scratch.subarray(0, k);
    const first = this.#count === 0;
    center.set(first ? this.#arena.viewF64(phi, k) : this.#mean);
    scratch[k] = first ? this.#arena.viewF64(error, 1)[0]! : this.#errorMean;
    scratch.fill(0, k + 1);
    const at = (i: number) => this.#scratch + i * 8;
    kernels.l1FitMoments(phi, n, k, at(0), at(k + 1), at(2 * k + 1));
    kernels.l1FitMoments(error, n, 1, at(k), at(3 * k + 1), at(3 * k + 2));
    const sums = scratch.subarray(k + 1, 2 * k + 1);
    const squares = scratch.subarray(2 * k + 1, 3 * k + 1);
    const errorCenter = scratch[k]!;
    const errorSum = scratch[3 * k + 1]!;
    const errorSquares = scratch[3 * k + 2]!;
    let finite = Number.isFinite(errorSquares);
    for (let j = 0; j < k; j++) finite &&= Number.isFinite(squares[j]!);
    if (!finite) return false;
    // About another center: Σ(v − c)² = Σ(v − mean)² + n(mean − c)², for the batch and for what came before alike.
    const count = this.#count + n;
    this.#errorMean = errorCenter + errorSum / count;
    this.#errorSquares += Math.max(errorSquares - (errorSum * errorSum) / count, 0);
    for (let j = 0; j < k; j++) {
      this.#squares[j] = this.#squares[j]! + Math.max(squares[j]! - (sums[j]! * sums[j]!) / count, 0);
      this.#mean[j] = center[j]! + sums[j]! / count;
    }
    this.#count = count;
    return true;
  }

  scaling(F: Box): L1Scaling {
    const k = this.#mean.length;
    const spread = this.#spreads(F);
    let alphaScale = 0;
    for (let j = 0; j < k; j++) {
      const low = F.lower[j]!;
      const high = F.upper[j]!;
      const middle = high === Number.POSITIVE_INFINITY ? Math.max(low, 1) : low > 0 ? Math.sqrt(low * high) : high / 2;
      alphaScale += middle * spread[j]!;
    }
    return {
      center: this.#mean.slice(),
      spread,
      errorCenter: this.#errorMean,
      errorSpread: this.#errorSpread(),
      alphaScale: alphaScale || 1,
    };
  }

  /** Whether the moments have moved by an order of magnitude: the basis is given up for better conditioning. */
  farFrom({ center, spread, errorSpread }: L1Scaling, F: Box): boolean {
    if (farApart(errorSpread, this.#errorSpread())) return true;
    for (const [j, size] of this.#spreads(F).entries()) {
      if (farApart(spread[j]!, size)) return true;
      if (Math.abs(center[j]! - this.#mean[j]!) > 8 * Math.max(spread[j]!, size)) return true;
    }
    return false;
  }

  #spreads(F: Box): Float64Array {
    const spreads = this.#squares.map((sum, j) => deviation(sum / this.#count, this.#mean[j]!));
    const shared = (j: number) => F.data !== undefined && F.data[j] !== 0 && F.lower[j] !== F.upper[j];
    const largest = spreads.reduce((most, size, j) => (shared(j) ? Math.max(most, size) : most), 0);
    return spreads.map((size, j) => (shared(j) ? Math.max(size, LEAST * largest) : size));
  }

  #errorSpread(): number {
    return deviation(this.#errorSquares / this.#count, this.#errorMean);
  }
}

/** 1 for what is constant but for rounding. */
function deviation(variance: number, mean: number): number {
  const sd = Math.sqrt(variance);
  return sd > 1e-13 * Math.abs(mean) && sd > 0 ? sd : 1;
}

function farApart(x: number, y: number): boolean {
  return x > 8 * y || y > 8 * x;
}

/** A hard row of scaled (μ, α): ≥ 0, or = 0. */
export interface ConeRow {
  readonly row: Float64Array;
  readonly equality: boolean;
}

/** F homogenized, each row with a largest entry of 1. */
export function conesOf(F: Box, { spread, alphaScale }: L1Scaling): ConeRow[] {
  const k = spread.length;
  const rows: ConeRow[] = [];
  const add = (row: Float64Array, equality: boolean) => {
    let largest = 0;
    for (let j = 0; j <= k; j++) largest = Math.max(largest, Math.abs(row[j]!));
    if (largest === 0) return;
    for (let j = 0; j <= k; j++) row[j]! /= largest;
    rows.push({ row, equality });
  };
  const side = (j: number, mu: number, alpha: number, equality: boolean) => {
    const row = new Float64Array(k + 1);
    row[j] = mu / spread[j]!;
    row[k] = alpha / alphaScale;
    add(row, equality);
  };
  for (let j = 0; j < k; j++) {
    const low = F.lower[j]!;
    const high = F.upper[j]!;
    side(j, 1, -low, low === high);
    if (low < high && high < Number.POSITIVE_INFINITY) side(j, -1, high, false);
  }
  if (F.data?.some((a, j) => a !== 0 && F.lower[j] !== F.upper[j])) {
    const row = new Float64Array(k + 1);
    for (let j = 0; j < k; j++) row[j] = F.data[j]! / spread[j]!;
    row[k] = -(F.total ?? 1) / alphaScale;
    add(row, true);
  }
  return rows;
}
