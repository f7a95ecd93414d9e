import type { Dataset } from "./data/dataset.ts";
import type { EncodedTargets } from "./data/targets.ts";
import { type Metric, MetricEvaluator } from "./evaluate/metric.ts";
import type { FeatureSpace } from "./features/space.ts";
import { Solver } from "./inner/solver.ts";
import { type ModelKind, Objective } from "./models/objective.ts";
import type { Arena, Pointer } from "./wasm/arena.ts";
import type { Kernels } from "./wasm/kernels.ts";

/** Checkpoints are recorded at iterations 0, 1, 2, … growing by this factor. */
const CHECKPOINT_GROWTH = 1.35;

/** Of conjugate gradients for the adjoint: the search that it serves is a search among approximations anyway. */
const ADJOINT = { iterations: 6, tolerance: 0.3 };

/** A model as the outer loop sees it: its features φ(θ) and its error e(θ). */
export interface Seen {
  readonly features: Float64Array;
  readonly error: number;
  readonly iteration: number;
}

export interface TrainerOptions {
  readonly model: ModelKind;
  readonly train: Dataset;
  readonly validation: Dataset;
  readonly targets: EncodedTargets;
  readonly metric: Metric;
  readonly tolerance: number;
  readonly precision: "f32" | "f64";
}

/** Trains models, min_θ λ·φ(θ), and judges them, e(θ): the inner half of the loop. */
export class Trainer {
  readonly objective: Objective;
  readonly validation: Objective;
  readonly metric: MetricEvaluator;
  readonly solver: Solver;
  readonly #space: FeatureSpace;
  readonly #scores: Pointer;
  readonly #arena: Arena<Kernels>;
  #right: Pointer = 0;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, options: TrainerOptions) {
    const { model, train, validation, targets, precision } = options;
    const { outputs } = targets;
    this.#arena = arena;
    this.#space = space;
    this.objective = new Objective(arena, {
      model,
      dataset: train,
      targets: targets.train,
      outputs,
      precision,
      uniform: space.uniform,
      ...(space.rowGroups ? { rowGroups: space.rowGroups } : {}),
    });
    this.validation = new Objective(arena, {
      model,
      dataset: validation,
      targets: targets.others[0]!,
      outputs,
      precision,
    });
    this.metric = new MetricEvaluator(arena, options.metric, model, validation, targets.others[0]!, outputs);
    this.solver = new Solver(arena, this.objective, { tolerance: options.tolerance });
    this.#scores = arena.f64(outputs * validation.rows);
  }

  /**
   * Minimizes ℓ_λ from θ (0: from nothing) for at most `cap` iterations, a bounded piece of work at a time. Every
   * checkpoint is handed to `observe`; the last model is returned.
   */
  *train(lambda: Float64Array, theta: Pointer, cap: number, observe: (seen: Seen) => void): Generator<void, Seen> {
    const { solver } = this;
    this.objective.setWeights(this.#space.termWeights(lambda));
    solver.start(theta);
    let next = 0;
    while (solver.status === "running" && solver.iterations < cap) {
      if (solver.iterations >= next) {
        observe(this.look());
        next = Math.max(next + 1, Math.ceil(next * CHECKPOINT_GROWTH));
      }
      solver.step(1);
      yield;
    }
    return this.look();
  }

  /** φ and e of the solver's current model. */
  look(): Seen {
    const { solver } = this;
    const { objective } = this;
    const features = this.#space.phi({ groupLosses: solver.groupLosses, ...objective.penalties(solver.theta) });
    return { features, error: this.judge(solver.theta), iteration: solver.iterations };
  }

  /** e(θ). */
  judge(theta: Pointer): number {
    this.validation.scores(theta, this.#scores);
    return this.metric.evaluate(this.#scores);
  }

  /**
   * out ← the direction in which the optimum moves e: H⁻¹·∂e/∂θ at the solver's model, for metrics with a gradient. In
   * the span, it makes the reduced model's derivatives of e in all λ the true ones.
   */
  *adjoint(out: Pointer): Generator<void> {
    const { solver, validation } = this;
    this.#right ||= this.#arena.f64(validation.thetaCount);
    validation.gradient(solver.theta, this.#right);
    yield* solver.adjoint(this.#right, out, ADJOINT);
  }
}
