import type { CheckedOptions } from "../check-options.ts";
import { audit } from "../data/audit.ts";
import { LearnLossError } from "../errors.ts";
import type { Enclosure } from "../evaluate/enclosure.ts";
import { metricName } from "../evaluate/metric.ts";
import type { Features } from "../features/feature.ts";
import { LinearLoss, lossName } from "../features/loss.ts";
import { FeatureSpace } from "../features/space.ts";
import { FIT_TOLERANCE } from "../fit.ts";
import { UNBOUNDED } from "../inner/solver.ts";
import type { Start } from "../inner/training-solver.ts";
import { type LinearModel, modelOf } from "../models/linear.ts";
import { fittable } from "../outer/fittable.ts";
import type { Pause } from "../run.ts";
import { Study } from "../study.ts";
import type { BestModel, Improvement, Lambda, TuneResult } from "../tune.ts";
import { Arena, type Pointer } from "../wasm/arena.ts";
import { type Kernels, kernels } from "../wasm/kernels.ts";
import { Conclusion } from "./conclusion.ts";
import { type Fold, type Folds, foldsOf } from "./fold.ts";
import { type Leader, Leaderboard } from "./leaderboard.ts";
import { News } from "./news.ts";
import { Refit } from "./refit.ts";
import { standardError } from "./standard-error.ts";
import { type Goal, isMinimal, NEAR_MINIMUM, type Seen, train } from "./trainer.ts";

const CHOICE =
  "CHOICE: the run ended before the choice by one standard error, so the weights are those of the best model: give it more.";

/** Trainings of a tuning, about, brief ones too. */
export const TRAININGS = 10;

/** A model and what was learned of its neighborhood. */
export interface Trained extends Seen {
  /** de/dlog λ at the minimizer, when the model is near it and e has a gradient. */
  readonly slope: Float64Array | undefined;
  /** Whether it minimizes its loss. */
  readonly converged: boolean;
  /** Whether its training can go no further: at a minimizer, or where there is none. */
  readonly ended: boolean;
}

/** The trainings of one tuning: each is a trial of the study; who led, what it cost, who listens. */
export class Session<F extends Features> {
  readonly arena: Arena<Kernels>;
  readonly options: CheckedOptions<F>;
  readonly space: FeatureSpace;
  readonly folds: readonly Fold[];
  readonly study: Study;
  readonly leaders = new Leaderboard();
  readonly news = new News<F>();
  /** Found since someone took them. */
  improvements: Improvement<F>[] = [];
  /** By how much a λ that the last round of exploration looked at may still be better, as far as one pass proves. */
  unexplored: number | undefined;
  /** Trains on all rows, where there is no validation set. */
  readonly refitIn: ((arena: Arena<Kernels>) => Refit) | undefined;
  /** Whether a trial is under way. */
  training = false;
  /** Whether a first model was judged, or its training came to nothing. */
  seen = false;
  readonly #classes: readonly (string | number)[] | undefined;
  readonly #selected: Folds["selected"];
  readonly #warnings: string[];
  #warned = false;
  /** Whether a training found that its loss has no minimizer: no other λ's has, then. */
  #unbounded = false;
  #final: Leader | undefined;
  #refit: Refit | undefined;
  #checkpoints = 0;
  readonly #conclusion = new Conclusion(this);

  constructor(options: CheckedOptions<F>) {
    const { model, train, validation, features, metric, tolerance, precision, seed } = options;
    this.options = options;
    this.space = new FeatureSpace(features, model);
    this.arena = new Arena(kernels());
    try {
      const { folds, classes, selected, whole } = foldsOf(this.arena, this.space, options, {
        metric,
        tolerance,
        solves: options.schedule === "on-the-fly" ? 1 : TRAININGS,
        precision,
      });
      this.folds = folds;
      this.#classes = classes;
      this.#selected = selected;
      const finely = Math.min(tolerance, FIT_TOLERANCE);
      this.refitIn = whole && ((arena) => new Refit(arena, this.space, whole, finely));
    } catch (error) {
      this.arena.dispose();
      throw error;
    }
    this.study = new Study({ lambda: this.space.weights, seed, trials: Number.MAX_SAFE_INTEGER });
    const augmentation = this.space.rowGroups?.augmentation;
    const penalized = this.space.data.some((a) => !a);
    this.#warnings = audit(train, { validation, penalized, augmentation, precision });
    const { rows, weights } = validation ?? train;
    const judging = weights ? weights.reduce((count, weight) => count + Number(weight > 0), 0) : rows;
    const tuned = this.space.tuned.length;
    if (judging < 30 && tuned > 3) {
      this.#warnings.push(
        `OVERTUNE: ${judging} validation rows cannot tell ${tuned} weights apart; expect chance to choose.`,
      );
    }
  }

  get onTheFly(): boolean {
    return this.options.schedule === "on-the-fly";
  }

  /**
   * One training as a trial of the study; its model joins the span.
   *
   * @param starts one per fold
   */
  *train(lambda: Float64Array, starts: readonly Start[], goal: Goal, predicted?: number): Generator<Pause, Trained> {
    this.training = true;
    const { folds, space, study } = this;
    const trainers = folds.map(({ trainer }) => trainer);
    const trial = study.ask({ lambda: space.toRecord(lambda) });
    this.news.emit("trial", { trial: trial.id, lambda: this.user(lambda), predicted });
    const seen: Seen = yield* train(trainers, lambda, starts, goal, (checkpoint) => {
      if (!checkpoint.features.every(fittable)) return;
      this.#checkpoints++;
      const { error } = checkpoint;
      study.observe(trial, { features: space.toRecord(checkpoint.features), error, passes: this.passes });
      this.#look(checkpoint, lambda, trial.id, false);
    });
    const ended = trainers.every(({ running }) => !running);
    const converged = trainers.every(({ solver }) => isMinimal(solver));
    if (trainers.some(({ solver }) => solver.status === "unbounded")) this.#unbounded = true;
    const { features, error } = seen;
    if (!features.every(fittable)) {
      study.fail(trial, "the training left the range of numbers");
      this.seen = true;
      this.training = false;
      yield;
      return { ...seen, error: Number.POSITIVE_INFINITY, slope: undefined, converged: false, ended };
    }
    study.tell(trial, { features: space.toRecord(features), error, converged, passes: this.passes });
    this.#look(seen, lambda, trial.id, converged);
    const minimal = ended || trainers.every(({ solver }) => solver.residual < NEAR_MINIMUM);
    const brief = goal.iterations !== undefined;
    const adjoint = !minimal || brief || goal.learns ? undefined : goal.settle === undefined ? "fine" : "coarse";
    const slope: Float64Array | undefined = goal.learns === "nothing" ? undefined : yield* this.learn(lambda, adjoint);
    this.training = false;
    yield;
    return { ...seen, slope, converged, ended };
  }

  /** The models of the last training join the span. Returns de/dlog λ there, when asked for and e has a gradient. */
  *learn(lambda: Float64Array, adjoint: "coarse" | "fine" | undefined): Generator<Pause, Float64Array | undefined> {
    const slopes: Float64Array[] = [];
    for (const fold of this.folds) {
      const slope: Float64Array | undefined = yield* fold.learn(lambda, adjoint);
      if (slope) slopes.push(slope);
      yield;
    }
    return slopes[0]?.map((_, j) => slopes.reduce((sum, s) => sum + s[j]!, 0) / slopes.length);
  }

  /** Where the last training ended, as the start of the next. */
  reached(): Pointer[] {
    return this.folds.map(({ trainer }) => trainer.solver.theta);
  }

  /** Copies of models, as starts of a training. */
  placed(thetas: readonly Float64Array[]): Pointer[] {
    return this.folds.map(({ theta }, f) => {
      this.arena.viewF64(theta, thetas[f]!.length).set(thetas[f]!);
      return theta;
    });
  }

  /** The virtual models, as starts of a training. */
  expanded(): Start[] {
    return this.folds.map((fold) => fold.scored());
  }

  /** The mean of the folds' current models, as a leader. */
  leaderOf({ error, errors }: Seen, lambda: Float64Array, trial: number, converged: boolean): Leader {
    const thetas = this.folds.map((fold) => fold.current());
    const theta = thetas[0]!.map((_, i) => thetas.reduce((sum, model) => sum + model[i]!, 0) / thetas.length);
    return { lambda, theta, thetas, error, errors, trial, converged, passes: this.passes };
  }

  /** Proved bounds on e of the exact minimizer of ℓ_λ, from models of it, one per fold: means over the folds. */
  *enclose(lambda: Float64Array, thetas: readonly Pointer[]): Generator<void, Enclosure> {
    const each: Enclosure[] = [];
    for (const [f, { trainer }] of this.folds.entries()) {
      each.push(yield* trainer.enclose(lambda, thetas[f]!));
      yield;
    }
    const mean = (of: (one: Enclosure) => number) => each.reduce((sum, one) => sum + of(one), 0) / each.length;
    return { lower: mean(({ lower }) => lower), upper: mean(({ upper }) => upper) };
  }

  /** What the result is to say of the λ that is to be used. */
  *conclude(): Generator<void> {
    const leader = this.#chosen;
    if (leader && leader !== this.#final) yield* this.#conclusion.fit(leader);
    if (leader?.converged && !this.onTheFly) yield* this.#conclusion.prove(leader);
    yield* this.study.certifying();
  }

  /** Whether the best minimizer has the least error that there is: nothing better is to be found. */
  get perfect(): boolean {
    const { metric } = this.folds[0]!.trainer;
    return this.leaders.chosen !== undefined && this.leaders.chosen.error <= metric.least;
  }

  /** Whose λ is to be used. */
  get #chosen(): Leader | undefined {
    const { leaders } = this;
    return this.#final ?? (this.onTheFly ? undefined : leaders.chosen) ?? leaders.best;
  }

  #look(seen: Seen, lambda: Float64Array, trial: number, converged: boolean): void {
    const { passes } = this;
    const { error } = seen;
    this.seen = true;
    this.news.emit("checkpoint", { trial, iteration: seen.iteration, error, passes });
    if (!this.leaders.add(seen, converged, () => this.leaderOf(seen, lambda, trial, converged))) return;
    const improvement = { error, lambda: this.user(lambda), trial, converged, passes };
    this.improvements.push(improvement);
    this.news.emit("improvement", improvement);
  }

  /**
   * Trains the model of a λ on all rows, as `fit` would: at 1e-4, begun from the folds' mean, 27 of 150 with weak penalties were
   * more than 1 % above their minimum, one 10 %. The end of a cross-validation, after which its folds train no more.
   */
  *fitAll(chosen: Leader): Generator<void> {
    for (const fold of this.folds) fold.dispose(); // in whose place it trains
    this.#refit = this.refitIn!(this.arena);
    const theta = yield* this.#refit.train(chosen.lambda, chosen.theta);
    this.#final = { ...chosen, theta, converged: this.#refit.converged };
  }

  get trainingPasses(): number {
    return this.#sum((fold) => fold.trainingPasses) + (this.#refit?.passes ?? 0) - this.#conclusion.provingPasses;
  }

  get reducedPasses(): number {
    return this.#sum((fold) => fold.reducedPasses);
  }

  #sum(of: (fold: Fold) => number): number {
    return this.folds.reduce((sum, fold) => sum + of(fold), 0);
  }

  get passes(): number {
    return this.trainingPasses + this.reducedPasses;
  }

  result(spent: Pick<TuneResult<F>, "status" | "milliseconds"> & { readonly validationPasses: number }): TuneResult<F> {
    if (!this.leaders.best) {
      throw new LearnLossError(
        "NON_FINITE",
        "No model had an error: the metric gave NaN, or the loss left the range of numbers (divide or standardize the columns).",
      );
    }
    const chosen = this.#chosen!;
    const { model, metric, features } = this.options;
    const judged = this.#sum(({ trainer }) => trainer.validation.passes) / this.folds.length;
    const unchosen = this.options.choice === "one-standard-error" && !this.#final;
    const found = [...this.study.warnings, ...(this.#unbounded ? [UNBOUNDED] : []), ...(unchosen ? [CHOICE] : [])];
    const concluding = this.#conclusion.passes;
    const result: TuneResult<F> = {
      status: spent.status,
      lambda: this.user(chosen.lambda),
      error: chosen.error,
      standardError: chosen.errors.length > 1 ? standardError(chosen.errors) : undefined,
      errorBounds: this.#conclusion.boundsOf(chosen),
      metric: metricName(metric),
      model: this.#modelOf(this.#conclusion.thetaOf(chosen)),
      loss: new LinearLoss(lossName(model), features, this.user(chosen.lambda)),
      best: this.best!,
      certificate: this.study.certificate,
      unexplored: this.unexplored,
      passes: this.passes + concluding,
      trainingPasses: this.trainingPasses + concluding,
      reducedPasses: this.reducedPasses,
      validationPasses: judged + spent.validationPasses,
      trials: this.study.trials.length,
      checkpoints: this.#checkpoints,
      milliseconds: spent.milliseconds,
      warnings: [...this.#warnings, ...found],
    };
    for (const message of found) this.news.emit("warning", { message });
    this.news.deliver();
    return result;
  }

  /** Tells what is suspicious of the data: a run begins, so that listeners are there. */
  warn(): void {
    if (!this.#warned) for (const message of this.#warnings) this.news.emit("warning", { message });
    this.#warned = true;
    this.news.deliver();
  }

  get best(): BestModel<F> | undefined {
    const best = this.#final ?? this.leaders.best;
    if (!best) return undefined;
    const { error, trial, converged, passes } = best;
    const { classes, coefficients, intercepts } = this.#modelOf(best.theta);
    return { error, lambda: this.user(best.lambda), trial, converged, passes, classes, coefficients, intercepts };
  }

  #modelOf(theta: Float64Array): LinearModel {
    const { model: kind, train } = this.options;
    return modelOf(theta, { kind, classes: this.#classes, columns: train.columns }, this.#selected);
  }

  user(lambda: Float64Array): Lambda<F> {
    return this.space.toUserRecord(lambda) as Lambda<F>;
  }

  /** @throws DISPOSED */
  alive(): void {
    if (this.arena.disposed) throw new LearnLossError("DISPOSED", "This tuner was disposed: create a new one.");
  }

  dispose(): void {
    for (const fold of this.folds) fold.dispose();
    this.arena.dispose();
    this.study.dispose();
  }
}
