import type { Dataset } from "../data/dataset.ts";
import type { LinearLoss } from "../features/loss.ts";
import type { CheckedFitOptions, FitResult } from "../fit.ts";
import type { SolverStatus } from "../inner/solver.ts";
import type { AdjointLimits, SolverTask } from "../inner/training-solver.ts";
import type { LinearModelOptions } from "../models/linear.ts";
import type { ObjectiveWeights } from "../models/objective.ts";
import type { CompiledModule } from "../wasm/module.ts";

/** What a worker answers to. Everything passes through structured clone; large arrays are posted once, as datasets. */
export interface WorkerMethods {
  load(module: CompiledModule): void;
  hold(id: number, dataset: Dataset): void;
  drop(id: number): void;
  fit(id: number, options: PostedFitOptions, abort: AbortPort): Promise<PostedFitResult>;
  open(handle: number, id: number, options: Omit<SolverTask, "dataset">): void;
  start(handle: number, theta: Origin, weights: ObjectiveWeights, scores: Float64Array | undefined): Training;
  advance(handle: number, steps: number, abort: AbortPort): Promise<Training>;
  scores(handle: number): Scores;
  adjoint(handle: number, right: Float64Array, u: Float64Array, limits: AdjointLimits): Adjoint;
  close(handle: number): void;
}

export type Answer<M extends keyof WorkerMethods> = Awaited<ReturnType<WorkerMethods[M]>>;

/** What to call a method with; the port is of the signal that goes with the call. */
export type Arguments<M extends keyof WorkerMethods> =
  Parameters<WorkerMethods[M]> extends [...infer Before, AbortPort] ? Before : Parameters<WorkerMethods[M]>;

/**
 * Hears of an abort, between two steps of the work that it came with. (workerpool's way to cancel ends a worker that has
 * not answered within a second, with all it holds for others.)
 */
export type AbortPort = MessagePort | undefined;

/** Nothing that cannot be cloned: the loss as what its constructor takes. */
interface PostedFitOptions extends Omit<CheckedFitOptions, "train" | "loss" | "signal"> {
  readonly loss: ConstructorParameters<typeof LinearLoss>;
}

interface PostedFitResult extends Omit<FitResult, "model" | "loss"> {
  readonly model: LinearModelOptions;
}

/** The null model, where the last training ended, or a θ. */
type Origin = "null" | "last" | Float64Array;

/** What happened, step by step, index s after s steps; and the state at the end. */
export interface Training {
  readonly passes: readonly number[];
  /** Passes once θ was looked at, which may cost some itself. */
  readonly looked: number;
  readonly iterations: readonly number[];
  readonly status: SolverStatus;
  readonly residual: number;
  readonly theta: Float64Array;
  readonly groupLosses: Float64Array;
}

/** Scores of the current iterate on the training rows, [output][row]. */
export interface Scores {
  readonly scores: Float64Array;
  readonly passes: number;
}

interface Adjoint {
  readonly u: Float64Array;
  readonly passes: number;
}
