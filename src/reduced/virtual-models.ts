import type { Judge } from "../evaluate/judge.ts";
import type { MetricEvaluator } from "../evaluate/metric.ts";
import type { FeatureSpace } from "../features/space.ts";
import type { Objective } from "../models/objective.ts";
import type { Random } from "../random.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { exp, log } from "../wasm/transcendental.ts";
import type { Slope } from "./descend.ts";
import { JudgedMixtures } from "./judged-mixtures.ts";
import type { ReducedModel } from "./reduced-model.ts";
import { VirtualObservations } from "./virtual-observations.ts";

/** A reduced model, and what judges its virtual models. */
export interface Judged {
  readonly reduced: ReducedModel;
  readonly judge: Judge;
}

/** One fold's linearization: a(δ) = a + Σ_j δ_j·∂a/∂log λ_j, and the same of its validation scores. */
interface Linearization {
  readonly coefficients: Pointer;
  readonly tangents: Pointer;
  /** Validation scores of a, then how they change along each tangent; for metrics that move in steps. */
  readonly scores: JudgedMixtures | undefined;
}

/**
 * The virtual models θ̂_red(λ) of all folds (one per fold), solved, linearized in log λ and judged together: φ and e are
 * means over the folds.
 */
export class VirtualModels {
  readonly space: FeatureSpace;
  /** Indices of the weights that are searched. */
  readonly free: readonly number[];
  /** The virtual models that were solved for and judged. */
  readonly seen = new VirtualObservations();
  /** Work on the validation rows, in passes over them. */
  validationPasses = 0;
  readonly #arena: Arena<Kernels>;
  readonly #folds: readonly Judged[];
  #linearizations: readonly Linearization[] | undefined;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, folds: readonly Judged[]) {
    this.space = space;
    this.free = space.tuned;
    this.#arena = arena;
    this.#folds = folds;
  }

  get metric(): MetricEvaluator {
    return this.#folds[0]!.judge.metric;
  }

  /** λ of log λ, brought into F. */
  lambda(x: Float64Array): Float64Array {
    return this.space.normalize(x.map(exp));
  }

  /** log λ within `radius` of that of a λ, and within its bounds. */
  box(lambda: Float64Array, radius: number): { readonly lower: Float64Array; readonly upper: Float64Array } {
    const { lower, upper } = this.space;
    return {
      lower: lambda.map((value, j) => Math.max(log(value) - radius, log(lower[j]!))),
      upper: lambda.map((value, j) => Math.min(log(value) + radius, log(upper[j]!))),
    };
  }

  /** A λ by chance in a box of log λ, that of the bounds or a part of it. */
  chance(
    { lower, upper }: { readonly lower: Float64Array; readonly upper: Float64Array },
    random: Random,
  ): Float64Array {
    return this.lambda(lower.map((low, j) => low + (upper[j]! - low) * random.uniform()));
  }

  /** The models become θ̂_red(λ), from where they are, or what so many Newton steps lead to. */
  *solve(lambda: Float64Array, steps?: number): Generator<void> {
    for (const { reduced } of this.#folds) {
      reduced.solve(lambda, steps);
      yield;
    }
  }

  /** The validation loss of the models. */
  loss(): number {
    const loss = this.#mean(({ reduced, judge }) => reduced.validationLoss().value + this.metric.toLoss(judge.offset));
    this.#observe(this.metric.fromLoss(loss));
    return loss;
  }

  /** The error of the models. */
  error(): number {
    const error = this.#judge((metric, scores) => metric.evaluate(scores));
    this.#observe(error);
    return error;
  }

  /** The error of the models, ties broken by their loss. */
  rank(): number {
    const rank = this.#judge((metric, scores) => metric.rank(scores));
    this.#observe(rank);
    return rank;
  }

  #observe(error: number): void {
    const each = this.#folds.map(({ reduced }) => reduced.features());
    const sum = (j: number) => each.reduce((total, features) => total + (features ? features[j]! : Number.NaN), 0);
    this.seen.add(
      Float64Array.from(this.space.names, (_, j) => sum(j) / each.length),
      error,
    );
  }

  #judge(of: (metric: MetricEvaluator, scores: Pointer) => number): number {
    return this.#mean(({ reduced, judge }) => {
      const scores = this.#fresh(judge.validation);
      reduced.scores(scores);
      return of(judge.metric, scores) + judge.offset;
    });
  }

  /** A mean over the folds of what takes one product with the validation rows each. */
  #mean(of: (fold: Judged, linearization: Linearization) => number): number {
    const all = this.#all;
    let sum = 0;
    for (const [f, fold] of this.#folds.entries()) {
      this.validationPasses += this.#passesOf(fold);
      sum += of(fold, all[f]!);
    }
    return sum / this.#folds.length;
  }

  /** Validation passes of one product with a fold's projected validation rows. */
  #passesOf({ reduced, judge }: Judged): number {
    return (judge.share * reduced.size) / judge.validation.columns / this.#folds.length;
  }

  get #all(): readonly Linearization[] {
    const arena = this.#arena;
    const k = this.free.length;
    this.#linearizations ??= this.#folds.map(({ reduced, judge }) => {
      const length = reduced.outputs * reduced.capacity;
      return {
        coefficients: arena.f64(length),
        tangents: arena.f64(length * k),
        scores: judge.metric.smooth ? undefined : new JudgedMixtures(arena, judge, k + 1),
      };
    });
    return this.#linearizations;
  }

  /** Room for scores, until it is asked for again. */
  #fresh({ outputs, rows }: Objective): Pointer {
    return this.#arena.shared(8 * outputs * rows);
  }

  /** Remembers the models, for `restore`. */
  save(): void {
    for (const [f, { reduced }] of this.#folds.entries()) reduced.save(this.#all[f]!.coefficients);
  }

  /** The models become those of the last `save` or `linearize`. */
  restore(): void {
    for (const [f, { reduced }] of this.#folds.entries()) reduced.restore(this.#all[f]!.coefficients);
  }

  /** Linearizes the models, just solved for λ, in the log λ_j that are free; and their scores for metrics that step. */
  *linearize(lambda: Float64Array): Generator<void> {
    this.save();
    for (const [f, fold] of this.#folds.entries()) {
      const { reduced, judge } = fold;
      const { coefficients, tangents, scores } = this.#all[f]!;
      const keep = (slot: number, of: Pointer) => {
        if (!scores) return;
        const fresh = this.#fresh(judge.validation);
        reduced.scores(fresh, of);
        scores.set(slot, fresh);
      };
      let slot = 0;
      for (const tangent of reduced.tangents(lambda, this.free, tangents)) {
        keep(++slot, tangent);
        yield;
      }
      keep(0, coefficients);
      if (scores) this.validationPasses += (this.free.length + 1) * this.#passesOf(fold);
    }
  }

  /** The models become a(δ), δ of all weights. */
  move(delta: Float64Array): void {
    this.restore();
    for (const [f, { reduced }] of this.#folds.entries()) {
      const length = reduced.outputs * reduced.capacity;
      for (const [i, j] of this.free.entries()) {
        this.#arena.kernels.axpy(length, delta[j]!, this.#all[f]!.tangents + 8 * length * i, reduced.coefficients);
      }
    }
  }

  /** The validation loss of a(δ), and its gradient in δ. */
  slope(delta: Float64Array): Slope {
    this.move(delta);
    const gradient = new Float64Array(delta.length);
    const value = this.#mean(({ reduced, judge }, { tangents }) => {
      const length = reduced.outputs * reduced.capacity;
      const loss = reduced.validationLoss();
      for (const [i, j] of this.free.entries()) {
        gradient[j]! += this.#arena.kernels.dot(length, tangents + 8 * length * i, loss.gradient) / this.#folds.length;
      }
      return loss.value + this.metric.toLoss(judge.offset);
    });
    return { value, gradient };
  }

  /** The errors of the linearized scores at up to `TOGETHER` steps δ of the free weights. */
  promises(deltas: readonly Float64Array[]): number[] {
    return this.#promised(deltas, (scores, sets) => scores.errors(sets));
  }

  /** @see JudgedMixtures.tieBreaks */
  tieBreaks(deltas: readonly Float64Array[]): number[] {
    return this.#promised(deltas, (scores, sets) => scores.tieBreaks(sets));
  }

  /** No tie is broken by as much. */
  get mostTieBreak(): number {
    return Math.max(...this.#folds.map(({ judge }) => judge.metric.mostTieBreak));
  }

  /** Means over the folds. */
  #promised(
    deltas: readonly Float64Array[],
    of: (scores: JudgedMixtures, sets: readonly Float64Array[]) => number[],
  ): number[] {
    const sets = deltas.map((delta) => Float64Array.of(1, ...delta));
    const each = this.#all.map(({ scores }) => of(scores!, sets));
    return deltas.map((_, m) => each.reduce((sum, values) => sum + values[m]!, 0) / each.length);
  }
}
