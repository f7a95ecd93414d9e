import { given, LearnLossError } from "../errors.ts";
import { MOST_WEIGHTS } from "../features/polyhedron.ts";
import { checkNames } from "../option-names.ts";
import { Arena, type Pointer } from "../wasm/arena.ts";
import { type LpKernels, lpKernels } from "../wasm/lp.ts";
import { type Box, checkBox } from "./box.ts";
import { LARGEST } from "./fittable.ts";
import { type ConeRow, conesOf, type L1Scaling, Moments } from "./l1-scaling.ts";
import { iterationLimit, MOST_ITERATIONS } from "./lp-numbers.ts";
import { type OrderingProof, orderingMargin } from "./ordering-proof.ts";
import { ENDS } from "./scaled-simplex.ts";

/** Options of `createL1Fit`. */
export interface L1FitOptions {
  /** k: features of an observation. */
  readonly k: number;
  /** F: the weights λ = μ/α that are allowed. */
  readonly F: Box;
}

/** How a solve ended, with what it found or proved. */
export type L1FitOutcome =
  | {
      readonly status: "optimal";
      /** μ/α, within F. */
      readonly lambda: Float64Array;
      /** μ, the slope of the fit: e per φ. */
      readonly mu: Float64Array;
      /** α, by which μ is longer than λ. */
      readonly alpha: number;
      /** c. */
      readonly intercept: number;
      /** Σ wᵢ|eᵢ − μ·φᵢ − c| in the units given. */
      readonly objective: number;
      /**
       * Violation of the hard rows relative to (μ, α), stationarity relative to Σ w, and the duality gap relative to the
       * objective + 1e-6·Σ w·(standard deviation of e): of an exact fit it is what rounding leaves.
       */
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
  readonly #F: Box;
  #arena: Arena<LpKernels>;
  #block: Pointer = 0;
  #capacity = 0;
  #uploaded = 0;
  /** φ, row after row, and then e, as given: with room for `#room` observations. */
  #observations: Pointer = 0;
  #room = 0;
  #weight = new Float64Array(0);
  #ordered = new Uint8Array(0);
  #count = 0;
  #reweighed = false;
  #incumbent = -1;
  readonly #moments: Moments;
  #scaling: L1Scaling | undefined;
  #cones: readonly ConeRow[] = [];
  #disposed = false;

  /** @param kernels another build of the engine, for differential tests */
  constructor(options: L1FitOptions, kernels: LpKernels = lpKernels()) {
    const { k, F } = given("createL1Fit", options);
    if (!Number.isInteger(k) || k < 1) throw new LearnLossError("SHAPE", `k is ${k}: give the number of features.`);
    if (k > MOST_WEIGHTS)
      throw new LearnLossError("TOO_LARGE", `k is ${k}: this dense basis takes up to ${MOST_WEIGHTS} features.`);
    this.#k = k;
    checkBox(F, k);
    this.#F = copyOf(F);
    this.#kernels = kernels;
    this.#arena = new Arena(this.#kernels);
    this.#moments = new Moments(k, this.#arena);
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
    const n = given("error", error).length;
    if (given("phi", phi).length !== n * this.#k || (ordered && ordered.length !== n)) {
      throw new LearnLossError(
        "SHAPE",
        `φ has ${phi.length} numbers for ${n} errors: give ${n} × ${this.#k}, and one flag each.`,
      );
    }
    const first = this.#count;
    const needed = first + n;
    if (needed > this.#room) this.#grow(needed + (needed >> 1));
    this.#arena.viewF64(this.#phiAt(first), n * this.#k).set(phi);
    this.#arena.viewF64(this.#errorAt(first), n).set(error);
    if (n > 0 && !this.#moments.add(this.#phiAt(first), this.#errorAt(first), n)) throw notFinite(phi, error, this.#k);
    this.#weight.fill(1, first, needed);
    for (let i = 0; i < n; i++) this.#ordered[first + i] = !ordered || ordered[i] ? 1 : 0;
    this.#count = needed;
  }

  /** One weight ≥ 0 per observation. */
  setWeights(weights: ArrayLike<number>): void {
    this.#alive();
    if (given("weights", weights).length !== this.#count)
      throw new LearnLossError("SHAPE", `There are ${weights.length} weights: give ${this.#count}, one each.`);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      const w = weights[i]!;
      if (!(w >= 0) || w === Number.POSITIVE_INFINITY)
        throw new LearnLossError("WEIGHT", `Weight ${i} is ${w}: give finite numbers ≥ 0.`);
      sum += w;
    }
    if (!(sum > 0)) throw new LearnLossError("WEIGHT", "All weights are 0: at least one observation must count.");
    this.#weight.set(weights);
    this.#reweighed = true;
  }

  /** The observation j whose loss must be the least; undefined for none. */
  setIncumbent(j: number | undefined): void {
    this.#alive();
    const incumbent = j ?? -1;
    if (j !== undefined && !(Number.isInteger(j) && j >= 0 && j < this.#count))
      throw new LearnLossError("SHAPE", `Incumbent ${j} does not exist: there are ${this.#count} observations.`);
    if (incumbent === this.#incumbent) return;
    this.#incumbent = incumbent;
    if (this.#block) this.#kernels.l1FitIncumbent(this.#block, incumbent);
  }

  /** @param options.maxIterations @default 50·(k + 2) + 20·rows, at least 10000. @throws EMPTY, OPTION, OUT_OF_MEMORY */
  solve(options: { readonly maxIterations?: number } = {}): L1FitOutcome {
    this.#alive();
    checkNames(options, { maxIterations: true });
    const most = iterationLimit(options.maxIterations ?? Math.max(10_000, 50 * (this.#k + 2) + 20 * this.#count));
    if (this.#count === 0) throw new LearnLossError("EMPTY", "There is no observation to fit: append some.");
    this.#upload();
    const end = ENDS[this.#kernels.l1FitSolve(this.#block, Math.min(most, MOST_ITERATIONS))];
    const iterations = this.#kernels.l1FitIterations(this.#block);
    if (end === "limit") return { status: "iteration-limit", iterations };
    if (end === "numerical") return { status: "numerical", iterations };
    this.#kernels.l1FitVerify(this.#block);
    if (end === "infeasible") {
      const proof = this.#proof();
      return proof ? { status: "infeasible", proof, iterations } : { status: "numerical", iterations };
    }
    return this.#optimal(iterations);
  }

  /** Frees its memory; more than once is no error. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#arena.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #phiAt(row: number): Pointer {
    return this.#observations + row * this.#k * 8;
  }

  #errorAt(row: number): Pointer {
    return this.#observations + (this.#room * this.#k + row) * 8;
  }

  #grow(room: number): void {
    const count = this.#count;
    const to = this.#arena.raw(room * (this.#k + 1) * 8);
    this.#arena.viewF64(to, count * this.#k).set(this.#arena.viewF64(this.#phiAt(0), count * this.#k));
    this.#arena.viewF64(to + room * this.#k * 8, count).set(this.#arena.viewF64(this.#errorAt(0), count));
    if (this.#room > 0) this.#arena.free(this.#observations);
    this.#observations = to;
    this.#room = room;
    const weight = new Float64Array(room);
    weight.set(this.#weight);
    this.#weight = weight;
    const ordered = new Uint8Array(room);
    ordered.set(this.#ordered);
    this.#ordered = ordered;
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
    return this.#arena.viewF64(this.#kernels.l1FitArray(this.#block, which), length);
  }

  /** Brings Wasm up to date: another scaling when the spread has changed a lot, else only the new rows. */
  #upload(): void {
    const k = this.#k;
    const kernels = this.#kernels;
    if (!this.#block || (this.#uploaded < this.#count && this.#moments.farFrom(this.#scaling!, this.#F))) {
      this.#drop();
      this.#scaling = this.#moments.scaling(this.#F);
    }
    const scaling = this.#scaling!;
    if (!this.#block || this.#count > this.#capacity) {
      this.#cones = conesOf(this.#F, scaling);
      const capacity = (Math.max(this.#count + (this.#count >> 1), 32) + 7) & ~7;
      const coneCapacity = (this.#cones.length + 2) & ~1;
      const block = this.#arena.raw(kernels.l1FitBytes(k, capacity, coneCapacity));
      kernels.l1FitInit(block, k, capacity, coneCapacity, GUARD);
      if (this.#block) {
        kernels.l1FitMove(this.#block, block);
        this.#arena.free(this.#block);
        this.#block = block;
      } else {
        this.#block = block;
        this.#setCones();
        kernels.l1FitIncumbent(block, this.#incumbent);
        this.#view(4, k).set(scaling.center);
        this.#view(5, k).set(scaling.spread);
      }
      this.#capacity = capacity;
    }
    const from = this.#uploaded;
    const count = this.#count;
    if (this.#reweighed) {
      this.#view(0, count).set(this.#weight.subarray(0, count));
      kernels.l1FitReweigh(this.#block);
      this.#reweighed = false;
    }
    if (from === count) return;
    this.#view(0, count).set(this.#weight.subarray(from, count), from);
    this.#view(1, count).set(this.#ordered.subarray(from, count), from);
    const { errorCenter, errorSpread } = scaling;
    kernels.l1FitAppend(this.#block, count - from, this.#phiAt(from), this.#errorAt(from), errorCenter, errorSpread);
    this.#uploaded = count;
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
    const x = this.#view(2, k + 2);
    const alpha = (x[k]! * errorSpread) / alphaScale;
    const mu = new Float64Array(k);
    const lambda = new Float64Array(k);
    const { lower, upper } = this.#F;
    let intercept = x[k + 1]! * errorSpread + errorCenter;
    for (let j = 0; j < k; j++) {
      mu[j] = (x[j]! * errorSpread) / spread[j]!;
      lambda[j] = Math.min(Math.max(mu[j]! / alpha, lower[j]!), upper[j]!);
      intercept -= mu[j]! * center[j]!;
    }
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
    const phi = this.#arena.viewF64(this.#phiAt(0), this.#count * this.#k);
    const margin = orderingMargin(phi, this.#k, this.#incumbent, models, weights, this.#F);
    return margin > 0 ? { incumbent: this.#incumbent, models, weights, margin } : undefined;
  }
}

/** An L1 fit to be solved again and again. Dispose of it when done. @throws SHAPE, TOO_LARGE, BOUNDS, INFEASIBLE, OPTION */
export function createL1Fit(options: L1FitOptions): L1Fit {
  return new L1Fit(options);
}

function notFinite(phi: ArrayLike<number>, error: ArrayLike<number>, k: number): LearnLossError {
  for (let i = 0; i < error.length; i++) {
    if (!Number.isFinite(error[i]))
      return new LearnLossError("NON_FINITE", `Error ${i} is ${error[i]}: give finite numbers.`);
  }
  for (let i = 0; i < phi.length; i++) {
    if (!Number.isFinite(phi[i])) {
      const row = Math.floor(i / k);
      return new LearnLossError("NON_FINITE", `φ of row ${row}, column ${i - row * k} is ${phi[i]}.`);
    }
  }
  return new LearnLossError("OVERFLOW", `The variance of φ or of the errors overflows: give numbers below ${LARGEST}.`);
}

/** Since the caller's may change. */
function copyOf({ lower, upper, data, total }: Box): Box {
  return {
    lower: Float64Array.from(lower),
    upper: Float64Array.from(upper),
    ...(data && { data: Float64Array.from(data) }),
    ...(total !== undefined && { total }),
  };
}
