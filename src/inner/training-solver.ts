import type { Dataset } from "../data/dataset.ts";
import type { ObjectiveOptions, ObjectiveWeights } from "../models/objective.ts";
import type { Pause } from "../run.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { SolverOptions, SolverStatus } from "./solver.ts";

/** A model with its scores on the training rows, [output][row], which are asked for as it starts: valid until others are. */
interface Scored {
  readonly theta: Pointer;
  scores(): Pointer;
}

/** θ to begin with (0: the null model): half a pass cheaper with its scores. */
export type Start = Pointer | Scored;

/** What a training needs of a solver, which may work here (`Solver`) or in a worker (`learnloss/workers`). */
export interface TrainingSolver {
  /** What `start` would do in a block, in bounded pieces before it. */
  prepare?(): Generator<void>;
  /** Begins at θ (copied). `weights`: those of the objective, for one held elsewhere. */
  start(from: Start, weights: ObjectiveWeights): void;
  /** Has a worker take so many steps, which `step` then replays. */
  ahead?(steps: number): void;
  step(iterations: number): SolverStatus;
  /** Whether the last step ended within an iteration, which the next one goes on with. */
  readonly midway?: boolean;
  readonly status: SolverStatus;
  readonly iterations: number;
  readonly residual: number;
  readonly groupLosses: Float64Array;
  readonly theta: Pointer;
  /** While the worker trains. */
  readonly pending?: Promise<void> | undefined;
  /** Passes over the training rows spent elsewhere than in this thread's objective. */
  readonly passesElsewhere?: number;
  /** Lets go of what it holds, here and elsewhere. */
  dispose?(): void;
  /** The scores of the current iterate on the training rows, [output][row]: half a pass where they were not kept. */
  scores(out: Pointer): Generator<Pause>;
  adjoint(right: Pointer, u: Pointer, limits: AdjointLimits): Generator<Pause>;
}

/** The rows of a dataset in some order, but for those at the places from … to − 1. */
export interface FoldRows {
  readonly dataset: Dataset;
  readonly order: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** A training on such rows, whose targets and groups are in that order. */
export interface SolverTask extends Omit<ObjectiveOptions, "dataset">, FoldRows, SolverOptions {}

/** Other threads to train in: a `Pool` of `learnloss/workers`. */
export interface Workers {
  /** A solver in one of them, whose iterates appear in `arena`. */
  solver(arena: Arena, task: SolverTask): TrainingSolver;
}

export interface AdjointLimits {
  readonly iterations: number;
  readonly tolerance: number;
}
