import { audit } from "./data/audit.ts";
import { encodeTargets } from "./data/targets.ts";
import { LearnLossError } from "./errors.ts";
import { defaultMetric, metricName } from "./evaluate/metric.ts";
import type { Features } from "./features/feature.ts";
import { LinearLoss, lossName } from "./features/loss.ts";
import { FeatureSpace } from "./features/space.ts";
import { type Fold, foldsOf } from "./fold.ts";
import { Solver } from "./inner/solver.ts";
import { LinearModel } from "./models/linear.ts";
import { Objective } from "./models/objective.ts";
import { checkSeed, Random } from "./random.ts";
import { type Prediction, ReducedSearch } from "./reduced/search.ts";
import type { Budget, Pause } from "./run.ts";
import { Study } from "./study.ts";
import { type Seen, train } from "./trainer.ts";
import type { BestModel, Improvement, Lambda, TuneResult, TunerEvents, TunerOptions } from "./tune.ts";
import { Arena, type Pointer } from "./wasm/arena.ts";
import { type Kernels, kernels } from "./wasm/kernels.ts";
import { exp } from "./wasm/transcendental.ts";

/** Iterations of a training whose λ is not settled yet. */
const SHORT = 12;

/** The checkpoint of a first training that joins the span, besides its last model. */
const SNAPSHOT = 6;

/**
 * Width of the kink of |w| in the span, in units of a typical weight. Digits, l1 = 1e-3: at 0.02 the predicted error is
 * right to 0.1 % and a solve takes 4 times fewer products than at 0.002.
 */
const SMOOTHING = 0.03;

/** Prediction and truth agree when they differ by less than this share: the λ is worth a full training. */
const AGREEMENT = 0.015;

/** Rounds after which a λ is trained to the end in any case. */
const PATIENCE = 3;

/** log of the largest factor on the penalties that a choice by one standard error looks at. */
const LONGEST = 5;

/** Searches of the reduced model at most: each costs a training. */
const ROUNDS = 16;

/** Full trainings that did not improve, after which the search ends. */
const FAILURES = 1;

/** A converged model must be better than the last by this share for the search to go on. */
const GAIN = 1e-3;

const FLAT = "FLAT: all models had the same error, so nothing could be learned of the weights: use another metric.";

/** Which λ were trained, and what the best of them is. */
interface Leader {
  readonly lambda: Float64Array;
  /** With folds the mean of theirs, whose scores are the means of theirs; at the end, of the model of all rows. */
  readonly theta: Float64Array;
  readonly error: number;
  readonly errors: readonly number[];
  readonly trial: number;
  readonly converged: boolean;
  readonly passes: number;
}

/**
 * LearnLoss for models that are linear in θ: search λ where searching is nearly free, in the span of the models seen;
 * train there; what was seen on the way joins the span. `#learn` is that loop, everything else is its bookkeeping.
 */
export class Learner<F extends Features> {
  readonly study: Study;
  readonly listeners: { [E in keyof TunerEvents<F>]: ((detail: TunerEvents<F>[E]) => void)[] } = {
    trial: [],
    checkpoint: [],
    improvement: [],
    warning: [],
    progress: [],
  };
  readonly #arena: Arena<Kernels>;
  readonly #options: TunerOptions<F>;
  readonly #space: FeatureSpace;
  readonly #folds: readonly Fold[];
  readonly #search: ReducedSearch;
  readonly #random: Random;
  readonly #classes: readonly (string | number)[] | undefined;
  readonly #work: Generator<Pause>;
  #waiting: Promise<unknown> | undefined;
  #failure: { readonly reason: unknown } | undefined;
  readonly #warnings: string[] = [];
  #improvements: Improvement<F>[] = [];
  #best: Leader | undefined;
  #chosen: Leader | undefined;
  #final: Leader | undefined;
  #refit: Objective | undefined;
  #checkpoints = 0;
  #training = false;
  #complete = false;
  #budget: Budget = {};
  #begun = { passes: 0, trials: 0, time: 0 };
  #elapsed = 0;

  constructor(options: TunerOptions<F>) {
    const { model, train, validation, features, tolerance = 1e-4, precision = "f32" } = options;
    if (!(tolerance > 0 && tolerance < 1)) {
      throw new LearnLossError("OPTION", `The tolerance is ${tolerance}: give a number between 0 and 1, such as 1e-4.`);
    }
    if (train.rows < 3) {
      throw new LearnLossError("TOO_FEW", `${train.rows} training rows are too few to tune a loss: give at least 3.`);
    }
    if ((validation === undefined) === (options.folds === undefined)) {
      throw new LearnLossError("OPTION", "Give either `validation`, rows that judge, or a number of `folds`.");
    }
    if (options.schedule === "on-the-fly" && options.folds !== undefined) {
      throw new LearnLossError(
        "OPTION",
        "On the fly there is one training run, and no model of all rows: give `validation`, not `folds`.",
      );
    }
    if (options.choice === "one-standard-error" && validation) {
      throw new LearnLossError("OPTION", "A choice by one standard error needs `folds`: they tell the error's spread.");
    }
    const metric = options.metric ?? defaultMetric(model);
    this.#options = options;
    this.#random = new Random(checkSeed(options.seed ?? 0));
    this.#space = new FeatureSpace(features, lossName(model));
    this.#arena = new Arena(kernels());
    try {
      const settings = { metric, tolerance, precision };
      const { folds, classes } = foldsOf(this.#arena, this.#space, options, settings);
      this.#folds = folds;
      this.#classes = classes;
      this.#search = new ReducedSearch(this.#arena, this.#space, folds);
    } catch (error) {
      this.#arena.dispose();
      throw error;
    }
    this.study = new Study({ lambda: this.#space.weights, seed: options.seed ?? 0, trials: Number.MAX_SAFE_INTEGER });
    this.#work = this.#learn();
    for (const message of audit(train, validation)) this.#warn(message);
    const judging = (validation ?? train).rows;
    if (judging < 30 && this.#space.size > 3) {
      this.#warn(
        `OVERTUNE: ${judging} validation rows cannot tell ${this.#space.size} weights apart; expect chance to choose.`,
      );
    }
  }

  *#learn(): Generator<Pause> {
    yield* this.#searchLoss();
    const chosen = this.#leader;
    if (!chosen || this.#options.validation) return;
    const strongest = this.#options.choice === "one-standard-error" ? yield* this.#strengthen(chosen) : chosen;
    yield* this.#fitAll(strongest);
  }

  /** The paper's loop over the span of the models seen. */
  *#searchLoss(): Generator<Pause> {
    const folds = this.#folds;
    const brief = this.#onTheFly ? SHORT / 2 : SHORT;
    let thetas: Pointer[] = folds.map(() => 0);
    for (const lambda of this.#starts()) {
      yield* this.#train(lambda, thetas, brief);
      thetas = folds.map(({ trainer }) => trainer.solver.theta);
    }
    if (!this.#best) return;
    let center = this.#best.lambda;
    let settled = false;
    let failures = 0;
    for (let round = 0; failures <= FAILURES && round < ROUNDS; round++) {
      const smoothing = SMOOTHING * this.#rootMeanSquare(this.#best.theta);
      for (const { reduced } of folds) reduced.setSmoothing(smoothing);
      const prediction = yield* this.#search.search(center, round === 0 ? 20 * GAIN : GAIN, this.#random);
      const last = this.#leader;
      if (last && prediction.error > last.error * (1 - GAIN)) {
        // Nothing better from here. From the best λ itself?
        if (center === last.lambda) return;
        center = last.lambda;
        continue;
      }
      settled ||= round >= PATIENCE;
      const cap: number = settled && !this.#onTheFly ? Number.POSITIVE_INFINITY : brief;
      const { error }: Seen = yield* this.#train(prediction.lambda, this.#expanded(), cap, prediction);
      const failed = last !== undefined && (settled || this.#onTheFly) && this.#leader!.error > last.error * (1 - GAIN);
      if (failed) failures++;
      center = failed ? this.#leader!.lambda : prediction.lambda;
      settled ||= Math.abs(error - prediction.error) <= AGREEMENT * Math.abs(error);
    }
  }

  /** The virtual models, as starts of a training. */
  #expanded(): Pointer[] {
    for (const fold of this.#folds) fold.expand();
    return this.#folds.map(({ theta }) => theta);
  }

  /**
   * The λ whose penalties are a common multiple of the best one's, as large as an error within one standard error of the
   * best allows: found on the span, confirmed by a training.
   */
  *#strengthen(best: Leader): Generator<Pause, Leader> {
    const limit = best.error + standardError(best.errors);
    const scaled = (t: number) =>
      this.#space.normalize(best.lambda.map((value, j) => (this.#space.data[j] ? value : value * exp(t))));
    let [low, high] = [0, LONGEST];
    for (let i = 0; i < 7; i++) {
      const middle = (low + high) / 2;
      if ((yield* this.#search.evaluate(scaled(middle))) <= limit) low = middle;
      else high = middle;
    }
    for (let t = low; t > 0.05; t *= 0.6) {
      const lambda = scaled(t);
      const error = yield* this.#search.evaluate(lambda);
      const seen: Seen = yield* this.#train(lambda, this.#expanded(), Number.POSITIVE_INFINITY, { lambda, error });
      if (seen.error <= limit) return { ...this.#leaderOf(seen, lambda, this.study.trials.length - 1, true) };
    }
    return best;
  }

  /** Trains the model of a λ on all rows. */
  *#fitAll(chosen: Leader): Generator<Pause> {
    const { model, train, tolerance = 1e-4, precision = "f32" } = this.#options;
    const targets = encodeTargets(model, train);
    const objective = new Objective(this.#arena, {
      model,
      dataset: train,
      targets: targets.train,
      outputs: targets.outputs,
      precision,
      ...this.#space.structure,
    });
    this.#refit = objective;
    const solver = new Solver(this.#arena, objective, { tolerance });
    objective.setWeights(this.#space.termWeights(chosen.lambda));
    solver.start(this.#arena.copy(chosen.theta));
    while (solver.status === "running") {
      solver.step(1);
      yield;
    }
    const theta = this.#arena.viewF64(solver.theta, objective.thetaCount).slice();
    this.#final = { ...chosen, theta, converged: true };
  }

  get #onTheFly(): boolean {
    return this.#options.schedule === "on-the-fly";
  }

  /** What the search wants to beat: the best minimizer of a loss; on the fly, the best model. */
  get #leader(): Leader | undefined {
    return this.#onTheFly ? this.#best : this.#chosen;
  }

  /**
   * Two λ to begin with: one alone fails, because its span regularizes by itself and promises too much elsewhere.
   * Penalties share the middle of their range; then the ridge-like ones alone, an order of magnitude stronger.
   */
  #starts(): Float64Array[] {
    const { lower, upper, data, features } = this.#space;
    const penalties = data.reduce((count, a) => count + (a ? 0 : 1), 0);
    const middle = lower.map((low, j) => (features[j]!.kind === "group-loss" ? upper[j]! : Math.sqrt(low * upper[j]!)));
    const weak = middle.map((value, j) => (data[j] ? value : value / Math.max(penalties, 1)));
    const strong = middle.map((value, j) => (data[j] ? value : (value * 10) / Math.max(penalties, 1)));
    return [this.#space.normalize(weak), this.#space.normalize(strong)];
  }

  /** One training as a trial of the study; its models join the span. */
  *#train(
    lambda: Float64Array,
    thetas: readonly Pointer[],
    cap: number,
    prediction?: Prediction,
  ): Generator<Pause, Seen> {
    this.#training = true;
    const folds = this.#folds;
    const trainers = folds.map(({ trainer }) => trainer);
    const trial = this.study.ask({ lambda: this.#space.toRecord(lambda) });
    this.#emit("trial", { trial: trial.id, lambda: this.#user(lambda), predicted: prediction?.error });
    const seen: Seen = yield* train(trainers, lambda, thetas, cap, (checkpoint) => {
      if (!checkpoint.features.every(Number.isFinite)) return;
      this.#checkpoints++;
      this.study.observe(trial, {
        features: this.#space.toRecord(checkpoint.features),
        error: checkpoint.error,
        passes: this.passes,
      });
      this.#look(checkpoint, lambda, trial.id, false);
      if (!prediction && checkpoint.iteration === SNAPSHOT) for (const fold of folds) fold.snapshot();
    });
    const converged = trainers.every(({ running }) => !running);
    const { features, error } = seen;
    if (!features.every(Number.isFinite)) {
      this.study.fail(trial, "the training left the range of numbers");
      this.#training = false;
      yield;
      return { ...seen, error: Number.POSITIVE_INFINITY };
    }
    this.study.tell(trial, { features: this.#space.toRecord(features), error, converged, passes: this.passes });
    this.#look(seen, lambda, trial.id, converged);
    for (const fold of folds) {
      yield* fold.learn(converged);
      yield;
    }
    this.#training = false;
    yield;
    return seen;
  }

  /** Of the weights that are not 0. */
  #rootMeanSquare(theta: Float64Array): number {
    const { outputs, columns } = this.#folds[0]!.trainer.objective;
    let sum = 0;
    let count = 0;
    for (const w of theta.subarray(0, outputs * columns)) {
      sum += w * w;
      if (w !== 0) count++;
    }
    return count > 0 ? Math.sqrt(sum / count) : 1;
  }

  /** The mean of the folds' current models, as a leader. */
  #leaderOf({ error, errors }: Seen, lambda: Float64Array, trial: number, converged: boolean): Leader {
    const models = this.#folds.map((fold) => fold.current());
    const theta = models[0]!.map((_, i) => models.reduce((sum, model) => sum + model[i]!, 0) / models.length);
    return { lambda, theta, error, errors, trial, converged, passes: this.passes };
  }

  /** Compares a model with the best so far: of all, and of those that minimize their loss. */
  #look(seen: Seen, lambda: Float64Array, trial: number, converged: boolean): void {
    const passes = this.passes;
    const { error } = seen;
    this.#emit("checkpoint", { trial, iteration: seen.iteration, error, passes });
    if (Number.isNaN(error)) return;
    const isBest = !this.#best || error < this.#best.error;
    const isChosen = converged && (!this.#chosen || error < this.#chosen.error);
    if (!isBest && !isChosen) return;
    const leader = this.#leaderOf(seen, lambda, trial, converged);
    if (isChosen) this.#chosen = leader;
    if (isBest) {
      this.#best = leader;
      const improvement = { error, lambda: this.#user(lambda), trial, converged, passes };
      this.#improvements.push(improvement);
      this.#emit("improvement", improvement);
    }
  }

  get trainingPasses(): number {
    return this.#sum((fold) => fold.trainingPasses) + (this.#refit?.passes ?? 0);
  }

  get reducedPasses(): number {
    return this.#sum((fold) => fold.reducedPasses);
  }

  #sum(of: (fold: Fold) => number): number {
    return this.#folds.reduce((sum, fold) => sum + of(fold), 0);
  }

  get passes(): number {
    return this.trainingPasses + this.reducedPasses;
  }

  begin(budget: Budget): void {
    this.alive();
    this.#budget = budget;
    this.#begun = { passes: this.passes, trials: this.study.trials.length, time: performance.now() };
  }

  step(): boolean {
    if (this.#spent()) return false;
    if (this.#waiting) return true;
    if (this.#failure) throw this.#failure.reason;
    const { value, done } = this.#work.next();
    this.#complete = done === true;
    if (value) this.#wait(value);
    return !this.#complete;
  }

  /** While other threads train. */
  get waiting(): Promise<unknown> | undefined {
    return this.#waiting;
  }

  #wait(work: Promise<unknown>): void {
    this.#waiting = work
      .catch((reason) => {
        this.#failure = { reason };
      })
      .then(() => {
        this.#waiting = undefined;
      });
  }

  #spent(): "passes" | "trials" | undefined {
    const { passes = Number.POSITIVE_INFINITY, trials = Number.POSITIVE_INFINITY } = this.#budget;
    if (this.passes - this.#begun.passes >= passes) return "passes";
    if (!this.#training && this.study.trials.length - this.#begun.trials >= trials) return "trials";
    return undefined;
  }

  get improved(): boolean {
    return this.#improvements.length > 0;
  }

  take(): Improvement<F>[] {
    const { solver } = this.#folds[0]!.trainer;
    this.#emit("progress", {
      passes: this.passes,
      trials: this.study.trials.length,
      iteration: solver.iterations,
      best: this.#best?.error,
    });
    return this.#improvements.splice(0);
  }

  end(): void {
    this.#elapsed += performance.now() - this.#begun.time;
    this.#improvements = [];
  }

  result(ended: "time" | "stopped" | undefined): TuneResult<F> {
    if (!this.#best && this.#complete) {
      throw new LearnLossError(
        "NON_FINITE",
        "No model had an error: the metric gave NaN, or the loss left the range of numbers (divide or standardize the columns).",
      );
    }
    if (!this.#best) {
      throw new LearnLossError("BUDGET", "The budget ended before a first model was seen: give more passes or time.");
    }
    const chosen = this.#final ?? this.#leader ?? this.#best;
    const { model, metric, features } = this.#options;
    return {
      status: this.#complete ? "complete" : (ended ?? this.#spent() ?? "complete"),
      lambda: this.#user(chosen.lambda),
      error: chosen.error,
      standardError: chosen.errors.length > 1 ? standardError(chosen.errors) : undefined,
      metric: metricName(metric ?? defaultMetric(model)),
      model: this.#modelOf(chosen.theta),
      loss: new LinearLoss(lossName(model), features, this.#user(chosen.lambda)),
      best: this.best!,
      certificate: this.study.certificate,
      passes: this.passes,
      trainingPasses: this.trainingPasses,
      reducedPasses: this.reducedPasses,
      validationPasses:
        this.#sum(({ trainer }) => trainer.validation.passes) / this.#folds.length + this.#search.validationPasses,
      trials: this.study.trials.length,
      checkpoints: this.#checkpoints,
      milliseconds: this.#elapsed + performance.now() - this.#begun.time,
      warnings: this.#flat() ? [...this.#warnings, FLAT] : [...this.#warnings],
    };
  }

  /** Whether all models had the same error. */
  #flat(): boolean {
    const errors = this.study.observations.map(({ error }) => error);
    return errors.length > 2 && errors.every((error) => error === errors[0]);
  }

  get best(): BestModel<F> | undefined {
    const best = this.#final ?? this.#best;
    if (!best) return undefined;
    const { classes, coefficients, intercepts } = this.#modelOf(best.theta);
    const { error, trial, converged, passes } = best;
    return {
      error,
      lambda: this.#user(best.lambda),
      trial,
      converged,
      passes,
      classes,
      coefficients,
      intercepts,
    };
  }

  #modelOf(theta: Float64Array): LinearModel {
    const { columns, outputs, model: kind } = this.#folds[0]!.trainer.objective;
    const coefficients = theta.slice(0, outputs * columns);
    return new LinearModel({
      kind,
      classes: this.#classes,
      columns,
      coefficients,
      intercepts: theta.slice(outputs * columns),
    });
  }

  #user(lambda: Float64Array): Lambda<F> {
    return this.#space.toUserRecord(lambda) as Lambda<F>;
  }

  #warn(message: string): void {
    this.#warnings.push(message);
    this.#emit("warning", { message });
  }

  #emit<E extends keyof TunerEvents<F>>(event: E, detail: TunerEvents<F>[E]): void {
    for (const listener of this.listeners[event]) listener(detail);
  }

  alive(): void {
    if (this.#arena.disposed) throw new LearnLossError("DISPOSED", "This tuner was disposed: create a new one.");
  }

  dispose(): void {
    for (const fold of this.#folds) fold.dispose();
    this.#arena.dispose();
    this.study.dispose();
  }
}

/** Of the mean of the folds' errors. */
function standardError(errors: readonly number[]): number {
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const squares = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0);
  return Math.sqrt(squares / (errors.length - 1) / errors.length);
}
