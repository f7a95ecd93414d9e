import { checkOptions } from "./check-options.ts";
import type { Dataset } from "./data/dataset.ts";
import { given, LearnLossError } from "./errors.ts";
import type { Enclosure } from "./evaluate/enclosure.ts";
import type { Metric } from "./evaluate/metric.ts";
import { bind } from "./features/bind.ts";
import type { Features } from "./features/feature.ts";
import type { LinearLoss } from "./features/loss.ts";
import { inUnits } from "./features/units.ts";
import type { Workers } from "./inner/training-solver.ts";
import type { LinearModel } from "./models/linear.ts";
import type { ModelKind } from "./models/model-kind.ts";
import type { Certificate } from "./outer/certificate.ts";
import { type Budget, checkBudget, Run } from "./run.ts";
import type { Study } from "./study.ts";
import { TuningWork } from "./tuning/tuning-work.ts";

/** Options of `tune` and `createTuner`. */
export interface TunerOptions<F extends Features = Features> {
  /** What to train: softmax, logistic or linear ("squared") regression. */
  readonly model: ModelKind;
  /** Rows to train on. */
  readonly train: Dataset;
  /** Rows that judge the models; never trained on. Either these or `folds`. */
  readonly validation?: Dataset;
  /**
   * Instead of `validation` (both, or neither, throws OPTION): k-fold cross-validation of the training rows, stratified where the
   * model is of classes; k from 2 to half of the rows. φ and e are means over the folds; the model of the chosen λ is trained on
   * all rows at the end.
   */
  readonly folds?: number;
  /**
   * With `folds`: a pool of `learnloss/workers` that trains them side by side; the result is the same, bit for bit, but for the
   * passes: they are summed in another order, and squared loss counts others.
   */
  readonly workers?: Workers;
  /**
   * Which λ to choose: "best", or, with `folds` only (else OPTION), "one-standard-error", the same mix of penalties as strong as
   * an error within one standard error of the best allows.
   * @default "best"
   */
  readonly choice?: "best" | "one-standard-error";
  /** What the loss is mixed of; the weights are tuned within their bounds. */
  readonly features: F;
  /** What the models are judged by. @default log loss; mean squared error for squared loss */
  readonly metric?: Metric;
  /**
   * Seeds all pseudo-random choices, an integer in [0, 2³²): the same data, options and seed give the same result, bit for bit.
   * @default 0
   */
  readonly seed?: number;
  /**
   * A training ends at this relative minimum-norm subgradient. Where rows are nearly separated and penalties with kinks weak, a model
   * may still be far from its minimizer there, with another error: 1e-6 is right. @default 1e-4
   */
  readonly tolerance?: number;
  /** Arithmetic of the trainings. @default "f32" */
  readonly precision?: "f32" | "f64";
  /**
   * "tune": the λ whose minimizer is best; its model is trained to `tolerance`. "on-the-fly": the loss is learned inside
   * one training run, which ends when the validation error stops getting better; the best model on the way counts, as
   * with early stopping, and the whole costs about one training.
   * @default "tune"
   */
  readonly schedule?: "tune" | "on-the-fly";
  /**
   * Goes on when nothing better is promised near the best λ, until the budget ends, the caller leaves, or a minimizer has no error
   * at all: searches that begin beside it, trainings where interpolated models are best, and from then on (some hundred passes) a
   * quarter of them where the error may be least of all F, as far as one pass proves. In the limit no λ is better than the one found; it pays where e has
   * several basins (many weights, few rows) or moves in steps. Needs passes, trials or time in `tune`; not with `folds` or on the fly.
   * @default false
   */
  readonly explore?: boolean;
}

/**
 * A weight for each feature that was named. What `classWeights` and the like name, `class:3` or `knot:0.5`, TypeScript forgets
 * once they are spread beside others: any name with a colon may be asked for.
 */
export type Lambda<F extends Features> = { readonly [K in keyof F]: number } & {
  readonly [made: `${string}:${string}`]: number;
};

/** A model that was better than all before it. */
export interface Improvement<F extends Features = Features> {
  /** e on the validation rows; with folds, the mean. */
  readonly error: number;
  /** The weights that it was trained with. */
  readonly lambda: Lambda<F>;
  /** The number of its training, from 0. */
  readonly trial: number;
  /** Whether it minimizes its loss; if not, it was caught on the way, or the loss has no minimizer (UNBOUNDED). */
  readonly converged: boolean;
  /** Passes over the training rows spent when it was found, reduced work included. */
  readonly passes: number;
}

/** A model, with what is needed to use it. */
export interface BestModel<F extends Features = Features> extends Improvement<F> {
  /** Sorted class labels; absent for squared loss. */
  readonly classes: readonly (string | number)[] | undefined;
  /** Weights, outputs × columns row by row. */
  readonly coefficients: Float64Array;
  /** One per output. */
  readonly intercepts: Float64Array;
}

/** What a tuning found, and what it took. */
export interface TuneResult<F extends Features = Features> {
  /** "complete": the search came to its end; "stopped": the caller left the loop; otherwise the budget that ended it. */
  readonly status: "complete" | "stopped" | "passes" | "trials" | "time";
  /** The λ to use: that of the best model that minimizes its loss; on the fly, and where none does, of the best model seen. */
  readonly lambda: Lambda<F>;
  /** That model's error; with folds, their mean. */
  readonly error: number;
  /** With folds: the standard error of the mean of their errors. */
  readonly standardError: number | undefined;
  /**
   * Proved: the error of the exact minimizer of `loss` is within these bounds (with folds, their mean), rounding in f64
   * apart, of the rows as `precision` holds them: X in f32 moves it by a share of 1e-9 to 1e-7 or so, by 1e-5 where means
   * are a thousand deviations. A model that was trained to `tolerance` misses it by a little; the smaller the tolerance and
   * the stronger L2, the closer the bounds, from 0 to Infinity where there is no L2 or too little of it. Undefined when no
   * training came to a minimizer, and on the fly. One pass and a half after a run, in `passes`.
   */
  readonly errorBounds: Enclosure | undefined;
  /** The metric's name: of a function its own, mean-cost of costs. */
  readonly metric: string;
  /** The model that has it; with folds, that of all rows, whatever ended the run: trained after it then, in `passes`. */
  readonly model: LinearModel;
  /** λ with its features, for `fit` and for storage. */
  readonly loss: LinearLoss;
  /** The best model ever seen, checkpoints included; with folds, at the end, that of all rows. */
  readonly best: BestModel<F>;
  /** What the models seen prove about the λ that were allowed; models are indices of the study's observations. */
  readonly certificate: Certificate | undefined;
  /**
   * With `explore`: by how much a λ that the last round looked at may still be better than the one chosen, as far as one
   * pass at each proves; 0 when all of them are proved not to be.
   */
  readonly unexplored: number | undefined;
  /** All work on the training rows, in passes over them: training and reduced. */
  readonly passes: number;
  /** The part of `passes` that trainings took: gradients over the training rows. */
  readonly trainingPasses: number;
  /** The part of `passes` that virtual models took, in the span of those seen. */
  readonly reducedPasses: number;
  /** Work on the validation rows, in passes over them; not part of `passes`. */
  readonly validationPasses: number;
  /** Trainings. */
  readonly trials: number;
  /** Models seen on the way to the end of a training. */
  readonly checkpoints: number;
  /** Wall time: as passes and trials, of all runs of the tuner. */
  readonly milliseconds: number;
  /** What is doubtful about the data or the options, each beginning with a code. */
  readonly warnings: readonly string[];
}

/** Where a run stands: what a progress bar needs. */
export interface Progress {
  /** Passes spent, those of earlier runs of the tuner included. */
  readonly passes: number;
  /** Trainings begun. */
  readonly trials: number;
  /** Wall time of all runs. */
  readonly milliseconds: number;
  /** What the three may reach in this run; Infinity where there is no limit. */
  readonly budget: { readonly passes: number; readonly trials: number; readonly milliseconds: number };
  /** Passes per second in this run. */
  readonly rate: number;
  /** Iteration of the training under way. */
  readonly iteration: number;
  /** Least error seen. */
  readonly best: number | undefined;
}

/** What a tuner tells its listeners, by the name of the event. */
export interface TunerEvents<F extends Features = Features> {
  /** A training begins. */
  trial: { readonly trial: number; readonly lambda: Lambda<F>; readonly predicted: number | undefined };
  /** A model on the way, or the last of its training. */
  checkpoint: { readonly trial: number; readonly iteration: number; readonly error: number; readonly passes: number };
  /** A model better than all before it. */
  improvement: Improvement<F>;
  /** Something about the data or the run is suspicious, as `result.warnings` says it: told when a run begins or ends. */
  warning: { readonly message: string };
  /** Where the run stands, after each piece of work. */
  progress: Progress;
}

/** Tunes the weights of a loss; owns Wasm memory until it is disposed. */
export class Tuner<F extends Features = Features> {
  readonly #work: TuningWork<F>;

  constructor(options: TunerOptions<F>) {
    const checked = checkOptions(given("createTuner", options));
    const { features, model, train } = checked;
    this.#work = new TuningWork({ ...checked, features: inUnits(bind(features, train), model, train) as F });
  }

  /**
   * Goes on learning within a budget. Await the run for the result, or iterate over its improvements; another call goes
   * on where the last one ended. With `explore` and no budget it goes on until the loop is left or a signal aborts: whoever awaits
   * it alone waits for good.
   *
   * @throws BUDGET, DISPOSED, or CONFLICT while another run goes on
   */
  run(budget: Budget = {}): Run<Improvement<F>, TuneResult<F>> {
    checkBudget(budget);
    this.#work.session.alive();
    return new Run(this.#work, budget);
  }

  /** The best model so far, a copy. */
  get best(): BestModel<F> | undefined {
    return this.#work.session.best;
  }

  /** Everything asked and told so far, as JSON if you like. */
  get study(): Study {
    return this.#work.session.study;
  }

  /** Calls a listener at every event of a kind. @throws OPTION for an event that there is not */
  on<E extends keyof TunerEvents<F>>(event: E, listener: (detail: TunerEvents<F>[E]) => void): this {
    this.#work.session.news.on(event, listener);
    return this;
  }

  /** Frees the Wasm memory; harmless when called again. */
  dispose(): void {
    this.#work.session.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * A tuner that can be run step by step, watched and resumed. Dispose of it when done.
 *
 * @throws OPTION, TYPE, TOO_FEW, EMPTY, SHAPE, LABEL, ONE_CLASS, WEIGHT, FOLD, INFEASIBLE, OVERFLOW, TOO_LARGE or SEED for what
 *   cannot be tuned; OUT_OF_MEMORY
 */
export function createTuner<const F extends Features>(options: TunerOptions<F>): Tuner<F> {
  return new Tuner(options);
}

/**
 * Tunes the weights of a loss, and frees everything it used.
 *
 * @throws as `createTuner`, BUDGET for a budget that is none, OPTION for `explore` without passes, trials or time to end it,
 *   NON_FINITE when no model has an error; what a metric throws; the reason of the signal, and what was found is lost then
 */
export async function tune<const F extends Features>(options: TunerOptions<F> & Budget): Promise<TuneResult<F>> {
  const { explore, passes, trials, time } = given("tune", options);
  const endless = (limit = Number.POSITIVE_INFINITY) => limit === Number.POSITIVE_INFINITY;
  if (explore && [passes, trials, time].every(endless)) {
    throw new LearnLossError(
      "OPTION",
      "Exploration ends with its budget: give `passes`, `trials` or `time` (a signal rejects, and what was found is lost), or run a tuner of `createTuner`.",
    );
  }
  const tuner = new Tuner<F>(options);
  try {
    return await tuner.run(options);
  } finally {
    tuner.dispose();
  }
}
