import { audit } from "./data/audit.ts";
import { checkDataset, type Dataset } from "./data/dataset.ts";
import { encodeTargets } from "./data/targets.ts";
import { given, isCount, LearnLossError } from "./errors.ts";
import { bind } from "./features/bind.ts";
import { LinearLoss, lossName } from "./features/loss.ts";
import { groupNorm, l1, l2 } from "./features/norms.ts";
import { FeatureSpace, isData } from "./features/space.ts";
import { type SolverStatus, UNBOUNDED } from "./inner/solver.ts";
import { WorkingSetSolver } from "./inner/working-set-solver.ts";
import { type LinearModel, modelOf } from "./models/linear.ts";
import { columnsToRead } from "./models/matrix.ts";
import { checkModel, type ModelKind } from "./models/model-kind.ts";
import { Objective } from "./models/objective.ts";
import { checkNames, type OptionNames } from "./option-names.ts";
import { checkSignal, inSlices, newSlice } from "./run.ts";
import { Arena, type Pointer } from "./wasm/arena.ts";
import { kernels } from "./wasm/kernels.ts";
import { outOfTrap } from "./wasm/shared.ts";

/** Default tolerance of `fit`. */
export const FIT_TOLERANCE = 1e-6;

/** Most iterations of `fit`, by default. */
export const FIT_ITERATIONS = 10_000;

/** Options of `fit`. */
export interface FitOptions {
  /** What to train: softmax, logistic or linear ("squared") regression. */
  readonly model: ModelKind;
  /** Rows to train on. */
  readonly train: Dataset;
  /** What to minimize: a learned loss, or weights of ‖W‖₁, ½‖W‖² and Σ_j ‖W_j‖₂ next to the plain one. @default the plain */
  readonly loss?: LinearLoss | { readonly l1?: number; readonly l2?: number; readonly groupNorm?: number };
  /**
   * Relative minimum-norm subgradient at which the training ends, if what is left to gain, as estimated from the curvature
   * seen so far, is this small beside the objective as well. Where penalties with kinks are so weak that almost nothing is
   * left of the loss, the estimate is too small: some percent may be left, at 1e-4 as much as the minimum itself. @default 1e-6
   */
  readonly tolerance?: number;
  /**
   * What X is held in. f32 halves memory and time; where its arithmetic is too coarse for the tolerance, the solver ends
   * in f64 arithmetic on it, so that any tolerance is reached. @default "f64" below 1e-5, otherwise "f32"
   */
  readonly precision?: "f32" | "f64";
  /**
   * Most iterations of the solver, an integer ≥ 0 or Infinity; there its status is `iterations`. With 0 it is the null model.
   * @default 10000
   */
  readonly iterations?: number;
  /** Aborting rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
}

/** What a fit found. */
export interface FitResult {
  /**
   * - `converged`: within the tolerance
   * - `stalled`: rounding allows nothing better
   * - `unbounded`: no penalty, and the classes can be separated: the loss has no minimizer
   * - `iterations`: their limit was reached
   */
  readonly status: Exclude<SolverStatus, "running"> | "iterations";
  /** λ·φ(θ). */
  readonly objective: number;
  /** φ(θ), the plain loss included. */
  readonly features: Readonly<Record<string, number>>;
  /** What was minimized. */
  readonly loss: LinearLoss;
  /** Its minimizer θ. */
  readonly model: LinearModel;
  /** Weights that are not 0. */
  readonly nonzeros: number;
  /** Passes over the training rows. */
  readonly passes: number;
  /** Iterations of the solver. */
  readonly iterations: number;
  /** Relative minimum-norm subgradient. */
  readonly residual: number;
  /** Wall time of this solve. */
  readonly milliseconds: number;
  /** What is doubtful about the data or the loss, each beginning with a code as UNBOUNDED or WIDE. */
  readonly warnings: readonly string[];
}

export const FIT_NAMES: OptionNames<FitOptions> = {
  model: true,
  train: true,
  loss: true,
  tolerance: true,
  precision: true,
  iterations: true,
  signal: true,
};

/**
 * Minimizes a linear loss over all rows of a dataset; frees everything it used. It works in pieces, between which everything else has
 * its turn. The first is before `fit` returns its promise, and grows with X, which it copies and centres: 0.8 s of 500000 × 100.
 *
 * @throws LAMBDA for a loss that is none, LABEL or SHAPE for one of other classes, groups or images; EMPTY, TOO_FEW, ONE_CLASS,
 *   WEIGHT, OVERFLOW, SHAPE or TYPE for data that cannot be fitted; OPTION, OUT_OF_MEMORY; the reason of the signal
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  checkNames(options, FIT_NAMES);
  const fitting = new Fitting(options);
  try {
    return await fitting.solve();
  } finally {
    fitting.dispose();
  }
}

/** A fit's options once they are checked, all defaults in place. */
export type CheckedFitOptions = Omit<Required<FitOptions>, "loss" | "signal"> & {
  readonly loss: LinearLoss;
  readonly signal: AbortSignal | undefined;
};

/** @throws as `fit`, but for what only the data can tell */
export function checkFitOptions(options: FitOptions): CheckedFitOptions {
  const { train, tolerance = FIT_TOLERANCE, iterations = FIT_ITERATIONS, signal } = options;
  const model = checkModel(options.model);
  checkDataset("train", train);
  checkSignal(signal);
  checkTolerance(tolerance);
  const { precision = tolerance < 1e-5 ? "f64" : "f32" } = options;
  if (precision !== "f32" && precision !== "f64")
    throw new LearnLossError("OPTION", `precision is ${precision}: give f32 or f64.`);
  if (!isCount(iterations)) throw new LearnLossError("OPTION", `iterations is ${iterations}: give an integer ≥ 0.`);
  if (train.rows < 3) {
    throw new LearnLossError("TOO_FEW", `${train.rows} rows are too few to fit a model: give at least 3.`);
  }
  return { model, train, loss: linearLoss(model, options.loss), tolerance, precision, iterations, signal };
}

/** @throws OPTION */
export function checkTolerance(tolerance: unknown): void {
  if (typeof tolerance === "number" && tolerance > 0 && tolerance < 1) return;
  const shown = typeof tolerance === "number" ? tolerance : `of type ${typeof tolerance}`;
  throw new LearnLossError("OPTION", `The tolerance is ${shown}: give a number between 0 and 1, such as 1e-6.`);
}

/** A dataset in Wasm memory, to be fitted with one loss after the other, each from the last solution. */
export class Fitting {
  readonly #options: CheckedFitOptions;
  readonly #arena: Arena<ReturnType<typeof kernels>>;
  readonly #space: FeatureSpace;
  readonly #selected: Int32Array | undefined;
  readonly #objective: Objective;
  readonly #solver: WorkingSetSolver;
  readonly #classes: readonly (string | number)[] | undefined;
  readonly #warnings: readonly string[];
  readonly #slice = newSlice();
  #started = false;
  /** Passes in results: what a path prepares is part of its first. */
  #told = 0;

  /** @param solves how many there will be, about */
  constructor(options: FitOptions, solves = 1) {
    const checked = checkFitOptions(options);
    const { model, train, loss, tolerance, precision } = checked;
    this.#options = checked;
    this.#space = new FeatureSpace(bind(loss.features, train), model);
    const lambda = this.#space.fromUserRecord(loss.lambda);
    const targets = encodeTargets(model, train);
    this.#classes = targets.classes;
    const augmentation = this.#space.rowGroups?.augmentation;
    const penalized = lambda.some((weight, j) => weight > 0 && !this.#space.data[j]);
    this.#warnings = audit(train, { penalized, augmentation, precision });
    this.#selected = augmentation ? undefined : columnsToRead(train);
    this.#arena = new Arena(kernels());
    try {
      this.#objective = new Objective(this.#arena, {
        model,
        dataset: train,
        targets: targets.train,
        outputs: targets.outputs,
        precision,
        ...this.#space.structure,
        ...(this.#selected ? { selected: this.#selected } : {}),
      });
      this.#objective.setWeights(this.#space.termWeights(lambda));
      this.#solver = new WorkingSetSolver(this.#arena, this.#objective, { tolerance, solves });
    } catch (error) {
      this.#arena.dispose();
      throw error;
    }
  }

  /** Largest entry of the gradient at the null model: from this weight of ‖W‖₁ on, all weights are 0. */
  get largestL1(): number {
    this.#objective.setWeights({});
    this.#solver.start(0);
    this.#started = true;
    return this.#solver.steepness;
  }

  /** @param loss that of the options, or another of the same features */
  async solve(loss = this.#options.loss): Promise<FitResult> {
    try {
      return await this.#minimize(loss);
    } catch (error) {
      throw outOfTrap(error);
    }
  }

  async #minimize(loss: LinearLoss): Promise<FitResult> {
    const { iterations, signal } = this.#options;
    const solver = this.#solver;
    const objective = this.#objective;
    const began = performance.now();
    const lambda = this.#space.fromUserRecord(loss.lambda);
    objective.setWeights(this.#space.termWeights(lambda));
    await inSlices(this.#steps(iterations), signal, this.#slice);
    signal?.throwIfAborted();
    const model = this.#model(solver.theta);
    const penalties = objective.penalties(solver.theta);
    // What weighs nothing was passed over, and has a φ nonetheless.
    const whole = lambda.every((weight, j) => weight > 0 || !isData(this.#space.features[j]!));
    const groupLosses = whole ? solver.groupLosses : objective.allGroupLosses(solver.theta);
    const features = this.#space.phi({ groupLosses, ...penalties });
    const status = solver.status === "running" ? "iterations" : solver.status;
    const passes = objective.passes - this.#told;
    this.#told += passes;
    return {
      status,
      objective: lambda.reduce((sum, weight, j) => sum + weight * features[j]!, 0),
      features: this.#space.toRecord(features),
      loss,
      model,
      nonzeros: model.nonzeros,
      passes,
      iterations: solver.iterations,
      residual: solver.residual,
      milliseconds: performance.now() - began,
      warnings: [...this.#warnings, ...this.#doubts(loss, status)],
    };
  }

  /** Minimizes in bounded pieces, from where the last solve ended. */
  *#steps(iterations: number): Generator<void> {
    const solver = this.#solver;
    yield* solver.prepare();
    solver.start(this.#started ? solver.theta : 0);
    this.#started = true;
    yield;
    while (solver.status === "running" && solver.iterations < iterations) {
      solver.step(1);
      yield;
    }
  }

  /** What is to be said about a loss without a penalty. */
  #doubts(loss: LinearLoss, status: FitResult["status"]): string[] {
    if (status === "unbounded") return [UNBOUNDED];
    const { rows, columns } = this.#options.train;
    const penalized = Object.entries(loss.features).some(
      ([name, feature]) => !isData(feature) && loss.lambda[name]! > 0,
    );
    return columns < rows || penalized ? [] : [`WIDE: ${columns} columns, ${rows} rows and ${NOT_UNIQUE}`];
  }

  #model(theta: Pointer): LinearModel {
    const { model: kind, train } = this.#options;
    const values = this.#arena.viewF64(theta, this.#objective.thetaCount);
    return modelOf(values, { kind, classes: this.#classes, columns: train.columns }, this.#selected);
  }

  dispose(): void {
    this.#solver.dispose();
    this.#arena.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const NOT_UNIQUE = "no penalty: the minimizer is not unique, and fits any targets: give l2 a weight.";

const NORMS = { l1, l2, groupNorm } as const;

/** @throws LAMBDA for weights that are negative or not finite, OPTION for other names and for a loss of other models */
export function linearLoss(model: ModelKind, loss: FitOptions["loss"] = {}): LinearLoss {
  const plain = lossName(model);
  given("loss", loss);
  if ("lossName" in loss) {
    // That of another copy of this package (an iframe's, a bundle's beside this one), or a structured clone, is as good.
    const { lossName: name, features, lambda } = loss as LinearLoss;
    const own = loss instanceof LinearLoss ? loss : new LinearLoss(name, features, lambda);
    if (own.lossName === plain) return own;
    throw new LearnLossError(
      "OPTION",
      `The loss weighs its penalties against ${own.lossName}, a ${model} model has ${plain}: tune one for it.`,
    );
  }
  const unknown = Object.keys(loss).find((name) => !Object.hasOwn(NORMS, name));
  if (unknown)
    throw new LearnLossError("OPTION", `The loss has ${unknown}: give l1, l2 and groupNorm, or a LinearLoss.`);
  const weighed = Object.entries(loss).filter(([, weight]) => weight !== undefined);
  const lambda: Record<string, number> = { l1: 0, l2: 0, ...Object.fromEntries(weighed) };
  const features = Object.keys(lambda).map((name) => [name, NORMS[name as keyof typeof NORMS]()]);
  return new LinearLoss(plain, Object.fromEntries(features), lambda);
}
