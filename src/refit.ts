import { encodeTargets } from "./data/targets.ts";
import type { Features } from "./features/feature.ts";
import type { FeatureSpace } from "./features/space.ts";
import { Solver } from "./inner/solver.ts";
import { Objective } from "./models/objective.ts";
import type { TunerOptions } from "./tune.ts";
import type { Arena } from "./wasm/arena.ts";
import type { Kernels } from "./wasm/kernels.ts";

/** The training of a λ, once it is chosen by cross-validation, on all rows. */
export class Refit {
  readonly #arena: Arena<Kernels>;
  readonly #space: FeatureSpace;
  readonly #objective: Objective;
  readonly #solver: Solver;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, options: TunerOptions<Features>) {
    const { model, train, tolerance = 1e-4, precision = "f32" } = options;
    const { train: targets, outputs } = encodeTargets(model, train);
    this.#arena = arena;
    this.#space = space;
    this.#objective = new Objective(arena, { model, dataset: train, targets, outputs, precision, ...space.structure });
    this.#solver = new Solver(arena, this.#objective, { tolerance });
  }

  get passes(): number {
    return this.#objective.passes;
  }

  /** The minimizer of ℓ_λ, from θ. */
  *train(lambda: Float64Array, theta: Float64Array): Generator<void, Float64Array> {
    const solver = this.#solver;
    this.#objective.setWeights(this.#space.termWeights(lambda));
    solver.start(this.#arena.copy(theta));
    while (solver.status === "running") {
      solver.step(1);
      yield;
    }
    return this.#arena.viewF64(solver.theta, this.#objective.thetaCount).slice();
  }
}
