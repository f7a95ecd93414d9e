import type { MetricEvaluator } from "../evaluate/metric.ts";
import type { FeatureSpace } from "../features/space.ts";
import type { Objective } from "../models/objective.ts";
import type { Random } from "../random.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { exp, log } from "../wasm/transcendental.ts";
import { descend } from "./descend.ts";
import type { ReducedModel } from "./reduced-model.ts";

/** A λ and the error that the reduced model predicts for it. */
export interface Prediction {
  readonly lambda: Float64Array;
  readonly error: number;
}

/** |log λ − log λ_center| at most: where nothing was seen, the span regularizes by itself and promises too much. */
const RADIUS = 3;

/** Candidates per linearization, in generations of an evolution strategy. */
const GENERATIONS = 6;
const CANDIDATES = 40;

/** A reduced model, and what judges its virtual models. */
export interface Judged {
  readonly reduced: ReducedModel;
  readonly trainer: { readonly validation: Objective; readonly metric: MetricEvaluator };
}

/** What the linearization of one fold's validation scores needs. */
interface Work {
  readonly scores: Pointer;
  readonly moved: Pointer;
  readonly candidate: Pointer;
  readonly tangents: Pointer;
  readonly saved: Pointer;
}

/**
 * Searches λ on the reduced model, where trying one costs a small share of a pass: e(θ̂_red(λ)) over log λ within a
 * trust region around the center. With folds, e is their mean.
 */
export class ReducedSearch {
  readonly #arena: Arena<Kernels>;
  readonly #space: FeatureSpace;
  readonly #folds: readonly Judged[];
  readonly #free: readonly number[];
  #work: readonly Work[] | undefined;
  #delta: Pointer = 0;
  /** Work on the validation rows, in passes over them. */
  validationPasses = 0;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, folds: readonly Judged[]) {
    this.#arena = arena;
    this.#space = space;
    this.#folds = folds;
    this.#free = space.names.flatMap((_, j) => (space.lower[j]! < space.upper[j]! ? [j] : []));
  }

  /**
   * The best λ near `center`, from the current virtual models on.
   *
   * @param tolerance relative gain that is worth another evaluation
   */
  *search(center: Float64Array, tolerance: number, random: Random): Generator<void, Prediction> {
    for (const { reduced } of this.#folds) reduced.refresh();
    return this.#folds[0]!.trainer.metric.smooth
      ? yield* this.#descend(center, tolerance)
      : yield* this.#sample(center, tolerance, random);
  }

  /** e_red(λ), the virtual models left at θ̂_red(λ). */
  *evaluate(lambda: Float64Array): Generator<void, number> {
    let sum = 0;
    for (const { reduced, trainer } of this.#folds) {
      reduced.solve(lambda);
      this.validationPasses += reduced.size / trainer.validation.columns / this.#folds.length;
      const scores = this.#arena.f64(trainer.validation.outputs * trainer.validation.rows);
      reduced.scores(scores);
      sum += trainer.metric.evaluate(scores);
      this.#arena.free(scores);
      yield;
    }
    return sum / this.#folds.length;
  }

  /** Smooth metrics have a hypergradient: one adjoint solve gives the derivatives in every log λ_j. */
  *#descend(center: Float64Array, tolerance: number): Generator<void, Prediction> {
    const { lower, upper } = this.#box(center, RADIUS);
    const count = this.#folds.length;
    const f = (x: Float64Array) => {
      const lambda = this.#lambda(x);
      let value = 0;
      const gradient = new Float64Array(x.length);
      for (const { reduced, trainer } of this.#folds) {
        reduced.solve(lambda);
        this.validationPasses += reduced.size / trainer.validation.columns / count;
        const slope = reduced.hypergradient(lambda);
        value += slope.value / count;
        for (const [j, g] of slope.gradient.entries()) gradient[j]! += g / count;
      }
      return { value, gradient };
    };
    const found = yield* descend(f, center.map(log), { lower, upper, evaluations: 12, reach: 1.5, tolerance });
    const lambda = this.#lambda(found.x);
    for (const { reduced } of this.#folds) reduced.solve(lambda);
    return { lambda, error: this.#folds[0]!.trainer.metric.fromLoss(found.value) };
  }

  /**
   * Step metrics have no gradient, but scores do: candidates λ·exp(δ) have validation scores V₀ + Σ_j δ_j·∂V/∂log λ_j,
   * so *any* metric is evaluated as it is on the linearized scores, by an evolution strategy; the best candidate is then
   * solved for, and accepted when it keeps its promise.
   */
  *#sample(start: Float64Array, tolerance: number, random: Random): Generator<void, Prediction> {
    const free = this.#free;
    const folds = this.#folds;
    const work = this.#buffers();
    let center = start;
    for (const [f, { reduced }] of folds.entries()) {
      reduced.solve(center);
      reduced.scores(work[f]!.scores);
    }
    let best = this.#rank("scores");
    let radius = 1;
    for (let iteration = 0; iteration < 8 && radius > 0.04; iteration++) {
      for (const [f, { reduced, trainer }] of folds.entries()) {
        yield* reduced.tangents(center, free, work[f]!.tangents, work[f]!.moved);
        this.validationPasses += (free.length * reduced.size) / trainer.validation.columns / folds.length;
      }
      const { lower, upper } = this.#box(start, RADIUS);
      const origin = center.map(log);
      let mean: Float64Array = new Float64Array(free.length);
      let promise = best;
      let spread = radius / 2;
      for (let generation = 0; generation < GENERATIONS; generation++) {
        const population: { delta: Float64Array; rank: number }[] = [];
        for (let i = 0; i < CANDIDATES; i++) {
          const d = mean.map((m, f) => {
            const j = free[f]!;
            const step = Math.min(Math.max(m + spread * random.normal(), -radius), radius);
            return Math.min(Math.max(origin[j]! + step, lower[j]!), upper[j]!) - origin[j]!;
          });
          population.push({ delta: d, rank: this.#promise(d) });
        }
        yield;
        population.sort((a, b) => a.rank - b.rank);
        // The mean of the better eighth: the middle of a plateau rather than its edge.
        const elite = population.slice(0, CANDIDATES / 8);
        const middle = mean.map((_, f) => elite.reduce((sum, c) => sum + c.delta[f]!, 0) / elite.length);
        const rank = this.#promise(middle);
        const [first] = elite;
        const leader = rank <= first!.rank ? { delta: middle, rank } : first!;
        if (leader.rank < promise) {
          promise = leader.rank;
          mean = leader.delta;
        }
        spread *= 0.7;
      }
      if (!(promise < best)) {
        radius *= 0.35;
        continue;
      }
      const next = this.#lambda(this.#moved(origin, mean));
      for (const [f, { reduced }] of folds.entries()) {
        this.#follow(reduced, work[f]!, mean);
        reduced.solve(next);
        reduced.scores(work[f]!.candidate);
        yield;
      }
      const actual = this.#rank("candidate");
      if (actual < best) {
        const gain = best - actual;
        radius = gain > 0.5 * (best - promise) ? Math.min(radius * 1.5, 2) : radius * 0.5;
        best = actual;
        center = next;
        for (const [f, fold] of folds.entries()) this.#copyScores(fold, work[f]!);
        if (gain < tolerance * Math.abs(best)) break;
      } else {
        radius *= 0.35;
        for (const [f, { reduced }] of folds.entries()) {
          const length = this.#length(reduced);
          const saved = this.#arena.viewF64(work[f]!.saved, length);
          this.#arena.viewF64(reduced.coefficients, length).set(saved);
          reduced.solve(center);
        }
      }
    }
    let error = 0;
    for (const [f, { reduced, trainer }] of folds.entries()) {
      reduced.scores(work[f]!.scores);
      error += trainer.metric.evaluate(work[f]!.scores) / folds.length;
    }
    return { lambda: center, error };
  }

  #buffers(): readonly Work[] {
    const arena = this.#arena;
    const free = this.#free.length;
    this.#delta ||= arena.f64(free);
    this.#work ??= this.#folds.map(({ reduced, trainer }) => {
      const n = trainer.validation.outputs * trainer.validation.rows;
      const length = this.#length(reduced);
      return {
        scores: arena.f64(n),
        moved: arena.f64(n * free),
        candidate: arena.f64(n),
        tangents: arena.f64(length * free),
        saved: arena.f64(length),
      };
    });
    return this.#work;
  }

  #length({ outputs, capacity }: ReducedModel): number {
    return outputs * capacity;
  }

  /** The mean rank of the folds' scores. */
  #rank(which: "scores" | "candidate"): number {
    const work = this.#buffers();
    const ranks = this.#folds.map(({ trainer }, f) => trainer.metric.rank(work[f]![which]));
    return ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
  }

  /** The rank of the linearized scores at a step δ. */
  #promise(delta: Float64Array): number {
    const arena = this.#arena;
    const work = this.#buffers();
    arena.viewF64(this.#delta, delta.length).set(delta);
    for (const [f, { trainer }] of this.#folds.entries()) {
      const { scores, moved, candidate } = work[f]!;
      const n = trainer.validation.outputs * trainer.validation.rows;
      arena.kernels.combine(n, delta.length, this.#delta, scores, moved, candidate);
    }
    return this.#rank("candidate");
  }

  /** a ← a + Σ_j δ_j·∂a/∂log λ_j, an almost solved start; the old a is saved. */
  #follow(reduced: ReducedModel, { tangents, saved }: Work, delta: Float64Array): void {
    const arena = this.#arena;
    const length = this.#length(reduced);
    arena.viewF64(saved, length).set(arena.viewF64(reduced.coefficients, length));
    for (const [i, step] of delta.entries()) {
      arena.kernels.axpy(length, step, tangents + 8 * length * i, reduced.coefficients);
    }
  }

  #copyScores({ trainer }: Judged, { scores, candidate }: Work): void {
    const n = trainer.validation.outputs * trainer.validation.rows;
    this.#arena.viewF64(scores, n).set(this.#arena.viewF64(candidate, n));
  }

  #moved(origin: Float64Array, delta: Float64Array): Float64Array {
    const x = origin.slice();
    for (const [f, j] of this.#free.entries()) x[j]! += delta[f]!;
    return x;
  }

  #lambda(x: Float64Array): Float64Array {
    return this.#space.normalize(x.map(exp));
  }

  #box(center: Float64Array, radius: number): { lower: Float64Array; upper: Float64Array } {
    const { lower, upper } = this.#space;
    return {
      lower: center.map((value, j) => Math.max(log(value) - radius, log(lower[j]!))),
      upper: center.map((value, j) => Math.min(log(value) + radius, log(upper[j]!))),
    };
  }
}
