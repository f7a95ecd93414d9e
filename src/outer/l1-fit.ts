import { LearnLossError } from "../errors.ts";
import { Arena, type Pointer } from "../wasm/arena.ts";
import { type LpKernels, lpKernels } from "../wasm/lp.ts";
import { type Box, minimumOver } from "./box.ts";

export interface L1FitOptions {
  /** k: features of an observation. */
  readonly k: number;
  /** F: the weights λ = μ/α that are allowed. */
  readonly F: Box;
}

/** No λ in F orders the models so: Σ weights·λ·(φ_incumbent − φ_model) ≥ margin > 0 for every λ in F. */
export interface OrderingProof {
  readonly incumbent: number;
  readonly models: readonly number[];
  /** Nonnegative, they sum to 1: this mixture of models has a smaller loss than the incumbent whatever λ is. */
  readonly weights: readonly number[];
  readonly margin: number;
}

export type L1FitOutcome =
  | {
      readonly status: "optimal";
      /** μ/α, within F. */
      readonly lambda: Float64Array;
      readonly mu: Float64Array;
      readonly alpha: number;
      readonly intercept: number;
      /** Σ wᵢ|eᵢ − μ·φᵢ − c| in the units given. */
      readonly objective: number;
      /** Violation of the hard rows relative to (μ, α), stationarity relative to Σ w, and the relative duality gap. */
      readonly kkt: { readonly primal: number; readonly dual: number; readonly gap: number };
      /** Even the flattest fit is too steep: α is at its least, e does not grow with any λ·φ. */
      readonly apex: boolean;
      readonly iterations: number;
    }
  | { readonly status: "infeasible"; readonly proof: OrderingProof; readonly iterations: number }
  | { readonly status: "iteration-limit" | "numerical"; readonly iterations: number };

/** α₀ in scaled units, where 1 is a λ from the middle of F that explains all of e. */
const GUARD = 1e-6;

/**
 * Weighted L1 regression of e on φ, e ≈ μ·φ + c, where μ is a positive multiple of some λ in F and the incumbent has
 * the least loss among the models it is ordered against. Warm: rows, weights and incumbents change between solves.
 */
export class L1Fit {
  readonly #k: number;
  readonly #kernels: LpKernels;
  #F: Box;
  #arena: Arena<LpKernels>;
  #block: Pointer = 0;
  #capacity = 0;
  #uploaded = 0;
  #phi: Float64Array;
  #error = new Float64Array(16);
  #weight = new Float64Array(16);
  #ordered = new Uint8Array(16);
  #count = 0;
  #incumbent = -1;
  readonly #moments: Moments;
  #scaling: Scaling | undefined;
  #cones: { readonly row: Float64Array; readonly equality: boolean }[] = [];
  #disposed = false;

  /** @param kernels another build of the engine, for differential tests */
  constructor({ k, F }: L1FitOptions, kernels: LpKernels = lpKernels()) {
    if (!Number.isInteger(k) || k < 1 || k > 1000)
      throw new LearnLossError("SHAPE", `k is ${k}: give the number of features, 1 to 1000.`);
    this.#k = k;
    this.#F = checkedBox(F, k);
    this.#kernels = kernels;
    this.#arena = new Arena(this.#kernels);
    this.#phi = new Float64Array(16 * k);
    this.#moments = new Moments(k);
  }

  /** Number of observations. */
  get size(): number {
    return this.#count;
  }

  /**
   * Appends observations of weight 1.
   * @param phi n × k, row after row  @param error n
   * @param ordered whether the incumbent must not have a larger loss than this model. @default all
   */
  append(phi: ArrayLike<number>, error: ArrayLike<number>, ordered?: ArrayLike<boolean | number>): void {
    this.#alive();
    const n = error.length;
    if (phi.length !== n * this.#k || (ordered && ordered.length !== n)) {
      throw new LearnLossError(
        "SHAPE",
        `φ has ${phi.length} numbers for ${n} errors: give ${n} × ${this.#k}, and one flag each.`,
      );
    }
    checkFinite(phi, error, this.#k);
    const needed = this.#count + n;
    if (needed > this.#error.length) {
      const capacity = Math.max(needed, 2 * this.#error.length);
      this.#phi = grown(this.#phi, capacity * this.#k);
      this.#error = grown(this.#error, capacity);
      this.#weight = grown(this.#weight, capacity);
      const flags = new Uint8Array(capacity);
      flags.set(this.#ordered);
      this.#ordered = flags;
    }
    for (let i = 0; i < n; i++) {
      this.#error[this.#count + i] = error[i]!;
      this.#weight[this.#count + i] = 1;
      this.#ordered[this.#count + i] = !ordered || ordered[i] ? 1 : 0;
    }
    this.#phi.set(phi, this.#count * this.#k);
    this.#moments.add(phi, error);
    this.#count = needed;
  }

  /** One weight ≥ 0 per observation. */
  setWeights(weights: ArrayLike<number>): void {
    this.#alive();
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      const w = weights[i]!;
      if (!(w >= 0) || w === Number.POSITIVE_INFINITY)
        throw new LearnLossError("WEIGHT", `Weight ${i} is ${w}: give finite numbers ≥ 0.`);
      sum += w;
    }
    if (weights.length !== this.#count || !(sum > 0)) {
      throw new LearnLossError(
        "WEIGHT",
        `${weights.length} weights, sum ${sum}: give ${this.#count}, at least one of them positive.`,
      );
    }
    this.#weight.set(weights);
  }

  /** The observation j whose loss must be the least; undefined for none. */
  setIncumbent(j: number | undefined): void {
    this.#alive();
    const incumbent = j ?? -1;
    if (!Number.isInteger(incumbent) || incumbent < -1 || incumbent >= this.#count)
      throw new LearnLossError("SHAPE", `Incumbent ${j} does not exist: there are ${this.#count} observations.`);
    if (incumbent === this.#incumbent) return;
    this.#incumbent = incumbent;
    if (this.#block) this.#kernels.l1FitIncumbent(this.#block, incumbent);
  }

  /** Another F, such as a trust region within the first one. */
  setF(F: Box): void {
    this.#alive();
    this.#F = checkedBox(F, this.#k);
    this.#drop();
  }

  /** @param options.maxIterations @default 50·(k + 2) + 20·rows, at least 10000 */
  solve(options: { readonly maxIterations?: number } = {}): L1FitOutcome {
    this.#alive();
    if (this.#count === 0) throw new LearnLossError("EMPTY", "There is no observation to fit: append some.");
    this.#upload();
    const limit = options.maxIterations ?? Math.max(10_000, 50 * (this.#k + 2) + 20 * this.#count);
    const status = this.#kernels.l1FitSolve(this.#block, limit);
    const iterations = this.#kernels.l1FitIterations(this.#block);
    if (status === 2) return { status: "iteration-limit", iterations };
    if (status === 3) return { status: "numerical", iterations };
    this.#kernels.l1FitVerify(this.#block);
    if (status === 1) {
      const proof = this.#proof();
      return proof ? { status: "infeasible", proof, iterations } : { status: "numerical", iterations };
    }
    return this.#optimal(iterations);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#arena.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): void {
    if (this.#disposed) throw new LearnLossError("DISPOSED", "This fit was disposed: create a new one.");
  }

  #drop(): void {
    if (this.#block) this.#arena.free(this.#block);
    this.#block = 0;
    this.#uploaded = 0;
  }

  #view(which: number, length: number): Float64Array {
    return this.#arena.viewF64(this.#kernels.l1FitArray(this.#block, which) >>> 0, length);
  }

  /** Brings Wasm up to date: another scaling when the spread has changed a lot, else only the new rows. */
  #upload(): void {
    const k = this.#k;
    if (this.#uploaded < this.#count || !this.#block) {
      const fresh = this.#moments.scaling(this.#F);
      if (!this.#scaling || !this.#block || farApart(this.#scaling, fresh)) {
        this.#drop();
        this.#scaling = fresh;
      }
    }
    const scaling = this.#scaling!;
    if (!this.#block || this.#count > this.#capacity) {
      this.#cones = conesOf(this.#F, scaling, k);
      const capacity = (Math.max(this.#count + (this.#count >> 1), 32) + 7) & ~7;
      const coneCapacity = (this.#cones.length + 2) & ~1;
      const block = this.#arena.bytes(this.#kernels.l1FitBytes(k, capacity, coneCapacity));
      this.#kernels.l1FitInit(block, k, capacity, coneCapacity, GUARD);
      if (this.#block) {
        this.#kernels.l1FitMove(this.#block, block);
        this.#arena.free(this.#block);
        this.#block = block;
      } else {
        this.#block = block;
        this.#setCones();
        this.#kernels.l1FitIncumbent(block, this.#incumbent);
      }
      this.#capacity = capacity;
    }
    const added = this.#count - this.#uploaded;
    if (added > 0) {
      const from = this.#uploaded;
      const phi = this.#arena.copy(this.#phi.subarray(from * k, this.#count * k));
      const error = this.#arena.copy(this.#error.subarray(from, this.#count));
      this.#view(4, k).set(scaling.center);
      this.#view(5, k).set(scaling.spread);
      this.#kernels.l1FitAppend(this.#block, added, phi, error, scaling.errorCenter, scaling.errorSpread);
      this.#kernels.l1FitRevise(this.#block);
      this.#arena.free(phi);
      this.#arena.free(error);
      this.#uploaded = this.#count;
    }
    this.#view(0, this.#count).set(this.#weight.subarray(0, this.#count));
    this.#view(1, this.#count).set(this.#ordered.subarray(0, this.#count));
  }

  #setCones(): void {
    const pointer = this.#arena.f64(this.#k + 1);
    for (const { row, equality } of this.#cones) {
      this.#arena.viewF64(pointer, this.#k + 1).set(row);
      this.#kernels.l1FitCone(this.#block, pointer, equality ? 1 : 0);
    }
    this.#arena.free(pointer);
  }

  #optimal(iterations: number): L1FitOutcome {
    const k = this.#k;
    const { center, spread, errorCenter, errorSpread, alphaScale } = this.#scaling!;
    const x = Float64Array.from(this.#view(2, k + 2));
    const alpha = (x[k]! * errorSpread) / alphaScale;
    const mu = Float64Array.from(spread, (sd, j) => (x[j]! * errorSpread) / sd);
    let intercept = x[k + 1]! * errorSpread + errorCenter;
    for (let j = 0; j < k; j++) intercept -= mu[j]! * center[j]!;
    const { lower, upper } = this.#F;
    const lambda = mu.map((value, j) => Math.min(Math.max(value / alpha, lower[j]!), upper[j]!));
    const number = (which: number) => this.#kernels.l1FitNumber(this.#block, which);
    const objective = number(0);
    const kkt = {
      primal: number(3),
      dual: number(4),
      gap: Math.abs(objective - number(1)) / (1e-6 * number(2) + objective),
    };
    const apex = x[k]! <= GUARD * (1 + 1e-6);
    return {
      status: "optimal",
      lambda,
      mu,
      alpha,
      intercept,
      objective: objective * errorSpread,
      kkt,
      apex,
      iterations,
    };
  }

  /** The ordering rows' duals, checked against the data as given. */
  #proof(): OrderingProof | undefined {
    if (this.#incumbent < 0) return undefined;
    const duals = this.#view(3, this.#count);
    const models: number[] = [];
    const raw: number[] = [];
    for (let i = 0; i < this.#count; i++) {
      const z = duals[i]!;
      if (i !== this.#incumbent && this.#ordered[i] && z > 1e-12) {
        models.push(i);
        raw.push(z);
      }
    }
    const sum = raw.reduce((a, z) => a + z, 0);
    const weights = raw.map((z) => z / sum);
    const margin = orderingMargin(this.#phi, this.#k, this.#incumbent, models, weights, this.#F);
    return margin > 0 ? { incumbent: this.#incumbent, models, weights, margin } : undefined;
  }
}

/**
 * The least of Σ weights·λ·(φ_incumbent − φ_model) over λ in F, less what rounding may have added. Positive: no λ in F
 * prefers the incumbent to all of the models.
 */
export function orderingMargin(
  phi: ArrayLike<number>,
  k: number,
  incumbent: number,
  models: readonly number[],
  weights: readonly number[],
  F: Box,
): number {
  const difference = new Float64Array(k);
  let rounding = 0;
  for (let j = 0; j < k; j++) {
    const base = phi[incumbent * k + j]!;
    let size = 0;
    for (const [n, i] of models.entries()) {
      const other = phi[i * k + j]!;
      difference[j]! += weights[n]! * (base - other);
      size += weights[n]! * (Math.abs(base) + Math.abs(other));
    }
    rounding += 2e-16 * (models.length + 4) * size * Math.min(F.upper[j]!, Number.MAX_VALUE);
  }
  return minimumOver(F, difference) - rounding;
}

export function createL1Fit(options: L1FitOptions): L1Fit {
  return new L1Fit(options);
}

interface Scaling {
  readonly center: Float64Array;
  readonly spread: Float64Array;
  readonly errorCenter: number;
  readonly errorSpread: number;
  readonly alphaScale: number;
}

/** Means and squared deviations of φ and e, kept up to date row by row (Welford). */
class Moments {
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;
  #errorMean = 0;
  #errorSquares = 0;
  #count = 0;

  constructor(k: number) {
    this.#mean = new Float64Array(k);
    this.#squares = new Float64Array(k);
  }

  add(phi: ArrayLike<number>, error: ArrayLike<number>): void {
    const mean = this.#mean;
    const squares = this.#squares;
    const k = mean.length;
    for (let i = 0; i < error.length; i++) {
      const share = 1 / ++this.#count;
      const above = error[i]! - this.#errorMean;
      this.#errorMean += above * share;
      this.#errorSquares += above * (error[i]! - this.#errorMean);
      for (let j = 0; j < k; j++) {
        const value = phi[i * k + j]!;
        const difference = value - mean[j]!;
        const next = mean[j]! + difference * share;
        mean[j] = next;
        squares[j] = squares[j]! + difference * (value - next);
      }
    }
  }

  scaling(F: Box): Scaling {
    const center = Float64Array.from(this.#mean);
    let alphaScale = 0;
    const spread = this.#squares.map((sum, j) => {
      const sd = Math.sqrt(sum / this.#count);
      const size = sd > 1e-13 * Math.abs(center[j]!) && sd > 0 ? sd : 1;
      const low = F.lower[j]!;
      const high = F.upper[j]!;
      const middle = high === Number.POSITIVE_INFINITY ? Math.max(low, 1) : low > 0 ? Math.sqrt(low * high) : high / 2;
      alphaScale += middle * size;
      return size;
    });
    const errorSd = Math.sqrt(this.#errorSquares / this.#count);
    const errorSpread = errorSd > 1e-13 * Math.abs(this.#errorMean) && errorSd > 0 ? errorSd : 1;
    return { center, spread, errorCenter: this.#errorMean, errorSpread, alphaScale: alphaScale || 1 };
  }
}

/** A sum is finite only if its terms are; where it is not, they are looked at. */
function checkFinite(phi: ArrayLike<number>, error: ArrayLike<number>, k: number): void {
  let sum = 0;
  for (let i = 0; i < phi.length; i++) sum += phi[i]! * 0;
  for (let i = 0; i < error.length; i++) sum += error[i]! * 0;
  if (sum === 0) return;
  for (let i = 0; i < error.length; i++) {
    if (!Number.isFinite(error[i]))
      throw new LearnLossError("NON_FINITE", `Error ${i} is ${error[i]}: give finite numbers.`);
  }
  for (let i = 0; i < phi.length; i++) {
    if (!Number.isFinite(phi[i])) {
      const row = Math.floor(i / k);
      throw new LearnLossError("NON_FINITE", `φ of row ${row}, column ${i - row * k} is ${phi[i]}.`);
    }
  }
}

/** Scaled by another order of magnitude: the basis is given up for better conditioning. */
function farApart(a: Scaling, b: Scaling): boolean {
  const far = (x: number, y: number) => x > 8 * y || y > 8 * x;
  if (far(a.errorSpread, b.errorSpread)) return true;
  return a.spread.some(
    (sd, j) => far(sd, b.spread[j]!) || Math.abs(a.center[j]! - b.center[j]!) > 8 * Math.max(sd, b.spread[j]!),
  );
}

/** F homogenized, rows ≥ 0 in scaled (μ, α) with a largest entry of 1. */
function conesOf(F: Box, { spread, alphaScale }: Scaling, k: number): { row: Float64Array; equality: boolean }[] {
  const rows: { row: Float64Array; equality: boolean }[] = [];
  const add = (coefficients: (j: number) => number, alpha: number, equality: boolean) => {
    const row = Float64Array.from({ length: k + 1 }, (_, j) =>
      j < k ? coefficients(j) / spread[j]! : alpha / alphaScale,
    );
    const largest = Math.max(...row.map(Math.abs));
    if (largest > 0) rows.push({ row: row.map((value) => value / largest), equality });
  };
  for (let j = 0; j < k; j++) {
    const low = F.lower[j]!;
    const high = F.upper[j]!;
    const unit = (i: number) => (i === j ? 1 : 0);
    if (low === high) {
      add(unit, -low, true);
    } else {
      add(unit, -low, false);
      if (high < Number.POSITIVE_INFINITY) add((i) => -unit(i), high, false);
    }
  }
  if (F.data?.some((a, j) => a !== 0 && F.lower[j] !== F.upper[j])) {
    const { data } = F;
    add((j) => data[j]!, -(F.total ?? 1), true);
  }
  return rows;
}

function checkedBox(F: Box, k: number): Box {
  const { lower, upper, data } = F;
  if (lower.length !== k || upper.length !== k || (data && data.length !== k)) {
    throw new LearnLossError("SHAPE", `F has ${lower.length} lower and ${upper.length} upper bounds: give ${k} each.`);
  }
  for (let j = 0; j < k; j++) {
    if (!(lower[j]! >= 0) || lower[j] === Number.POSITIVE_INFINITY || !(upper[j]! >= lower[j]!)) {
      throw new LearnLossError(
        "BOUNDS",
        `F bounds λ${j} by [${lower[j]}, ${upper[j]}]: give 0 ≤ lower ≤ upper, lower finite.`,
      );
    }
  }
  return F;
}

function grown(array: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(length);
  result.set(array);
  return result;
}
