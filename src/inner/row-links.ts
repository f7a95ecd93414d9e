import type { ModelKind } from "../models/model-kind.ts";
import { exp, log } from "../wasm/transcendental.ts";
import { InterceptMetric } from "./intercept-metric.ts";

/** How far intercepts may be from those of a model, and what that is measured in. */
interface Drift {
  readonly drift: number;
  readonly intercepts: InterceptMetric;
}

/**
 * What the rows' losses are like around a model, as functions of their scores: weights ω_i, gradients and Hessians H_i.
 * For proofs (region.ts), so plainly, and in f64.
 */
export class RowLinks {
  readonly #model: ModelKind;
  readonly #outputs: number;
  readonly #rows: number;
  /** [output][row] */
  readonly #scores: Float64Array;
  /** Probabilities, as the scores. */
  readonly #p: Float64Array;
  /** ω_i: what the row's Hessian weighs, own and uniform cross-entropy together. */
  readonly #weights: Float64Array;
  /** Σ ω_i·(target of output c). */
  readonly #targets: Float64Array;

  /** @param terms own weight, uniform weight and target of every row, f64[3][rows] */
  constructor(model: ModelKind, outputs: number, scores: Float64Array, terms: Float64Array) {
    const rows = terms.length / 3;
    this.#model = model;
    this.#outputs = outputs;
    this.#rows = rows;
    this.#scores = scores;
    this.#p = new Float64Array(scores.length);
    this.#weights = new Float64Array(rows);
    this.#targets = new Float64Array(outputs);
    for (let i = 0; i < rows; i++) {
      const [own, uniform, target] = [terms[i]!, terms[rows + i]!, terms[2 * rows + i]!];
      this.#weights[i] = own + uniform;
      if (model === "softmax") {
        this.#targets[target]! += own;
        for (let c = 0; c < outputs; c++) this.#targets[c]! += uniform / outputs;
      } else {
        this.#targets[0]! += own * target + uniform / 2;
      }
    }
    this.#link();
  }

  /** The scores of all rows change by these numbers, one per output. */
  shift(by: Float64Array): void {
    for (let c = 0; c < this.#outputs; c++) {
      for (let i = 0; i < this.#rows; i++) this.#scores[c * this.#rows + i]! += by[c]!;
    }
    this.#link();
  }

  /**
   * Newton's step of the intercepts towards those that minimize the loss, no longer than 1 where curvature changes.
   *
   * @param metric of the curvature here, or nearby
   */
  newtonStep(metric: InterceptMetric): Float64Array {
    const gradient = this.#targets.map((target, c) => {
      let sum = -target;
      for (let i = 0; i < this.#rows; i++) sum += this.#weights[i]! * this.#p[c * this.#rows + i]!;
      return sum;
    });
    const step = metric.solve(gradient);
    const longest = this.#model === "squared" ? 1 : Math.max(1, ...step.map(Math.abs));
    return step.map((s) => -s / longest);
  }

  /** Σ ω_i·shares_i·H_i, outputs × outputs. @param shares @default 1 each */
  curvature(shares?: Float64Array): Float64Array {
    const [n, outputs] = [this.#rows, this.#outputs];
    const sum = new Float64Array(outputs * outputs);
    const weights = shares ? this.#weights.map((weight, i) => weight * shares[i]!) : this.#weights;
    const weighted = new Float64Array(n);
    for (let c = 0; c < outputs; c++) {
      let own = 0;
      for (let i = 0; i < n; i++) {
        const p = this.#p[c * n + i]!;
        weighted[i] = weights[i]! * p;
        own += this.#model === "squared" ? weights[i]! : weighted[i]! * (1 - p);
      }
      sum[c * (outputs + 1)] = own;
      // Row after row of an output, as they lie: with 100 outputs a twentieth of the time of one row of all.
      for (let k = 0; k < c; k++) {
        let both = 0;
        for (let i = 0, at = k * n; i < n; i++, at++) both += weighted[i]! * this.#p[at]!;
        sum[c * outputs + k] = -both;
        sum[k * outputs + c] = -both;
      }
    }
    return sum;
  }

  /** ω_i·σ_i with σ_i ≥ ‖H_i‖, equal for one output; Gershgorin's circles otherwise. */
  spreads(): Float64Array {
    return this.#weights.map((weight, i) => weight * this.#spread(i));
  }

  #spread(i: number): number {
    if (this.#model === "squared") return 1;
    let most = 0;
    for (let c = 0; c < this.#outputs; c++) {
      const p = this.#p[c * this.#rows + i]!;
      most = Math.max(most, p * (1 - p));
    }
    return this.#outputs === 1 ? most : 2 * most;
  }

  /**
   * How far the intercepts may be from these, when weights are within `reach` of these and each row is so far from the
   * `centre` of a region: ‖β‖_A at most. Undefined where nothing is proved.
   */
  drift(distances: Float64Array, reach: number): Drift | undefined {
    const outputs = this.#outputs;
    const moves = this.#moves(distances, reach);
    const shares = moves.map((a) => exp(-a));
    const pull = this.#pull(moves, distances, reach);
    if (!(this.#narrowest(shares) * pull < 1)) return undefined;
    const intercepts = new InterceptMetric(this.curvature(shares), outputs);
    if (this.#model === "squared") return { drift: 0, intercepts };
    const { widest } = intercepts;
    const rest = 1 - widest * (outputs === 1 ? widest * pull : pull);
    return rest > 0 ? { drift: -log(rest) / widest, intercepts } : undefined;
  }

  /** Whether `drift` may prove anything, for a small part of its work. */
  mayDrift(distances: Float64Array, reach: number): boolean {
    const moves = this.#moves(distances, reach);
    return this.#narrowest(moves.map((a) => exp(-a))) * this.#pull(moves, distances, reach) < 1;
  }

  /** osc(t) ≤ √2·‖t‖ for several outputs; a single one is its own difference. Squared loss has the same Hessian everywhere. */
  #moves(distances: Float64Array, reach: number): Float64Array {
    const factor = this.#model === "squared" ? 0 : this.#outputs === 1 ? 1 : Math.SQRT2;
    return distances.map((distance) => factor * reach * distance);
  }

  /** ‖h‖_{A⁻¹} at most; of one output |h|. */
  #pull(moves: Float64Array, distances: Float64Array, reach: number): number {
    const outputs = this.#outputs;
    let sum = 0;
    for (let i = 0; i < moves.length; i++) {
      const a = moves[i]!;
      const spread = this.#weights[i]! * this.#spread(i);
      if (outputs === 1) sum += spread * (expm1(a) - a);
      else sum += spread * (a > 0 ? (expm1(a) / a) ** 2 : 1) * exp(a) * (reach * distances[i]!) ** 2;
    }
    return outputs === 1 ? sum : Math.sqrt(sum);
  }

  /**
   * No more than the `widest` of A: with u = e_c − e_k, uᵀA⁻¹u ≥ (uᵀu)²/uᵀAu ≥ 2/(A_cc + A_kk). Where that is too much
   * already, A is not formed: with 1000 classes it takes 20 passes' time. 0 of one output, whose A is a number.
   */
  #narrowest(shares: Float64Array): number {
    const [n, outputs] = [this.#rows, this.#outputs];
    if (outputs === 1) return 0;
    const diagonal = new Float64Array(outputs);
    for (let c = 0; c < outputs; c++) {
      for (let i = 0; i < n; i++) {
        const p = this.#p[c * n + i]!;
        diagonal[c]! += this.#weights[i]! * shares[i]! * p * (1 - p);
      }
    }
    diagonal.sort();
    return Math.sqrt(2 / (diagonal[0]! + diagonal[1]!));
  }

  #link(): void {
    const [n, outputs] = [this.#rows, this.#outputs];
    const [scores, p] = [this.#scores, this.#p];
    if (this.#model === "squared") {
      p.set(scores);
      return;
    }
    for (let i = 0; i < n; i++) {
      let largest = outputs === 1 ? 0 : Number.NEGATIVE_INFINITY;
      for (let c = 0; c < outputs; c++) largest = Math.max(largest, scores[c * n + i]!);
      let sum = outputs === 1 ? exp(-largest) : 0;
      for (let c = 0; c < outputs; c++) {
        p[c * n + i] = exp(scores[c * n + i]! - largest);
        sum += p[c * n + i]!;
      }
      for (let c = 0; c < outputs; c++) p[c * n + i]! /= sum;
    }
  }
}

/** eˣ − 1, to the last digits for small x ≥ 0. */
function expm1(x: number): number {
  return x < 1e-4 ? x + x * x * (0.5 + x * (1 / 6 + x / 24)) : exp(x) - 1;
}
