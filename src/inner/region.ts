import type { FeatureSpace } from "../features/space.ts";
import type { Objective } from "../models/objective.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { InterceptMetric } from "./intercept-metric.ts";
import { RowLinks } from "./row-links.ts";

/**
 * Newton steps for the intercepts; they are solved for when one changes them by less than this, relatively. A curvature,
 * which costs the square of the outputs, serves for as long as each step is so much shorter than the last.
 */
const NEWTON = { steps: 40, tolerance: 1e-12, shorter: 0.1 };

/** Outputs from which on, before a curvature is formed, two more passes tell whether anything can be proved. */
const MANY = 32;

/**
 * Where the exact minimizer of ℓ_λ is: its weights Ŵ are within `radius` of those of `theta`, and its scores at a row x
 * are those of `theta` + (Ŵ − W)·(x − centre) + β, where β, one number per output, is no longer than `drift`.
 */
export interface Region {
  /** Valid until the next region is found, as `centre` is. */
  readonly theta: Pointer;
  readonly centre: Pointer;
  /** Infinity where nothing is proved. */
  readonly radius: number;
  readonly drift: number;
  /** What `drift` is measured in, where it is finite. */
  readonly intercepts: InterceptMetric | undefined;
}

/**
 * Proves where the minimizer of ℓ_λ is, from one model and one pass: duality, strong convexity and self-concordance.
 *
 * *Weights.* ℓ = f(W, b) + P(W), f the data terms, P convex with a ridge: P − ½μ‖W‖² is convex, μ = λ of L2. Intercepts
 * carry no ridge. They are eliminated: b(W) minimizes f(W, ·), found by Newton's method on the scores, so that at (W, b(W))
 * the gradient of f is g in W and 0 in b. Let q(w) = g·w + P(w) and W⁺ = argmin q, weight by weight (`prox`), and
 * gap = q(W) − q(W⁺): that is the duality gap of θ. For smooth P it is ‖∇ℓ‖²/2μ; where kinks hold weights, far less than
 * the minimum-norm subgradient s tells. f is convex and q strongly:
 *
 *     ℓ̂ ≥ f(θ) + g·(Ŵ − W) + P(Ŵ) ≥ ℓ(θ) − gap + ½μ‖Ŵ − W⁺‖²     and     ℓ(θ) ≥ ℓ̂ + ½μ‖W − Ŵ‖².
 *
 * The sum of both says that ‖W − Ŵ‖² + ‖Ŵ − W⁺‖² ≤ 2·gap/μ: by the parallelogram law Ŵ is in the ball around
 * m = (W + W⁺)/2 with ρ² = gap/μ − ¼‖W − W⁺‖². (Smooth P: W⁺ = W − s/μ, ρ = ‖s‖/2μ.)
 *
 * *Intercepts.* On columns measured from `centre` a row's scores move by t_i = (Ŵ − W)·x̃_i, ‖t_i‖ ≤ R·‖x̃_i‖ with
 * R = ρ + ½‖W − W⁺‖, and then by β = b̂′ − b′. With H_i the Hessian of a row's loss in its scores at θ, self-concordance
 * (Bach 2010; a third cumulant of values within `osc` is at most osc·variance) bounds it along the way, within e^±osc(move).
 * So with a_i ≥ osc(t_i), A = Σ ω_i e^{−a_i}·H_i, h the gradient in b at (Ŵ, b′):
 *
 *     (1 − e^{−z})/z·‖β‖_A ≤ ‖h‖_{A⁻¹} where z = osc β ≤ k·‖β‖_A, hence ‖β‖_A ≤ −log(1 − k·‖h‖_{A⁻¹})/k.
 *
 * One output: `centre` is the mean of the rows weighted by ω_i·H_i, so that h is of second order in R:
 * |h| ≤ Σ ω_i·H_i·(e^{a_i} − 1 − a_i), and 0 for squared loss. More of them: ‖h‖²_{A⁻¹} ≤ R²·Σ ω_i·c_i²·e^{a_i}·σ_i‖x̃_i‖²,
 * c_i = (e^{a_i} − 1)/a_i, σ_i ≥ ‖H_i‖. All but for rounding in f64, in which all of it is computed.
 */
export class RegionFinder {
  readonly #arena: Arena<Kernels>;
  readonly #space: FeatureSpace;
  readonly #objective: Objective;
  readonly #theta: Pointer;
  readonly #gradient: Pointer;
  readonly #nearest: Pointer;
  readonly #work: Pointer;
  readonly #centre: Pointer;
  readonly #rows: Pointer;
  readonly #terms: Pointer;
  readonly #scores: Pointer;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, objective: Objective) {
    const { outputs, rows, columns, thetaCount } = objective;
    this.#arena = arena;
    this.#space = space;
    this.#objective = objective;
    this.#theta = arena.f64(thetaCount);
    this.#gradient = arena.f64(thetaCount);
    this.#nearest = arena.f64(thetaCount);
    this.#work = arena.f64(thetaCount);
    this.#centre = arena.f64(columns);
    this.#rows = arena.f64(rows);
    this.#terms = arena.f64(3 * rows);
    this.#scores = arena.f64(outputs * rows);
  }

  /**
   * The region of the minimizer of ℓ_λ, as seen from the model `theta`. Costs 1½ passes and one product with X per output more;
   * twice that of many outputs.
   */
  *find(lambda: ArrayLike<number>, theta: Pointer): Generator<void, Region> {
    const arena = this.#arena;
    const objective = this.#objective;
    const { outputs, rows, thetaCount } = objective;
    const { l2, ...others } = this.#space.termWeights(lambda);
    objective.setWeights({ ...others, l2 });
    const place = () => arena.viewF64(this.#theta, thetaCount).set(arena.viewF64(theta, thetaCount));
    if (!(l2 > 0)) return this.#nothing();
    place();
    if (outputs >= MANY) {
      const links = this.#links();
      const { reach } = this.#measure(links, l2);
      if (!links.mayDrift(arena.viewF64(this.#rows, rows), reach)) return this.#nothing();
      place();
      yield;
    }
    const links = this.#links();
    yield;
    if (!(yield* this.#eliminateIntercepts(links))) return this.#nothing();
    yield;
    const { radius, reach } = this.#measure(links, l2);
    yield;
    const drift = Number.isFinite(radius) ? links.drift(arena.viewF64(this.#rows, rows), reach) : undefined;
    return drift ? { theta: this.#theta, centre: this.#centre, radius, ...drift } : this.#nothing();
  }

  /**
   * Where the weights are, as seen from θ, which moves to the middle: θ to the ball's centre, its radius, R and the rows'
   * distances from `centre`.
   */
  #measure(links: RowLinks, l2: number): { readonly radius: number; readonly reach: number } {
    const arena = this.#arena;
    const objective = this.#objective;
    const { outputs, columns, rows, thetaCount, pointer } = objective;
    objective.gradient(this.#theta, this.#gradient, "f64");
    const spreads = links.spreads();
    arena.viewF64(this.#rows, rows).set(spreads);
    arena.kernels.rowSum(pointer, this.#rows, this.#centre);
    const total = spreads.reduce((sum, spread) => sum + spread, 0);
    const centre = arena.viewF64(this.#centre, columns);
    for (let j = 0; j < columns; j++) centre[j]! /= total;
    arena.kernels.rowDistances(pointer, this.#centre, this.#rows);

    // On columns measured from `centre`: what rounding leaves of the intercepts' gradient would count by how far they are.
    const gradient = arena.viewF64(this.#gradient, thetaCount);
    for (let c = 0; c < outputs; c++) {
      for (let j = 0; j < columns; j++) gradient[c * columns + j]! -= gradient[outputs * columns + c]! * centre[j]!;
    }
    const gap = arena.kernels.penaltyGap(pointer, this.#theta, this.#gradient, this.#nearest, this.#work);
    const model = arena.viewF64(this.#theta, thetaCount);
    const nearest = arena.viewF64(this.#nearest, outputs * columns);
    let apart = 0;
    for (let c = 0; c < outputs; c++) {
      for (let j = 0; j < columns; j++) {
        const step = nearest[c * columns + j]! - model[c * columns + j]!;
        apart += step * step;
        model[c * columns + j]! += step / 2;
        model[outputs * columns + c]! -= (step / 2) * centre[j]!;
      }
    }
    const radius = Math.sqrt(Math.max(gap / l2 - apart / 4, 0));
    return { radius, reach: radius + Math.sqrt(apart) / 2 };
  }

  #links(): RowLinks {
    const arena = this.#arena;
    const { model, outputs, rows, pointer } = this.#objective;
    this.#objective.scores(this.#theta, this.#scores, "f64");
    arena.kernels.objectiveRowTerms(pointer, this.#terms);
    return new RowLinks(
      model,
      outputs,
      arena.viewF64(this.#scores, outputs * rows).slice(),
      arena.viewF64(this.#terms, 3 * rows).slice(),
    );
  }

  /** The intercepts become those that minimize f for these weights. Returns whether there are any. */
  *#eliminateIntercepts(links: RowLinks): Generator<void, boolean> {
    const { outputs, thetaCount } = this.#objective;
    let metric: InterceptMetric | undefined;
    let before = 0;
    for (let i = 0; i < NEWTON.steps; i++) {
      metric ??= new InterceptMetric(links.curvature(), outputs);
      const step = links.newtonStep(metric);
      links.shift(step);
      const intercepts = this.#arena.viewF64(this.#theta, thetaCount).subarray(thetaCount - outputs);
      for (const [c, s] of step.entries()) intercepts[c]! += s;
      const longest = Math.max(...step.map(Math.abs));
      if (!Number.isFinite(longest)) return false;
      if (longest < NEWTON.tolerance * (1 + Math.max(...intercepts.map(Math.abs)))) return true;
      if (!(longest < NEWTON.shorter * before)) metric = undefined;
      before = longest;
      yield;
    }
    return false;
  }

  #nothing(): Region {
    const { POSITIVE_INFINITY: radius } = Number;
    return { theta: this.#theta, centre: this.#centre, radius, drift: radius, intercepts: undefined };
  }
}
