import type { Dataset } from "../data/dataset.ts";
import type { ObjectiveOptions, ObjectiveWeights } from "../models/objective.ts";
import type { Pause } from "../run.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { SolverStatus } from "./solver.ts";

/** What a training needs of a solver, which may work here (`Solver`) or in a worker (`learnloss/workers`). */
export interface TrainingSolver {
  /** Begins at θ (copied), or at the null model for 0. `ahead`: what a worker must know to train before it is asked. */
  start(theta: Pointer, ahead: TrainingAhead): void;
  step(iterations: number): SolverStatus;
  readonly status: SolverStatus;
  readonly iterations: number;
  readonly groupLosses: Float64Array;
  readonly theta: Pointer;
  /** While the worker trains; `step` replays what it did. */
  readonly pending?: Promise<void> | undefined;
  /** Passes over the training rows spent elsewhere than in this thread's objective. */
  readonly passesElsewhere?: number;
  /** Lets go of what it holds elsewhere. */
  dispose?(): void;
  adjoint(right: Pointer, out: Pointer, limits: AdjointLimits): Generator<Pause>;
}

export interface TrainingAhead {
  readonly weights: ObjectiveWeights;
  /** Iterations at most. */
  readonly cap: number;
}

/** A training on some rows of a dataset. */
export interface SolverTask extends Omit<ObjectiveOptions, "dataset"> {
  readonly dataset: Dataset;
  readonly rows: Int32Array;
  readonly tolerance: number;
}

/** Other threads to train in: a `Pool` of `learnloss/workers`. */
export interface Workers {
  /** A solver in one of them, whose iterates appear in `arena`. */
  solver(arena: Arena, task: SolverTask): TrainingSolver;
}

export interface AdjointLimits {
  readonly iterations: number;
  readonly tolerance: number;
}
