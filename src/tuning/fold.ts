import type { CheckedOptions } from "../check-options.ts";
import type { Dataset } from "../data/dataset.ts";
import { sampleRows } from "../data/sample.ts";
import { foldRows, joined } from "../data/split.ts";
import { gather, take, takeLabels } from "../data/take.ts";
import { checkRows, encodeTargets } from "../data/targets.ts";
import { LearnLossError } from "../errors.ts";
import { type Judge, judgeOfSpan } from "../evaluate/judge.ts";
import type { Features } from "../features/feature.ts";
import type { FeatureSpace } from "../features/space.ts";
import type { Start, TrainingSolver } from "../inner/training-solver.ts";
import { columnsToRead, Matrix } from "../models/matrix.ts";
import { Objective, type ObjectiveOptions } from "../models/objective.ts";
import type { TrainingRows } from "../models/training-rows.ts";
import { ReducedModel } from "../reduced/reduced-model.ts";
import type { Pause } from "../run.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { Trainer, type TrainerOptions, trainingTerms } from "./trainer.ts";

/** Directions per output at most: memory is outputs × capacity × (columns + rows + validation rows) doubles. */
const CAPACITY = 36;

/**
 * Bytes of the training rows' projections on the spans of all folds at most: MNIST's 60,000 rows take a sixth of it, 28,000 of
 * them under 12 transformations fill it. Of more rows the span sees a sample, and aims less well; the slopes in λ at the models trained are those
 * of all rows. With half of 1000 rows of MNIST, L2 and four transformations, that leaves 0.5 to 1.6 % of the error, where
 * slopes of the sample left 4 to 10 %; with a third of 3000 rows, L1 and L2 or class weights, 0.3 % either way.
 */
const SPAN_BYTES = 2 ** 30;

/** The training after which the gradients of the transformations' losses join the span. */
const GUIDED = 1;

/** Columns per such gradient, at least, for them to pay: a product in the span costs its directions over the columns. */
const COLUMNS_PER_GRADIENT = 16;

/** Of a fold whose rows are in Wasm memory: where to take some of them from. */
interface FoldOptions extends TrainerOptions {
  readonly source?: { readonly dataset: Dataset; readonly rows: Int32Array; readonly judging: Int32Array };
}

/**
 * One training set with the rows that judge it, and the span of the models seen on it. Tuning on a validation set has
 * one, k-fold cross-validation k.
 */
export class Fold {
  readonly trainer: Trainer;
  readonly reduced: ReducedModel;
  /** What judges virtual models: all of the validation rows, or a part of them. */
  readonly judge: Judge;
  /** θ of the model that a training starts from. */
  readonly theta: Pointer;
  /** Its training rows over all that the user gave: a pass over them is that share of a pass. */
  readonly share: number;
  readonly #arena: Arena<Kernels>;
  readonly #space: FeatureSpace;
  /** The rows that the span sees: all that are trained on, or a sample. */
  readonly #span: Objective;
  /** Memory of the span, but for the rows projected on it. */
  readonly #spanBytes: number;
  #trainings = 0;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, options: FoldOptions, share: number, spanBytes = SPAN_BYTES) {
    this.#arena = arena;
    this.#space = space;
    this.share = share;
    this.trainer = new Trainer(arena, space, options);
    const { objective } = this.trainer;
    const { outputs, columns, copies } = objective;
    const capacity = Math.min(CAPACITY, columns + 1);
    const most = Math.max(Math.floor(spanBytes / (8 * outputs * capacity * copies)), 1);
    const before = arena.kernels.allocatedBytes();
    this.#span = options.train.rows > most ? sampleObjective(arena, space, options, most) : objective;
    const { source } = options;
    const held = source && { dataset: source.dataset, rows: source.judging };
    this.judge = judgeOfSpan(arena, options, this.trainer, spanBytes / (4 * 8 * outputs * capacity), held);
    this.reduced = new ReducedModel(arena, space, this.#span, this.judge.validation, capacity);
    // A worker keeps its own; those of all rows are of no use to a span that sees a sample.
    if (!options.solver && this.#span === objective) this.reduced.keepScores();
    this.#spanBytes = ((arena.kernels.allocatedBytes() - before) >>> 0) - this.reduced.projectedBytes;
    this.theta = arena.f64(objective.thetaCount);
  }

  /** Memory of the span: its basis and the rows projected on it, which grow with the models in it. */
  get spanBytes(): number {
    return this.#spanBytes + this.reduced.projectedBytes;
  }

  /** Whether the span's own minimizers are as good as trained ones: it sees all rows, and smooths no kink. */
  get faithful(): boolean {
    return this.#span === this.trainer.objective && !this.#space.kinked;
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
    this.#calibrate();
    if (this.#span === trainer.objective) {
      yield* reduced.addScored(trainer.solver.theta, (out) => trainer.solver.scores(out));
    } else reduced.add(trainer.solver.theta);
    if (++this.#trainings === GUIDED && this.#wantsGradients) yield* this.#addGradients();
    reduced.project(trainer.solver.theta);
    if (!adjoint || !trainer.metric.smooth) return undefined;
    reduced.adjoint(lambda, theta);
    yield* trainer.adjoint(theta, adjoint === "fine");
    reduced.add(theta);
    const slope = reduced.slope(lambda, trainer.solver.theta, theta);
    return this.#span === trainer.objective ? slope : this.#exact(slope, lambda);
  }

  /** Sets the judge's offset, so that a sample of the rows says of a model what all of them do. */
  #calibrate(): void {
    const { trainer, judge } = this;
    if (judge.share === 1) return;
    const { rows, outputs } = judge.validation;
    const scores = this.#arena.shared(8 * outputs * rows);
    const error = trainer.judge(trainer.solver.theta);
    judge.validation.scores(trainer.solver.theta, scores);
    judge.offset = error - judge.metric.evaluate(scores);
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

  /** θ ← the virtual model. Returns θ. */
  expand(): Pointer {
    this.reduced.expand(this.theta);
    return this.theta;
  }

  /** The virtual model, for a training to start from. */
  scored(): Start {
    const { reduced, trainer } = this;
    const theta = this.expand();
    if (this.#span !== trainer.objective) return theta;
    return { theta, scores: () => reduced.trainingScores() };
  }

  /** Lets go of what its solver holds, here and in other threads: it trains no more. */
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

/** Checks that a fold trains on every group that has a weight in the loss. @throws FOLD */
function checkGroups(f: number, { train: { weights }, rowGroups }: FoldOptions): void {
  if (!rowGroups || rowGroups.augmentation) return;
  const counts = new Uint8Array(rowGroups.count);
  for (const [i, group] of rowGroups.map.entries()) if (weights === undefined || weights[i]! > 0) counts[group] = 1;
  const group = counts.indexOf(0);
  if (group < 0) return;
  throw new LearnLossError(
    "FOLD",
    `All rows of group ${rowGroups.labels?.[group] ?? group} that count are in fold ${f + 1}, which would train without it: drop it or join it with another.`,
  );
}

/** The groups of the training rows with these indices. */
function groupsOf(rowGroups: TrainerOptions["rowGroups"], rows: ArrayLike<number>): TrainerOptions["rowGroups"] {
  if (!rowGroups || rowGroups.map.length === 0) return rowGroups;
  return { ...rowGroups, map: gather(rowGroups.map, rows) };
}

/** ℓ_λ over about so many of the training rows, some of every group or class. */
function sampleObjective(arena: Arena<Kernels>, space: FeatureSpace, options: FoldOptions, count: number): Objective {
  const { model, train, targets, rowGroups, source } = options;
  const classes = model === "squared" ? new Uint8Array(train.rows) : targets.train;
  const strata = rowGroups && rowGroups.map.length > 0 ? rowGroups.map : classes;
  const rows = sampleRows(strata, count);
  const part = {
    ...options,
    targets: { ...targets, train: gather(targets.train, rows) },
    rowGroups: groupsOf(rowGroups, rows),
  };
  const dataset = source
    ? take(
        source.dataset,
        rows.map((i) => source.rows[i]!),
      )
    : take(train as Dataset, rows);
  return new Objective(arena, { ...trainingTerms(space, part), dataset });
}

/** What a tuner trains on. */
export interface Folds {
  /** One for a validation set, `folds` of them for cross-validation. */
  readonly folds: readonly Fold[];
  readonly classes: readonly (string | number)[] | undefined;
  /** The columns that the models have weights of, where these are not all. */
  readonly selected: Int32Array | undefined;
  /** With cross-validation: the objective over all rows, to train the model of the chosen λ on. */
  readonly whole?: ObjectiveOptions;
}

type Settings = Pick<TrainerOptions, "metric" | "tolerance" | "solves" | "precision" | "selected">;

export function foldsOf<F extends Features>(
  arena: Arena<Kernels>,
  space: FeatureSpace,
  options: CheckedOptions<F>,
  given: Omit<Settings, "selected">,
): Folds {
  const { model, train, validation } = options;
  // Transformations move values into columns that had none.
  const selected = space.rowGroups?.augmentation ? undefined : columnsToRead(train);
  const settings: Settings = { ...given, selected };
  if (!validation) return crossValidation(arena, space, options, settings);
  const { classes, outputs, ...encoded } = encodeTargets(model, train, validation);
  const targets = { outputs, classes, train: encoded.train, validation: encoded.others[0]! };
  const { rowGroups } = space;
  return {
    folds: [new Fold(arena, space, { ...settings, model, train, validation, targets, rowGroups }, 1)],
    classes,
    selected,
  };
}

/**
 * X is held once, its rows fold by fold: a fold trains on all but a stretch of them, which judges it. Rows made on demand
 * (augmentation) are held by each fold, and made in this thread.
 */
function crossValidation<F extends Features>(
  arena: Arena<Kernels>,
  space: FeatureSpace,
  options: CheckedOptions<F>,
  settings: Settings,
): Folds {
  const { model, train, seed, workers } = options;
  const { classes, outputs, train: all } = encodeTargets(model, train);
  // The model tells what is a class: counts and ratings are quantities to a squared loss.
  const parts = foldRows(train, options.folds!, { seed, stratified: classes !== undefined });
  const order = joined(parts.map(({ validation }) => validation));
  const augmented = space.rowGroups?.augmentation !== undefined;
  const { precision, selected } = settings;
  const matrix = augmented ? undefined : new Matrix(arena, train, precision === "f64" ? 8 : 4, order, selected);
  let to = 0;
  const opened: TrainingSolver[] = [];
  const kept = (solver: TrainingSolver) => {
    opened.push(solver);
    return solver;
  };
  const foldOf = ({ validation: judging }: (typeof parts)[number], f: number) => {
    const from = to;
    to += judging.length;
    const rows = joined([order.subarray(0, from), order.subarray(to)]);
    const held = (indices: ArrayLike<number>, x: TrainingRows["x"] | undefined): TrainingRows =>
      x ? { ...takeLabels(train, indices), x } : take(train, indices);
    const part: FoldOptions = {
      ...settings,
      model,
      train: held(rows, matrix?.without(from, to)),
      // A function of scores is handed the rows as they were given.
      validation: held(judging, typeof settings.metric === "function" ? undefined : matrix?.range(from, to)),
      targets: { outputs, classes, train: gather(all, rows), validation: gather(all, judging) },
      rowGroups: groupsOf(space.rowGroups, rows),
      source: { dataset: train, rows, judging },
      ...(workers && matrix
        ? { solver: (task) => kept(workers.solver(arena, { ...task, dataset: train, order, from, to })) }
        : {}),
    };
    checkRows(`fold ${f + 1}`, part.validation);
    checkRows(`all folds but ${f + 1}`, part.train);
    checkGroups(f, part);
    return new Fold(arena, space, part, rows.length / train.rows, SPAN_BYTES / parts.length);
  };
  let folds: readonly Fold[];
  try {
    folds = parts.map(foldOf);
  } catch (error) {
    for (const solver of opened) solver.dispose?.(); // in other threads they would stay
    throw error;
  }
  const sorted = matrix && { ...takeLabels(train, order), x: matrix.range(0, train.rows) };
  const whole = {
    ...trainingTerms(space, {
      ...settings,
      model,
      targets: { outputs, train: sorted ? gather(all, order) : all, validation: all },
      rowGroups: sorted ? groupsOf(space.rowGroups, order) : space.rowGroups,
    }),
    dataset: sorted ?? train,
  };
  return { folds, classes, selected, whole };
}
