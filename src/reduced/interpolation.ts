import type { Judge } from "../evaluate/judge.ts";
import type { Objective } from "../models/objective.ts";
import { type Interpolant, Kriging } from "../outer/kriging.ts";
import type { Random } from "../random.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { log } from "../wasm/transcendental.ts";
import { JudgedMixtures } from "./judged-mixtures.ts";
import { BYTES_PER_SCORE } from "./mixed-decisions.ts";
import { Mixtures, TOGETHER } from "./mixtures.ts";
import type { VirtualModels } from "./virtual-models.ts";

/** Minimizers that are remembered, and bytes of their weights and validation scores, at most. */
const CAPACITY = 64;
const BYTES = 2 ** 28;

/** Random candidates in F of each proposal. */
const CHANCE = 64;

/**
 * Climbs from the best minimizers, and from the best candidate: so many steps, each to the best of a few candidates that differ
 * in a `share` of the log λ_j, by `spread`; that is multiplied by `longer` after a step that led on, by `shorter` after others.
 */
const CLIMB = { starts: 3, steps: 12, share: 0.4, spread: 0.4, longer: 1.3, shorter: 0.7 };

/** Candidates are no nearer to a minimizer than this in every log λ_j: it would be the same again. */
const SEPARATION = 0.02;

/**
 * Standard deviations that a candidate's interpolated e is lowered by before it is compared (lower confidence bound). At 1
 * trainings go far off and bring little (digits, error rate: 3 of 5 optima found in 850 to 1100 passes, at 0.1 all in 450).
 */
const DEVIATIONS = 0.1;

interface Node {
  readonly lambda: Float64Array;
  /** log λ of the free weights. */
  readonly place: Float64Array;
  readonly error: number;
}

/** What an interpolation needs of a fold. */
interface Interpolated {
  readonly trainer: { readonly objective: Pick<Objective, "thetaCount"> };
  readonly judge: Judge;
  /** Where the next training starts. */
  readonly theta: Pointer;
}

/** A λ, the error of the model interpolated there, and what that is at best, as far as interpolation can tell. */
interface Candidate {
  readonly lambda: Float64Array;
  readonly error: number;
  readonly bound: number;
}

interface Judged extends Candidate {
  readonly interpolant: Interpolant;
  /** Whether ties of `bound` are broken by the loss, for those that reach the best before them. */
  readonly reaches: boolean;
  /** Found only when it matters, as it takes an exponential per score. */
  tieBreak?: number;
}

type Box = ReturnType<VirtualModels["box"]>;

/** What is remembered of the minimizers in one fold: their validation scores and their weights. */
interface Memory {
  readonly scores: JudgedMixtures;
  readonly thetas: Mixtures;
  /** Room for the scores of one. */
  readonly fresh: Pointer;
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
  #memory: readonly Memory[] | undefined;
  #kriging: Kriging | undefined;

  constructor(arena: Arena<Kernels>, models: VirtualModels, folds: readonly Interpolated[]) {
    this.#arena = arena;
    this.#models = models;
    this.#folds = folds;
    const bytes = folds.reduce(
      (sum, fold) => sum + (8 + BYTES_PER_SCORE) * scoreCount(fold) + 8 * fold.trainer.objective.thetaCount,
      0,
    );
    this.#capacity = Math.max(Math.min(CAPACITY, Math.floor(BYTES / bytes)), 2);
  }

  /** Validation rows of all folds. */
  get rows(): number {
    return this.#folds.reduce((sum, { judge }) => sum + judge.validation.rows, 0);
  }

  /** Remembers the models of λ, one per fold, unless they failed. When there is no room, the worst is forgotten. */
  add(lambda: Float64Array, error: number, thetas: readonly Pointer[]): void {
    if (!Number.isFinite(error)) return;
    const place = this.#place(lambda);
    const same = this.#nodes.findIndex((node) => isNear(node.place, place, SEPARATION / 2));
    const next = this.#nodes.length < this.#capacity ? this.#nodes.length : this.#worst();
    const slot = same >= 0 ? same : next;
    this.#nodes[slot] = { lambda, place, error };
    for (const [f, { judge }] of this.#folds.entries()) {
      const { scores, thetas: models, fresh } = this.#remembered[f]!;
      judge.validation.scores(thetas[f]!, fresh);
      scores.set(slot, fresh);
      models.set(slot, thetas[f]!);
    }
    this.#kriging = undefined;
  }

  /** The models at λ, as starts of its training. */
  start(lambda: Float64Array): Pointer[] {
    const [at] = this.#interpolant.at([this.#place(lambda)]);
    for (const [f, { trainer, theta }] of this.#folds.entries()) {
      const { thetaCount } = trainer.objective;
      const [model] = this.#remembered[f]!.thetas.mix([at!.weights]);
      this.#arena.viewF64(theta, thetaCount).set(this.#arena.viewF64(model!, thetaCount));
    }
    return this.#folds.map(({ theta }) => theta);
  }

  /** The λ that might be best, of candidates by chance and on climbs from the best minimizers. */
  *propose(random: Random): Generator<void, Candidate | undefined> {
    const [any] = this.#nodes;
    if (!any) return undefined;
    const models = this.#models;
    const box = models.box(any.lambda, Number.POSITIVE_INFINITY);
    const doubt = DEVIATIONS * this.#doubt();
    let best: Judged | undefined;
    const bestOf = (draw: () => Float64Array) => {
      let first: Judged | undefined;
      for (const judged of this.#judge(Array.from({ length: TOGETHER }, draw), doubt, best)) {
        if (!first || this.#isBetter(judged, first)) first = judged;
      }
      if (first && !(best && !this.#isBetter(first, best))) best = first;
      return first;
    };
    for (let i = 0; i < CHANCE; i += TOGETHER) {
      bestOf(() => models.chance(box, random));
      yield;
    }
    const starts = [...this.#nodes].sort((a, b) => a.error - b.error).slice(0, CLIMB.starts);
    for (let i = 0; i <= starts.length; i++) {
      let { lambda } = starts[i] ?? best ?? any;
      let last: Judged | undefined;
      let { spread } = CLIMB;
      for (let step = 0; step < CLIMB.steps; step++) {
        const next = bestOf(() => this.#near(lambda, spread, box, random));
        if (next && !(last && this.#isBetter(last, next))) {
          ({ lambda } = next);
          last = next;
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

  /** Judges the λ that are not next to a minimizer; without those whose metric failed. */
  #judge(lambdas: readonly Float64Array[], doubt: number, best: Judged | undefined): Judged[] {
    const known = (place: Float64Array) => this.#nodes.some((node) => isNear(node.place, place, SEPARATION));
    const places = lambdas.map((lambda) => this.#place(lambda));
    const fresh = [...lambdas.keys()].filter((i) => !known(places[i]!));
    if (fresh.length === 0) return [];
    const interpolants = this.#interpolant.at(fresh.map((i) => places[i]!));
    const errors = this.#errors(interpolants);
    return fresh
      .map((i, k): Judged => {
        const [error, interpolant] = [errors[k]!, interpolants[k]!];
        const bound = error - doubt * interpolant.deviation;
        const reaches =
          !best || bound <= best.bound || (bound < best.bound + this.#models.mostTieBreak && bound <= this.#rank(best));
        return { lambda: lambdas[i]!, error, bound, interpolant, reaches };
      })
      .filter(({ bound }) => !Number.isNaN(bound));
  }

  /** Compares bounds; where these are closer than a tie-break may be, their ranks, which cost more. */
  #isBetter(a: Judged, b: Judged): boolean {
    if (Math.abs(a.bound - b.bound) >= this.#models.mostTieBreak) return a.bound < b.bound;
    return this.#rank(a) < this.#rank(b);
  }

  #rank(judged: Judged): number {
    if (!judged.reaches) return judged.bound;
    if (judged.tieBreak === undefined) {
      let sum = 0;
      for (const [f, { judge }] of this.#folds.entries()) {
        sum += this.#remembered[f]!.scores.tieBreaks([judged.interpolant.weights])[0]!;
        this.#count(judge, 1);
      }
      judged.tieBreak = sum / this.#folds.length;
    }
    return judged.bound + judged.tieBreak;
  }

  /** Standard deviation of e per unit of that of the interpolation: every minimizer is predicted by the others. */
  #doubt(): number {
    let squares = 0;
    let variances = 0;
    for (let i = 0; i < this.#nodes.length; i += TOGETHER) {
      const nodes = this.#nodes.slice(i, i + TOGETHER);
      const predictions = nodes.map((_, k) => this.#interpolant.without(i + k));
      const errors = this.#errors(predictions);
      for (const [k, { error }] of nodes.entries()) {
        squares += (errors[k]! - error) ** 2;
        variances += predictions[k]!.deviation ** 2;
      }
    }
    return variances > 0 ? Math.sqrt(squares / variances) : 0;
  }

  /** e of the models interpolated at up to `TOGETHER` places. */
  #errors(places: readonly Interpolant[]): number[] {
    const sets = places.map(({ weights }) => weights);
    const errors = places.map(() => 0);
    for (const [f, { judge }] of this.#folds.entries()) {
      const each = this.#remembered[f]!.scores.errors(sets);
      for (const [k, error] of each.entries()) errors[k]! += error / this.#folds.length;
      this.#count(judge, sets.length);
    }
    return errors;
  }

  #count({ share, validation }: Judge, mixtures: number): void {
    this.validationPasses += (share * mixtures * this.#nodes.length) / validation.columns / this.#folds.length;
  }

  get #interpolant(): Kriging {
    this.#kriging ??= new Kriging(this.#nodes.map(({ place }) => place));
    return this.#kriging;
  }

  get #remembered(): readonly Memory[] {
    const arena = this.#arena;
    this.#memory ??= this.#folds.map((fold) => ({
      scores: new JudgedMixtures(arena, fold.judge, this.#capacity),
      thetas: new Mixtures(arena, fold.trainer.objective.thetaCount, this.#capacity),
      fresh: arena.f64(scoreCount(fold)),
    }));
    return this.#memory;
  }

  #worst(): number {
    return this.#nodes.reduce((worst, { error }, i) => (error > this.#nodes[worst]!.error ? i : worst), 0);
  }

  #place(lambda: Float64Array): Float64Array {
    const { free } = this.#models;
    const place = new Float64Array(free.length);
    for (const [i, j] of free.entries()) place[i] = log(lambda[j]!);
    return place;
  }
}

function scoreCount({ judge: { validation } }: Interpolated): number {
  return validation.outputs * validation.rows;
}

/** Whether the largest |a_i − b_i| is less than `distance`. */
function isNear(a: Float64Array, b: Float64Array, distance: number): boolean {
  for (let i = 0; i < a.length; i++) if (!(Math.abs(a[i]! - b[i]!) < distance)) return false;
  return true;
}
