import type { FeatureSpace } from "../features/space.ts";
import type { Objective } from "../models/objective.ts";
import type { Pause } from "../run.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { Basis } from "./basis.ts";

/** Expected relative decrease of ℓ at which a reduced solve ends: e is then right to about its square root. */
const SOLVE_TOLERANCE = 1e-5;

/** Relative residual at which the linear solves for tangents in log λ end: a direction needs two digits. */
const TANGENT_TOLERANCE = 5e-2;

/** The same for the adjoint: all slopes come of one, and at 5e-2 they were seen to be wrong by a third. */
const ADJOINT_TOLERANCE = 1e-3;

/** Products that a tangent takes: with the diagonal blocks 2.5 of ten classes' and 1.2 to 1.5 of a learned penalty's. */
const PRODUCTS = { whole: 1.2, blocks: 2.5 };

/** Bytes of projected rows from which systems share sweeps of them; of fewer, one by one they take three quarters of the work. */
const SWEPT = 2 ** 24;

const BLOCK = 32;

/**
 * Every model in the span of the models seen is an observation: this is the span, with the training and validation
 * rows projected on it. `solve(λ)` is θ̂_red(λ), the minimizer of ℓ_λ over the span, for a small share of a pass; its
 * validation scores are exact, so any metric of it is exact too.
 */
export class ReducedModel {
  /** Coefficients a of the current virtual model: outputs × capacity. */
  readonly coefficients: Pointer;
  readonly #arena: Arena<Kernels>;
  readonly #space: FeatureSpace;
  readonly #train: Objective;
  readonly #validation: Objective;
  readonly #basis: Basis;
  readonly #trainRows: Pointer;
  /** Residuals of the training rows: f64[blocks][outputs][BLOCK]. */
  readonly #residuals: Pointer;
  readonly #validationRows: Pointer;
  /** The record of assembly/reduced/model.ts. */
  readonly pointer: Pointer;
  readonly #scores: Pointer;
  readonly #theta: Pointer;
  readonly #gradient: Pointer;
  readonly #adjoint: Pointer;
  readonly #terms: Pointer;
  readonly #knots: Pointer;
  /** Bytes of the rows as they are seen through the span: they grow with it. */
  projectedBytes = 0;
  /** Passes of `train` that went into projecting models on the span. */
  snapshotPasses = 0;
  #termGradients: Pointer = 0;
  #stale = true;
  /** Whether the coefficients are those that the last `solve` left. */
  #solved = false;
  #smoothing = 1e-3;
  /** Products that a tangent takes, by what the last ones took. */
  #products: number | undefined;
  /** The part of `passes` that kernels do not count. */
  #halves = 0;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, train: Objective, validation: Objective, capacity: number) {
    const k = arena.kernels;
    const { outputs, columns } = train;
    this.#arena = arena;
    this.#space = space;
    this.#train = train;
    this.#validation = validation;
    // Models of a dense X have a weight of nearly every column that is not constant: breast cancer 494 of 495, MNIST 514 to
    // 553 of 664 on their way. The groups of a group norm name columns.
    const asTheyCome = !train.sparse || space.features.some(({ kind }) => kind === "group-norm");
    this.#basis = new Basis(arena, train, capacity, asTheyCome);
    this.#residuals = this.#perScore(train);
    this.#trainRows = this.#project(train, this.#residuals);
    this.#validationRows = this.#project(validation, this.#perScore(validation));
    this.pointer = arena.bytes(k.reducedBytes());
    k.reducedInit(
      this.pointer,
      this.#basis.pointer,
      this.#trainRows,
      arena.f64(outputs * columns),
      arena.f64((outputs + 1) * columns),
      arena.bytes(k.reducedWorkBytes(outputs, capacity)),
      arena.bytes(k.reducedFactorBytes(outputs, capacity)),
    );
    this.coefficients = arena.f64(this.#length);
    this.#gradient = arena.f64(this.#length);
    this.#adjoint = arena.f64(this.#length);
    this.#scores = arena.f64(outputs * Math.max(train.rows, validation.rows));
    this.#theta = arena.f64(train.thetaCount);
    this.#terms = arena.f64(space.groupCount + 4 + space.knots.length);
    this.#knots = arena.copy(space.knots);
  }

  /** Scores per row. */
  get outputs(): number {
    return this.#train.outputs;
  }

  /** Directions in the span, the intercept included. */
  get size(): number {
    return this.#basis.size;
  }

  /** The largest that `size` can be. */
  get capacity(): number {
    return this.#basis.capacity;
  }

  /** Reduced work so far, in passes over the training rows. */
  get passes(): number {
    return this.#train.copies * (this.#arena.kernels.reducedPasses(this.pointer) + this.#halves);
  }

  /** Counts half a product with the training rows' projections. */
  #countHalf(): void {
    const { rows, values } = this.#train;
    this.#halves += (0.5 * rows * this.size) / (values + rows);
  }

  /** A double per score, in blocks. */
  #perScore({ rows, outputs }: Objective): Pointer {
    return this.#arena.f64(Math.ceil(rows / BLOCK) * outputs * BLOCK);
  }

  #project(objective: Objective, residuals: Pointer): Pointer {
    const arena = this.#arena;
    const k = arena.kernels;
    const { outputs } = objective;
    const blocks = Math.ceil(objective.rows / BLOCK);
    const pointer = arena.bytes(k.projectionBytes(this.capacity));
    k.projectionInit(
      pointer,
      objective.pointer,
      this.capacity,
      residuals,
      this.#perScore(objective),
      arena.f64(blocks * BLOCK),
      arena.f64((outputs + 1) * BLOCK),
    );
    this.#reserve(pointer, 0);
    return pointer;
  }

  /** Room for a slot of a projection. */
  #reserve(projection: Pointer, slot: number): void {
    const arena = this.#arena;
    const bytes = arena.kernels.projectionLacks(projection, slot);
    if (bytes === 0) return;
    arena.kernels.projectionGrow(projection, slot, arena.bytes(bytes));
    this.projectedBytes += bytes;
  }

  /**
   * Adds a model to the span; costs half a pass for its scores. When the span is full, the direction that the current
   * virtual model uses least makes room.
   */
  add(theta: Pointer): void {
    const place = this.#occupy(theta);
    if (place) this.#look(place.slot);
  }

  /** The same of a model whose scores on the training rows, [output][row], are asked for when all of it is new. */
  *addScored(theta: Pointer, scoresOf: (out: Pointer) => Generator<Pause>): Generator<Pause> {
    const place = this.#occupy(theta);
    if (!place) return;
    if (place.kept) return this.#look(place.slot);
    yield* scoresOf(this.#scores);
    const k = this.#arena.kernels;
    k.projectionExtend(this.#trainRows, place.slot, this.size, this.#scores, this.#basis.parts);
    this.#countHalf();
  }

  /** A slot becomes what is new of a model, on the validation rows too; undefined where nothing is. */
  #occupy(theta: Pointer): { readonly slot: number; readonly kept: boolean } | undefined {
    this.#solved = false;
    const slot = this.#basis.slotBeside(this.coefficients);
    for (const projection of [this.#trainRows, this.#validationRows]) this.#reserve(projection, slot);
    const fresh = this.#basis.set(slot, theta);
    if (!fresh) return undefined;
    this.#basis.expandSlot(slot, this.#theta);
    this.#validation.scores(this.#theta, this.#scores);
    this.#arena.kernels.projectionSet(this.#validationRows, slot, this.size, this.#scores);
    this.#stale = true;
    return { slot, ...fresh };
  }

  /** The training rows as they are seen through a slot. */
  #look(slot: number): void {
    const before = this.#train.passes;
    this.#train.scores(this.#theta, this.#scores);
    this.#arena.kernels.projectionSet(this.#trainRows, slot, this.size, this.#scores);
    this.snapshotPasses += this.#train.passes - before;
  }

  /** The span becomes that of the intercepts alone: a model has to join it before it is used. */
  clear(): void {
    this.#solved = false;
    this.#basis.clear();
    this.#stale = true;
  }

  /** Scores of the current virtual model on the training rows, [output][row]: valid until another joins the span. */
  trainingScores(): Pointer {
    this.#arena.kernels.projectionScores(this.#trainRows, this.coefficients, this.#scores);
    this.#countHalf();
    return this.#scores;
  }

  /**
   * Trainings keep their scores for `addScored` from now on, in the place of the projection's residuals: those are of no
   * use from one reduced gradient to the next, and the next calls the scores off.
   */
  keepScores(): void {
    this.#train.keepScores(this.#residuals);
  }

  /** Makes the projection of θ on the span the current virtual model. */
  project(theta: Pointer): void {
    this.#solved = false;
    this.#basis.project(theta, this.coefficients);
  }

  /** θ of the current virtual model. */
  expand(theta: Pointer): void {
    this.#basis.expand(this.coefficients, theta);
  }

  /** ε of √(x² + ε²), which stands for |x| in the span. */
  setSmoothing(smoothing: number): void {
    this.#smoothing = smoothing;
    this.#arena.kernels.reducedSetSmoothing(this.pointer, smoothing);
    this.#stale = true;
  }

  /** The current virtual model becomes θ̂_red(λ), or what so many Newton steps lead to, from where it stands. Returns ℓ_λ. */
  solve(lambda: ArrayLike<number>, steps = 30): number {
    const k = this.#arena.kernels;
    this.#train.setWeights(this.#space.termWeights(lambda));
    const anew = this.#stale;
    this.#stale = false;
    this.#solved = true;
    return k.reducedSolve(this.pointer, this.coefficients, anew, SOLVE_TOLERANCE, steps);
  }

  /** The coefficients of the current virtual model, into room for them. */
  save(to: Pointer): void {
    this.#arena.viewF64(to, this.#length).set(this.#arena.viewF64(this.coefficients, this.#length));
  }

  /** The virtual model becomes the one that was saved. */
  restore(from: Pointer): void {
    this.#solved = false;
    this.#arena.viewF64(this.coefficients, this.#length).set(this.#arena.viewF64(from, this.#length));
  }

  get #length(): number {
    return this.#basis.length;
  }

  /**
   * Directions T_j = −H⁻¹·λ_j·∂φ_j/∂a = ∂a/∂log λ_j of the last `solve(λ)` for the features `which`, into `tangents`
   * (outputs × capacity each): yields each when it is there.
   */
  *tangents(lambda: ArrayLike<number>, which: readonly number[], tangents: Pointer): Generator<Pointer> {
    const arena = this.#arena;
    const k = arena.kernels;
    const { groupCount, knots } = this.#space;
    const length = this.#length;
    const terms = groupCount + 4 + knots.length;
    this.#termGradients ||= arena.f64(terms * length);
    k.projectionGroupGradients(this.#trainRows, this.#termGradients);
    this.#countHalf();
    const penalties = this.#termGradients + 8 * length * (groupCount + 1);
    k.reducedPenaltyGradients(this.pointer, this.coefficients, knots.length, this.#knots, penalties);
    const order = this.#space.pick(Float64Array.from({ length: terms }, (_, t) => t));
    const { outputs } = this.#train;
    const separable = this.#space.features.every(({ kind }) => kind !== "group-norm");
    const products = this.#products ?? (k.reducedWhole(this.pointer) ? PRODUCTS.whole : PRODUCTS.blocks);
    const exact = separable && which.length * products > (outputs * this.size) / 4;
    if (exact) k.reducedFactor(this.pointer, true);
    for (const [i, j] of which.entries()) {
      const right = arena.viewF64(this.#termGradients + 8 * length * order[j]!, length);
      arena.viewF64(tangents + 8 * length * i, length).set(right.map((value) => -lambda[j]! * value));
    }
    const large = 8 * this.#train.rows * outputs * this.size > SWEPT;
    let spent = large ? k.reducedSolveAhead(this.pointer, which.length, tangents, TANGENT_TOLERANCE) : 0;
    for (const i of which.keys()) {
      const target = tangents + 8 * length * i;
      arena.viewF64(this.#gradient, length).set(arena.viewF64(target, length));
      spent += k.reducedSolveNext(this.pointer, this.#gradient, target, TANGENT_TOLERANCE, 60);
      yield target;
    }
    if (spent > 0) this.#products = spent / which.length;
  }

  /** φ of the virtual model, where it was just solved for: then it costs nothing. Of the rows that the span sees. */
  features(): Float64Array | undefined {
    if (!this.#solved) return undefined;
    const k = this.#arena.kernels;
    const { knots } = this.#space;
    k.reducedPenaltyFeatures(this.pointer, this.coefficients, this.#terms);
    const [l1, l2, groupNorm, ...hinges] = this.#arena.viewF64(this.#terms, 3 + knots.length);
    const groupLosses = this.#train.groupLosses();
    return this.#space.phi({ groupLosses, l1: l1!, l2: l2!, groupNorm: groupNorm!, hinges });
  }

  /** Validation scores of the current virtual model, or of other coefficients, [output][row]. */
  scores(out: Pointer, coefficients = this.coefficients): void {
    this.#arena.kernels.projectionScores(this.#validationRows, coefficients, out);
  }

  /** The loss of the current virtual model on the validation rows, and its gradient in a: valid until the next call. */
  validationLoss(): { readonly value: number; readonly gradient: Pointer } {
    this.#arena.viewF64(this.#gradient, this.#length).fill(0);
    const value = this.#arena.kernels.projectionGradient(this.#validationRows, this.coefficients, this.#gradient);
    return { value, gradient: this.#gradient };
  }

  /** out ← the adjoint H⁻¹·∂e/∂θ at the current virtual model, as far as the span has it. */
  adjoint(lambda: ArrayLike<number>, out: Pointer): void {
    const k = this.#arena.kernels;
    const length = this.#length;
    this.#train.setWeights(this.#space.termWeights(lambda));
    k.reducedGradient(this.pointer, this.coefficients, this.#gradient);
    k.reducedFactor(this.pointer, false);
    this.#arena.viewF64(this.#gradient, length).fill(0);
    k.projectionGradient(this.#validationRows, this.coefficients, this.#gradient);
    k.reducedSolveLinear(this.pointer, this.#gradient, this.#adjoint, ADJOINT_TOLERANCE, 60);
    this.#basis.expand(this.#adjoint, out);
  }

  /**
   * de/dlog λ at a minimizer θ of ℓ_λ with adjoint u = H⁻¹·∂e/∂θ, both in the span: −λ_j·uᵀ∂φ_j(θ), kinks as they are.
   * The virtual model becomes θ.
   */
  slope(lambda: ArrayLike<number>, theta: Pointer, adjoint: Pointer): Float64Array {
    const k = this.#arena.kernels;
    this.#train.setWeights(this.#space.termWeights(lambda));
    this.project(theta);
    k.reducedGradient(this.pointer, this.coefficients, this.#gradient);
    this.#basis.project(adjoint, this.#adjoint);
    k.reducedSetSmoothing(this.pointer, 1e-9);
    const slope = this.#derivatives(lambda);
    k.reducedSetSmoothing(this.pointer, this.#smoothing);
    return slope;
  }

  /** −λ_j·uᵀ∂φ_j/∂a at the last gradient's a, u the adjoint. */
  #derivatives(lambda: ArrayLike<number>): Float64Array {
    const k = this.#arena.kernels;
    const { groupCount, knots } = this.#space;
    k.projectionDerivatives(this.#trainRows, this.#adjoint, this.#terms);
    this.#countHalf();
    const penalties = this.#terms + 8 * (groupCount + 1);
    k.reducedPenaltyDerivatives(this.pointer, this.coefficients, this.#adjoint, knots.length, this.#knots, penalties);
    const terms = this.#arena.viewF64(this.#terms, groupCount + 4 + knots.length);
    return this.#space.pick(terms).map((derivative, j) => -lambda[j]! * derivative);
  }
}
