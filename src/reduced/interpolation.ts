import type { MetricEvaluator } from "../evaluate/metric.ts";
import type { Random } from "../random.ts";
import type { Trainer } from "../trainer.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { log } from "../wasm/transcendental.ts";
import { Kriging } from "./kriging.ts";
import type { VirtualModels } from "./virtual-models.ts";

/** Minimizers that are remembered, and bytes of their weights and validation scores, at most. */
const CAPACITY = 64;
const BYTES = 2 ** 28;

/** Candidates by chance in F. */
const CHANCE = 150;

/**
 * Climbs from the best minimizers, and from the best candidate: so many steps, each of some of the log λ_j, as long at
 * first, longer after one that led on and shorter after others.
 */
const CLIMB = { starts: 4, steps: 40, share: 0.4, spread: 0.4, longer: 1.5, shorter: 0.85 };

/** Candidates are no nearer to a minimizer than this in every log λ_j: it would be the same again. */
const SEPARATION = 0.02;

/**
 * Standard deviations by which a candidate may be better than interpolated: curiosity. At 1 trainings go far off and
 * bring little (digits, error rate: 3 of 5 optima found in 850 to 1100 passes, at 0.1 all in 450).
 */
const DEVIATIONS = 0.1;

interface Node {
  readonly lambda: Float64Array;
  /** log λ of the free weights. */
  readonly place: Float64Array;
  readonly error: number;
}

/** What an interpolation needs of a fold. */
export interface Interpolated {
  readonly trainer: Pick<Trainer, "objective" | "validation" | "metric">;
  /** Where the next training starts. */
  readonly theta: Pointer;
}

/** A λ, the error of the model interpolated there, and what that is at best, as far as interpolation can tell. */
export interface Candidate {
  readonly lambda: Float64Array;
  readonly error: number;
  readonly bound: number;
}

/** `bound`, ties broken by the loss. */
interface Judged extends Candidate {
  readonly rank: number;
}

type Box = ReturnType<VirtualModels["box"]>;

/** Of one fold: validation scores and weights of the minimizers, one after the other, and room for what is interpolated. */
interface Memory {
  readonly scores: Pointer;
  readonly thetas: Pointer;
  readonly mixed: Pointer;
}

/**
 * Virtual models for no work on training rows: θ̂(λ) ≈ Σ_i w_i(λ)·θ̂(λ_i), interpolated in log λ among minimizers that were
 * trained. Scores are interpolated with the same weights, so any metric of them is evaluated as it is.
 */
export class Interpolation {
  /** Work on the validation rows, in passes over them. */
  validationPasses = 0;
  readonly #arena: Arena<Kernels>;
  readonly #models: VirtualModels;
  readonly #folds: readonly Interpolated[];
  readonly #capacity: number;
  readonly #nodes: Node[] = [];
  readonly #weights: Pointer;
  #memory: readonly Memory[] | undefined;
  #kriging: Kriging | undefined;

  constructor(arena: Arena<Kernels>, models: VirtualModels, folds: readonly Interpolated[]) {
    this.#arena = arena;
    this.#models = models;
    this.#folds = folds;
    const bytes = folds.reduce((sum, fold) => sum + 8 * (scoreCount(fold) + fold.trainer.objective.thetaCount), 0);
    this.#capacity = Math.max(Math.min(CAPACITY, Math.floor(BYTES / bytes)), 2);
    this.#weights = arena.f64(this.#capacity);
  }

  /** Remembers the models of λ, one per fold, unless they failed. When there is no room, the worst is forgotten. */
  add(lambda: Float64Array, error: number, thetas: readonly Pointer[]): void {
    if (!Number.isFinite(error)) return;
    const place = this.#place(lambda);
    const same = this.#nodes.findIndex((node) => distance(node.place, place) < SEPARATION / 2);
    const next = this.#nodes.length < this.#capacity ? this.#nodes.length : this.#worst();
    const slot = same >= 0 ? same : next;
    this.#nodes[slot] = { lambda, place, error };
    for (const [f, fold] of this.#folds.entries()) {
      const { objective, validation } = fold.trainer;
      const memory = this.#remembered[f]!;
      validation.scores(thetas[f]!, memory.scores + 8 * slot * scoreCount(fold));
      const model = this.#arena.viewF64(thetas[f]!, objective.thetaCount);
      this.#arena.viewF64(memory.thetas + 8 * slot * objective.thetaCount, objective.thetaCount).set(model);
    }
    this.#kriging = undefined;
  }

  /** The models at λ, as starts of its training. */
  start(lambda: Float64Array): Pointer[] {
    const weights = this.#interpolant.weights(this.#place(lambda));
    for (const [f, fold] of this.#folds.entries()) {
      this.#mix(weights, fold.trainer.objective.thetaCount, this.#remembered[f]!.thetas, fold.theta);
    }
    return this.#folds.map(({ theta }) => theta);
  }

  /** The λ that might be best, of candidates by chance and on climbs from the best minimizers. */
  *propose(random: Random): Generator<void, Candidate | undefined> {
    const models = this.#models;
    const box = models.box(this.#nodes[0]!.lambda, Number.POSITIVE_INFINITY);
    const doubt = DEVIATIONS * this.#doubt();
    let best: Judged | undefined;
    const look = (lambda: Float64Array) => {
      const judged = this.#look(lambda, doubt);
      if (judged && !(best && best.rank <= judged.rank)) best = judged;
      return judged;
    };
    for (let i = 0; i < CHANCE; i++) {
      look(models.chance(box, random));
      yield;
    }
    const starts = [...this.#nodes].sort((a, b) => a.error - b.error).slice(0, CLIMB.starts);
    for (let i = 0; i <= starts.length; i++) {
      let { lambda } = starts[i] ?? best ?? starts[0]!;
      let rank = Number.POSITIVE_INFINITY;
      let { spread } = CLIMB;
      for (let step = 0; step < CLIMB.steps; step++) {
        const next = look(this.#near(lambda, spread, box, random));
        if (next && next.rank <= rank) {
          ({ lambda, rank } = next);
          spread *= CLIMB.longer;
        } else {
          spread *= CLIMB.shorter;
        }
        yield;
      }
    }
    return best;
  }

  #near(lambda: Float64Array, spread: number, { lower, upper }: Box, random: Random): Float64Array {
    const x = lambda.map(log);
    for (const j of this.#models.free) {
      if (random.uniform() > CLIMB.share) continue;
      x[j] = Math.min(Math.max(x[j]! + spread * random.normal(), lower[j]!), upper[j]!);
    }
    return this.#models.lambda(x);
  }

  /** Undefined next to a minimizer. */
  #look(lambda: Float64Array, doubt: number): Judged | undefined {
    const place = this.#place(lambda);
    if (this.#nodes.some((node) => distance(node.place, place) < SEPARATION)) return undefined;
    const weights = this.#interpolant.weights(place);
    const slack = doubt * this.#interpolant.deviation(place);
    const error = this.#judge(weights, (metric, scores) => metric.evaluate(scores));
    const rank = this.#judge(weights, (metric, scores) => metric.rank(scores)) - slack;
    return { lambda, error, bound: error - slack, rank };
  }

  /** Standard deviation of e per unit of that of the interpolation: every minimizer is predicted by the others. */
  #doubt(): number {
    let squares = 0;
    let variances = 0;
    for (const [i, { error }] of this.#nodes.entries()) {
      const { weights, deviation } = this.#interpolant.without(i);
      squares += (this.#judge(weights, (metric, scores) => metric.evaluate(scores)) - error) ** 2;
      variances += deviation ** 2;
    }
    return variances > 0 ? Math.sqrt(squares / variances) : 0;
  }

  /** The mean over the folds of what their interpolated scores are worth. */
  #judge(weights: Float64Array, of: (metric: MetricEvaluator, scores: Pointer) => number): number {
    let sum = 0;
    for (const [f, fold] of this.#folds.entries()) {
      const { scores, mixed } = this.#remembered[f]!;
      this.#mix(weights, scoreCount(fold), scores, mixed);
      this.validationPasses += weights.length / fold.trainer.validation.columns / this.#folds.length;
      sum += of(fold.trainer.metric, mixed);
    }
    return sum / this.#folds.length;
  }

  /** out ← Σ_i w_i·v_i. */
  #mix(weights: Float64Array, length: number, vectors: Pointer, out: Pointer): void {
    const view = this.#arena.viewF64(this.#weights, weights.length);
    view.set(weights);
    // The kernel adds to a vector: to the first, which is there once already.
    view[0]! -= 1;
    this.#arena.kernels.combine(length, weights.length, this.#weights, vectors, vectors, out);
  }

  get #interpolant(): Kriging {
    this.#kriging ??= new Kriging(this.#nodes.map(({ place }) => place));
    return this.#kriging;
  }

  get #remembered(): readonly Memory[] {
    const arena = this.#arena;
    this.#memory ??= this.#folds.map((fold) => ({
      scores: arena.f64(this.#capacity * scoreCount(fold)),
      thetas: arena.f64(this.#capacity * fold.trainer.objective.thetaCount),
      mixed: arena.f64(scoreCount(fold)),
    }));
    return this.#memory;
  }

  #worst(): number {
    return this.#nodes.reduce((worst, { error }, i) => (error > this.#nodes[worst]!.error ? i : worst), 0);
  }

  #place(lambda: Float64Array): Float64Array {
    return Float64Array.from(this.#models.free, (j) => log(lambda[j]!));
  }
}

function scoreCount({ trainer: { validation } }: Interpolated): number {
  return validation.outputs * validation.rows;
}

/** The largest |a_i − b_i|. */
function distance(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
