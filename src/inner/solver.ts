import type { Objective } from "../models/objective.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { AdjointLimits, Start, TrainingSolver } from "./training-solver.ts";

/**
 * - `running`: call `step` again;
 * - `converged`: the residual is at most the tolerance, and the objective near its least value by the same measure;
 * - `stalled`: rounding, or numbers that are not finite, allow no further progress (the best iterate is kept);
 * - `unbounded`: no penalty, and the model separates the classes: the loss has no minimizer.
 */
export type SolverStatus = "running" | "converged" | "stalled" | "unbounded";

/** What is to be said of a loss with such a status. */
export const UNBOUNDED =
  "UNBOUNDED: without a penalty these classes can be told apart without an error, so the loss has no minimizer: penalize it by l2.";

export const STATUSES: readonly SolverStatus[] = ["running", "converged", "stalled", "unbounded"];

export interface SolverOptions {
  readonly tolerance: number;
  /** Solves that there will be, about: what all of them share is prepared where it costs little beside them. @default 1 */
  readonly solves?: number | undefined;
}

/**
 * Memory to a solver that takes long, and does not go on without (assembly/inner/proximal-newton.ts, homotopy.ts); 0 to others.
 */
export function grant(arena: Arena<Kernels>, solver: Pointer): Pointer {
  const k = arena.kernels;
  const bytes = k.solverWants(solver);
  if (bytes === 0) return 0;
  const block = arena.raw(bytes);
  k.solverGrant(solver, block);
  return block;
}

/**
 * min_θ ℓ_λ(θ), by bounded steps: `start`, then `step` until the status says so. Everything lives in the arena; start
 * again (with the objective's new weights, from the last θ) as often as there are λ to solve.
 */
export class Solver implements TrainingSolver {
  readonly #arena: Arena<Kernels>;
  readonly #objective: Objective;
  /** The record of assembly/inner/solver.ts. */
  readonly pointer: Pointer;
  #work: Pointer;
  /** Memory for penalties with kinks and for those without, given at the first solve of each. */
  #given: Pointer[] = [];
  /** Memory for the steps that long solves take. */
  #granted: Pointer[] = [];
  #passesAtStart = 0;
  /** Iterations of the solves before this one. */
  #iterations = 0;
  readonly #solves: number | undefined;
  /** Whether second moments of the rows are being formed, in the middle of a solve. */
  #forming = false;

  /**
   * @param options.tolerance of the residual: the norm of the minimum-norm subgradient of the whole objective, over
   *   the norm of the data gradient at the null model (W = 0, optimal intercepts). It is measured on centred columns,
   *   so it does not change when columns are shifted, when X, y or λ is scaled, or when rows are repeated, and it
   *   means the same for all λ. What is left to gain must be estimated below this share of the objective, too
   *   (assembly/inner/stopping.ts).
   */
  constructor(arena: Arena<Kernels>, objective: Objective, options: SolverOptions) {
    const k = arena.kernels;
    this.#arena = arena;
    this.#objective = objective;
    this.#solves = options.solves;
    this.pointer = arena.bytes(k.solverBytes());
    this.#work = arena.raw(k.solverWorkBytes(objective.pointer)); // much of it is never touched, as it happens
    const scratch = arena.shared(k.solverScratchBytes(objective.pointer));
    k.solverInit(this.pointer, objective.pointer, objective.moments(), this.#work, scratch, options.tolerance);
  }

  /** @see TrainingSolver.prepare */
  *prepare(): Generator<void> {
    const { gram } = this.#objective;
    const before = this.#iterations + this.iterations;
    if (gram.wide || !gram.pays({ before, here: 0 }, this.#solves)) return;
    while (!gram.form()) yield;
  }

  /** Begins at θ (copied), with the objective's present weights. */
  start(from: Start): void {
    const objective = this.#objective;
    const k = this.#arena.kernels;
    this.#iterations += this.iterations;
    this.#passesAtStart = objective.passes;
    this.#forming = false;
    const { gram } = objective;
    if (gram.wide) gram.leave();
    if (gram.pays({ before: this.#iterations, here: 0 }, this.#solves)) gram.use();
    const lacking = k.solverLacks(this.pointer);
    if (lacking !== 0) {
      const given = this.#arena.bytes(lacking);
      this.#given.push(given);
      k.solverGive(this.pointer, given);
    }
    const theta = typeof from === "number" ? from : from.theta;
    // θ is copied there before its gradient is taken.
    objective.know(this.theta, typeof from === "number" ? 0 : from.scores());
    k.solverStart(this.pointer, theta);
    objective.know(0, 0);
  }

  /** @see TrainingSolver.scores */
  *scores(out: Pointer): Generator<void> {
    const { theta } = this;
    if (!this.#objective.keptScores(theta, out)) this.#objective.scores(theta, out);
    yield;
  }

  /**
   * At most `iterations` iterations, a pass or little more each; of what takes long (a Newton step, second moments) some
   * 10 ms, and no further.
   *
   * @see midway
   */
  step(iterations: number): SolverStatus {
    const k = this.#arena.kernels;
    const { gram } = this.#objective;
    const end = this.iterations + iterations;
    if (!this.#forming) k.solverStep(this.pointer, iterations);
    const spent = { before: this.#iterations, here: this.iterations };
    if (this.status === "running" && gram.pays(spent)) {
      this.#forming = !gram.form();
      if (this.#forming) return this.status;
      gram.use();
      k.solverRefresh(this.pointer);
    }
    const block = grant(this.#arena, this.pointer);
    if (block !== 0) {
      this.#granted.push(block);
      k.solverStep(this.pointer, end - this.iterations);
    }
    return this.status;
  }

  get status(): SolverStatus {
    return STATUSES[this.#arena.kernels.solverStatus(this.pointer)]!;
  }

  /** @see TrainingSolver.midway */
  get midway(): boolean {
    return this.#forming || this.#arena.kernels.solverMidway(this.pointer) !== 0;
  }

  /** Iterations since `start`. */
  get iterations(): number {
    return this.#arena.kernels.solverIterations(this.pointer);
  }

  /** Passes since `start`, which spends up to two itself. */
  get passes(): number {
    return this.#objective.passes - this.#passesAtStart;
  }

  /** Relative minimum-norm subgradient at the current iterate. */
  get residual(): number {
    return this.#arena.kernels.solverResidual(this.pointer);
  }

  /** ℓ_λ at the current iterate, penalties included. */
  get value(): number {
    return this.#arena.kernels.solverValue(this.pointer);
  }

  /** The largest |∂f/∂w| of the data terms at the current iterate, columns centred. */
  get steepness(): number {
    return this.#arena.kernels.solverSteepness(this.pointer);
  }

  /** φ of the row groups at the current iterate, then of the uniform cross-entropy. A copy. */
  get groupLosses(): Float64Array {
    const pointer = this.#arena.kernels.solverGroupLosses(this.pointer);
    return this.#arena.viewF64(pointer, this.#objective.groupCount + 1).slice();
  }

  /** The current iterate: valid until the next `step` or `start`. */
  get theta(): Pointer {
    return this.#arena.kernels.solverTheta(this.pointer);
  }

  /**
   * u ← the solution of H·u = right from the guess u, H the Hessian of ℓ_λ at the iterate over the unknowns that no kink
   * holds: what the derivatives of an error in all λ are made of. A pass per iteration, and one for a guess other than 0;
   * yields after each. Exact, and without a guess, where few unknowns are left (assembly/inner/direct-adjoint.ts).
   *
   * @param right ∂e/∂θ, overwritten
   * @param limits.tolerance residual over that of u = 0
   */
  *adjoint(right: Pointer, u: Pointer, limits: AdjointLimits): Generator<void> {
    const arena = this.#arena;
    const bytes = arena.kernels.directAdjointBytes(this.pointer);
    if (bytes !== 0) return yield* this.#directAdjoint(right, u, arena.shared(bytes, "adjoint's factor"));
    const count = this.#objective.thetaCount;
    // Solvers of one arena take turns: the next adjoint begins where the last has ended.
    const at = arena.shared(8 * count, "adjoint");
    const work = arena.shared(arena.kernels.adjointWorkBytes(count), "adjoint's work");
    const goal = limits.tolerance ** 2;
    arena.viewF64(at, count).set(arena.viewF64(u, count));
    let residual = arena.kernels.adjointStart(this.pointer, right, at, work);
    for (let i = 0; i < limits.iterations && residual > goal; i++) {
      yield;
      residual = arena.kernels.adjointStep(this.pointer, at, work);
    }
    arena.kernels.adjointFinish(this.pointer, at, u);
  }

  *#directAdjoint(right: Pointer, u: Pointer, scratch: Pointer): Generator<void> {
    const k = this.#arena.kernels;
    k.directAdjointStart(this.pointer, scratch);
    while (k.directAdjointForm(this.pointer, scratch) === 0) yield;
    k.directAdjoint(this.pointer, right, u, scratch);
  }

  /** Gives its memory back, before the arena ends: it cannot be used any more. */
  dispose(): void {
    for (const block of [this.#work, ...this.#given, ...this.#granted]) if (block !== 0) this.#arena.free(block);
    this.#work = 0;
    this.#given = [];
    this.#granted = [];
  }
}
