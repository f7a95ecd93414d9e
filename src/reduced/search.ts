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

/**
 * Searches λ on the reduced model, where trying one costs a small share of a pass: e(θ̂_red(λ)) over log λ within a
 * trust region around the center.
 */
export class ReducedSearch {
  readonly #arena: Arena<Kernels>;
  readonly #space: FeatureSpace;
  readonly #model: ReducedModel;
  readonly #metric: MetricEvaluator;
  readonly #free: readonly number[];
  readonly #length: number;
  readonly #scoreCount: number;
  #work:
    | { scores: Pointer; moved: Pointer; candidate: Pointer; tangents: Pointer; saved: Pointer; delta: Pointer }
    | undefined;
  /** Work on the validation rows, in passes over them. */
  validationPasses = 0;

  constructor(
    arena: Arena<Kernels>,
    space: FeatureSpace,
    model: ReducedModel,
    validation: Objective,
    metric: MetricEvaluator,
  ) {
    this.#arena = arena;
    this.#space = space;
    this.#model = model;
    this.#metric = metric;
    this.#free = space.names.flatMap((_, j) => (space.lower[j]! < space.upper[j]! ? [j] : []));
    this.#length = validation.outputs * model.capacity;
    this.#scoreCount = validation.outputs * validation.rows;
    this.#columns = validation.columns;
  }

  readonly #columns: number;

  /**
   * The best λ near `center`, from the current virtual model on.
   *
   * @param tolerance relative gain that is worth another evaluation
   */
  *search(center: Float64Array, tolerance: number, random: Random): Generator<void, Prediction> {
    this.#model.refresh();
    return this.#metric.smooth
      ? yield* this.#descend(center, tolerance)
      : yield* this.#sample(center, tolerance, random);
  }

  /** Smooth metrics have a hypergradient: one adjoint solve gives the derivatives in every log λ_j. */
  *#descend(center: Float64Array, tolerance: number): Generator<void, Prediction> {
    const { lower, upper } = this.#box(center, RADIUS);
    const f = (x: Float64Array) => {
      const lambda = this.#lambda(x);
      this.#model.solve(lambda);
      this.validationPasses += this.#model.size / this.#columns;
      return this.#model.hypergradient(lambda);
    };
    const found = yield* descend(f, center.map(log), { lower, upper, evaluations: 12, reach: 1.5, tolerance });
    const lambda = this.#lambda(found.x);
    this.#model.solve(lambda);
    return { lambda, error: this.#metric.fromLoss(found.value) };
  }

  /**
   * Step metrics have no gradient, but scores do: candidates λ·exp(δ) have validation scores V₀ + Σ_j δ_j·∂V/∂log λ_j,
   * so *any* metric is evaluated as it is on the linearized scores, by an evolution strategy; the best candidate is then
   * solved for, and accepted when it keeps its promise.
   */
  *#sample(start: Float64Array, tolerance: number, random: Random): Generator<void, Prediction> {
    const arena = this.#arena;
    const k = arena.kernels;
    const free = this.#free;
    const n = this.#scoreCount;
    this.#work ??= {
      scores: arena.f64(n),
      moved: arena.f64(n * free.length),
      candidate: arena.f64(n),
      tangents: arena.f64(this.#length * free.length),
      saved: arena.f64(this.#length),
      delta: arena.f64(free.length),
    };
    const { scores, moved, candidate, tangents, saved, delta } = this.#work;
    const metric = this.#metric;
    let center = start;
    this.#model.solve(center);
    this.#model.scores(scores);
    let best = metric.rank(scores);
    let radius = 1;
    for (let iteration = 0; iteration < 8 && radius > 0.04; iteration++) {
      yield* this.#model.tangents(center, free, tangents, moved);
      this.validationPasses += (free.length * this.#model.size) / this.#columns;
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
          arena.viewF64(delta, free.length).set(d);
          k.combine(n, free.length, delta, scores, moved, candidate);
          population.push({ delta: d, rank: metric.rank(candidate) });
        }
        yield;
        population.sort((a, b) => a.rank - b.rank);
        // The mean of the better eighth: the middle of a plateau rather than its edge.
        const elite = population.slice(0, CANDIDATES / 8);
        const middle = mean.map((_, f) => elite.reduce((sum, c) => sum + c.delta[f]!, 0) / elite.length);
        arena.viewF64(delta, free.length).set(middle);
        k.combine(n, free.length, delta, scores, moved, candidate);
        const rank = metric.rank(candidate);
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
      arena.viewF64(saved, this.#length).set(arena.viewF64(this.#model.coefficients, this.#length));
      for (const [f] of free.entries()) {
        k.axpy(this.#length, mean[f]!, tangents + 8 * this.#length * f, this.#model.coefficients);
      }
      this.#model.solve(next);
      this.#model.scores(candidate);
      const actual = metric.rank(candidate);
      yield;
      if (actual < best) {
        const gain = best - actual;
        radius = gain > 0.5 * (best - promise) ? Math.min(radius * 1.5, 2) : radius * 0.5;
        best = actual;
        center = next;
        arena.viewF64(scores, n).set(arena.viewF64(candidate, n));
        if (gain < tolerance * Math.abs(best)) break;
      } else {
        radius *= 0.35;
        arena.viewF64(this.#model.coefficients, this.#length).set(arena.viewF64(saved, this.#length));
        this.#model.solve(center);
      }
    }
    this.#model.scores(scores);
    return { lambda: center, error: metric.evaluate(scores) };
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
