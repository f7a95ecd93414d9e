import type { FeatureSpace } from "../features/space.ts";
import { FIT_ITERATIONS } from "../fit.ts";
import { Solver } from "../inner/solver.ts";
import { Objective, type ObjectiveOptions } from "../models/objective.ts";
import type { Arena } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { isMinimal } from "./trainer.ts";

/** The training of a λ, once it is chosen by cross-validation, on all rows. */
export class Refit {
  readonly #arena: Arena<Kernels>;
  readonly #space: FeatureSpace;
  readonly #objective: Objective;
  readonly #solver: Solver;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, whole: ObjectiveOptions, tolerance: number) {
    this.#arena = arena;
    this.#space = space;
    this.#objective = new Objective(arena, whole);
    this.#solver = new Solver(arena, this.#objective, { tolerance });
  }

  get passes(): number {
    return this.#objective.passes;
  }

  /** Whether the training ended at a minimizer. */
  get converged(): boolean {
    return isMinimal(this.#solver);
  }

  /** The minimizer of ℓ_λ, from θ, or what it came to. */
  *train(lambda: Float64Array, theta: Float64Array): Generator<void, Float64Array> {
    const solver = this.#solver;
    this.#objective.setWeights(this.#space.termWeights(lambda));
    yield* solver.prepare();
    const start = this.#arena.copy(theta);
    solver.start(start);
    this.#arena.free(start);
    // No budget ends it, and columns or weights of rows 1e12 apart may never come to the tolerance.
    while (solver.status === "running" && solver.iterations < FIT_ITERATIONS) {
      solver.step(1);
      yield;
    }
    return this.#arena.viewF64(solver.theta, this.#objective.thetaCount).slice();
  }
}
