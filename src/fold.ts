import { take } from "./data/dataset.ts";
import { foldRows } from "./data/split.ts";
import { encodeTargets } from "./data/targets.ts";
import type { Features } from "./features/feature.ts";
import type { FeatureSpace } from "./features/space.ts";
import { ReducedModel } from "./reduced/reduced-model.ts";
import type { Pause } from "./run.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";
import type { TunerOptions } from "./tune.ts";
import type { Arena, Pointer } from "./wasm/arena.ts";
import type { Kernels } from "./wasm/kernels.ts";

/** Directions per output at most: memory is outputs × capacity × (columns + rows + validation rows) doubles. */
const CAPACITY = 36;

/** The training after which the gradients of the transformations' losses join the span; the first two are starts. */
const GUIDED = 3;

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
  #snapshots: Float64Array[] = [];
  #trainings = 0;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, options: TrainerOptions, share: number) {
    this.#arena = arena;
    this.share = share;
    this.trainer = new Trainer(arena, space, options);
    const { objective, validation } = this.trainer;
    this.reduced = new ReducedModel(arena, space, objective, validation, Math.min(CAPACITY, objective.columns + 1));
    this.theta = arena.f64(objective.thetaCount);
  }

  /** A copy of the solver's current θ. */
  current(): Float64Array {
    const { solver, objective } = this.trainer;
    return this.#arena.viewF64(solver.theta, objective.thetaCount).slice();
  }

  /** Keeps the solver's current model for the span; it joins when the training ends. */
  snapshot(): void {
    this.#snapshots.push(this.current());
  }

  /**
   * The models of the training that ended join the span, and the last becomes the virtual model. With a converged one
   * joins the adjoint of e, where e has a gradient: the reduced model's slope in λ is then the true one.
   */
  *learn(converged: boolean): Generator<Pause> {
    const { trainer, reduced, theta } = this;
    for (const snapshot of this.#snapshots) {
      this.#arena.viewF64(theta, snapshot.length).set(snapshot);
      reduced.add(theta);
    }
    this.#snapshots = [];
    reduced.add(trainer.solver.theta);
    if (converged && trainer.metric.smooth) {
      yield* trainer.adjoint(theta);
      reduced.add(theta);
    }
    if (++this.#trainings === GUIDED && this.#wantsGradients) yield* this.#addGradients();
    reduced.project(trainer.solver.theta);
  }

  get #wantsGradients(): boolean {
    const { copies, columns } = this.trainer.objective;
    return copies > 1 && copies * COLUMNS_PER_GRADIENT <= columns;
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
    return this.share * (this.trainer.passes - this.reduced.snapshotPasses);
  }

  get reducedPasses(): number {
    return this.share * (this.reduced.passes + this.reduced.snapshotPasses);
  }
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
  const { classes, outputs, train: targets } = encodeTargets(model, train);
  const pick = (rows: readonly number[]) => Float64Array.from(rows, (i) => targets[i]!);
  const { workers } = options;
  const folds = foldRows(train, options.folds!, { seed }).map((rows) => {
    const groups = space.rowGroups;
    const part: TrainerOptions = {
      ...settings,
      model,
      train: take(train, rows.train),
      validation: take(train, rows.validation),
      targets: { outputs, classes, train: pick(rows.train), validation: pick(rows.validation) },
      rowGroups: groups?.augmentation
        ? groups
        : groups && { ...groups, map: Int32Array.from(rows.train, (i) => groups.map[i]!) },
      // Rows made on demand (augmentation) are made in this thread.
      ...(workers && !groups?.augmentation
        ? {
            solver: (task) => workers.solver(arena, { ...task, dataset: train, rows: Int32Array.from(rows.train) }),
          }
        : {}),
    };
    return new Fold(arena, space, part, rows.train.length / train.rows);
  });
  return { folds, classes };
}
