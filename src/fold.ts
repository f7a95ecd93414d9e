import { take } from "./data/dataset.ts";
import { sampleRows } from "./data/sample.ts";
import { foldRows } from "./data/split.ts";
import { encodeTargets } from "./data/targets.ts";
import type { Features } from "./features/feature.ts";
import type { FeatureSpace } from "./features/space.ts";
import { Objective } from "./models/objective.ts";
import { ReducedModel } from "./reduced/reduced-model.ts";
import type { Pause } from "./run.ts";
import { Trainer, type TrainerOptions, trainingTerms } from "./trainer.ts";
import type { TunerOptions } from "./tune.ts";
import type { Arena, Pointer } from "./wasm/arena.ts";
import type { Kernels } from "./wasm/kernels.ts";

/** Directions per output at most: memory is outputs × capacity × (columns + rows + validation rows) doubles. */
const CAPACITY = 36;

/**
 * Bytes of the training rows' projections on the span at most: MNIST's 60,000 rows, or 28,000 of them under 12
 * transformations. Of more rows the span sees a sample, and aims less well; the slopes in λ at the models trained are those
 * of all rows. With half of 1000 rows of MNIST, L2 and four transformations, that leaves 0.5 to 1.6 % of the error, where
 * slopes of the sample left 4 to 10 %; with a third of 3000 rows, L1 and L2 or class weights, 0.3 % either way.
 */
const SPAN_BYTES = 2 ** 30;

/** The training after which the gradients of the transformations' losses join the span. */
const GUIDED = 1;

/** So many columns for each of them, or they are too dear: a product in the span costs its directions over the columns. */
const COLUMNS_PER_GRADIENT = 16;

/**
 * One training set with the rows that judge it, and the span of the models seen on it. Tuning on a validation set has
 * one, k-fold cross-validation k.
 */
export class Fold {
  readonly trainer: Trainer;
  readonly reduced: ReducedModel;
  /** Where the next training starts: θ, written by `expand`. */
  readonly theta: Pointer;
  /** Its training rows over all that the user gave: a pass over them is that share of a pass. */
  readonly share: number;
  readonly #arena: Arena<Kernels>;
  readonly #space: FeatureSpace;
  /** The rows that the span sees: all that are trained on, or a sample. */
  readonly #span: Objective;
  #trainings = 0;

  constructor(
    arena: Arena<Kernels>,
    space: FeatureSpace,
    options: TrainerOptions,
    share: number,
    spanBytes = SPAN_BYTES,
  ) {
    this.#arena = arena;
    this.#space = space;
    this.share = share;
    this.trainer = new Trainer(arena, space, options);
    const { objective, validation } = this.trainer;
    const { outputs, columns, copies } = objective;
    const capacity = Math.min(CAPACITY, columns + 1);
    const most = Math.max(Math.floor(spanBytes / (8 * outputs * capacity * copies)), 1);
    this.#span = options.train.rows > most ? sampleObjective(arena, space, options, most) : objective;
    this.reduced = new ReducedModel(arena, space, this.#span, validation, capacity);
    this.theta = arena.f64(objective.thetaCount);
  }

  /** A copy of the solver's current θ. */
  current(): Float64Array {
    const { solver, objective } = this.trainer;
    return this.#arena.viewF64(solver.theta, objective.thetaCount).slice();
  }

  /**
   * The model of the training that ended joins the span and becomes the virtual model. With one near the minimizer joins
   * the adjoint of e, where e has a gradient: the reduced model's slope in λ is then the true one, which is returned.
   *
   * @param adjoint how well to solve for it, if at all
   */
  *learn(lambda: Float64Array, adjoint: "coarse" | "fine" | undefined): Generator<Pause, Float64Array | undefined> {
    const { trainer, reduced, theta } = this;
    reduced.add(trainer.solver.theta);
    if (++this.#trainings === GUIDED && this.#wantsGradients) yield* this.#addGradients();
    reduced.project(trainer.solver.theta);
    if (!adjoint || !trainer.metric.smooth) return undefined;
    reduced.adjoint(lambda, theta);
    yield* trainer.adjoint(theta, adjoint === "fine");
    reduced.add(theta);
    const slope = reduced.slope(lambda, trainer.solver.theta, theta);
    return this.#span === trainer.objective ? slope : this.#exact(slope, lambda);
  }

  /** The slope with the derivatives of the data terms over all rows, where the span sees a sample. */
  #exact(slope: Float64Array, lambda: Float64Array): Float64Array {
    const { trainer, theta } = this;
    const { data } = this.#space;
    const derivatives = this.#space.pick(trainer.objective.derivatives(trainer.solver.theta, theta));
    return slope.map((value, j) => (data[j] ? -lambda[j]! * derivatives[j]! : value));
  }

  get #wantsGradients(): boolean {
    const { copies, groupCount, columns } = this.trainer.objective;
    return copies > 1 && groupCount * COLUMNS_PER_GRADIENT <= columns;
  }

  /**
   * ∇φ_g of every transformation joins the span: where a model goes when its weight grows. Without them the span of a
   * few models says little of a dozen weights (MNIST, n = 300, 12 transformations, 5 seeds: 3599 → 2088 passes).
   */
  *#addGradients(): Generator<void> {
    const { trainer, reduced, theta } = this;
    for (let group = 0; group < trainer.objective.groupCount; group++) {
      trainer.objective.groupGradient(group, trainer.solver.theta, theta);
      reduced.add(theta);
      yield;
    }
  }

  /** The virtual model becomes what the next training starts from. */
  expand(): void {
    this.reduced.expand(this.theta);
  }

  /** Lets go of what other threads hold. */
  dispose(): void {
    this.trainer.solver.dispose?.();
  }

  get trainingPasses(): number {
    const { passes, objective } = this.trainer;
    return this.share * (passes - (this.#span === objective ? this.reduced.snapshotPasses : 0));
  }

  get reducedPasses(): number {
    const seen = this.#span.rows / this.trainer.objective.rows;
    return this.share * seen * (this.reduced.passes + this.reduced.snapshotPasses);
  }
}

type TrainingRows = Pick<TrainerOptions, "train" | "targets" | "rowGroups">;

/** The training rows with these indices, with what belongs to them. */
function takeRows({ train, targets, rowGroups }: TrainingRows, rows: readonly number[]): TrainingRows {
  const grouped = rowGroups && rowGroups.map.length > 0;
  return {
    train: take(train, rows),
    targets: { ...targets, train: Float64Array.from(rows, (i) => targets.train[i]!) },
    rowGroups: grouped ? { ...rowGroups, map: Int32Array.from(rows, (i) => rowGroups.map[i]!) } : rowGroups,
  };
}

/** ℓ_λ over about so many of the training rows, some of every group or class. */
function sampleObjective(
  arena: Arena<Kernels>,
  space: FeatureSpace,
  options: TrainerOptions,
  count: number,
): Objective {
  const { model, train, targets, rowGroups } = options;
  const classes = model === "squared" ? new Uint8Array(train.rows) : targets.train;
  const strata = rowGroups && rowGroups.map.length > 0 ? rowGroups.map : classes;
  const part = takeRows(options, sampleRows(strata, count, 0));
  return new Objective(arena, { ...trainingTerms(space, { ...options, ...part }), dataset: part.train });
}

/** The folds of a tuner: one for a validation set, `folds` of them for cross-validation. */
export function foldsOf<F extends Features>(
  arena: Arena<Kernels>,
  space: FeatureSpace,
  options: TunerOptions<F>,
  settings: Pick<TrainerOptions, "metric" | "tolerance" | "precision">,
): { readonly folds: readonly Fold[]; readonly classes: readonly (string | number)[] | undefined } {
  const { model, train, validation, seed = 0 } = options;
  if (validation) {
    const { classes, outputs, ...encoded } = encodeTargets(model, train, validation);
    const targets = { outputs, classes, train: encoded.train, validation: encoded.others[0]! };
    const { rowGroups } = space;
    return {
      folds: [new Fold(arena, space, { ...settings, model, train, validation, targets, rowGroups }, 1)],
      classes,
    };
  }
  const { classes, outputs, train: all } = encodeTargets(model, train);
  const targets = { outputs, classes, train: all, validation: all };
  const { workers } = options;
  const folds = foldRows(train, options.folds!, { seed }).map((rows) => {
    const own = takeRows({ train, targets, rowGroups: space.rowGroups }, rows.train);
    const part: TrainerOptions = {
      ...settings,
      model,
      ...own,
      validation: take(train, rows.validation),
      targets: { ...own.targets, validation: Float64Array.from(rows.validation, (i) => all[i]!) },
      // Rows made on demand (augmentation) are made in this thread.
      ...(workers && !own.rowGroups?.augmentation
        ? {
            solver: (task) => workers.solver(arena, { ...task, dataset: train, rows: Int32Array.from(rows.train) }),
          }
        : {}),
    };
    return new Fold(arena, space, part, rows.train.length / train.rows);
  });
  return { folds, classes };
}
