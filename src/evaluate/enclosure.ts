import type { Region } from "../inner/region.ts";
import type { Objective } from "../models/objective.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { exp, log } from "../wasm/transcendental.ts";
import type { MetricEvaluator } from "./metric.ts";
import { decisionsWithin, f1Within } from "./possible-decisions.ts";

/** Proved: lower ≤ e ≤ upper. */
export interface Enclosure {
  /** The error is at least this. */
  readonly lower: number;
  /** … and at most this, maybe Infinity. */
  readonly upper: number;
}

/** What the scores of a validation row may differ by from those of a region's middle. */
export interface Moves {
  readonly rows: number;
  readonly outputs: number;
  /** [output][row], of the middle. */
  readonly scores: Float64Array;
  /** The most that (Ŵ − W)·x̃ moves a difference of scores (with one output, the score), per row. */
  readonly moves: Float64Array;
  /** The same of β, [c][k]. */
  readonly drifts: Float64Array;
}

/**
 * Encloses e of the exact minimizer of ℓ_λ, which is somewhere in a `Region`: a validation row's scores are s + u·x̃ + β
 * with ‖u‖ ≤ ρ and ‖β‖_A ≤ drift, so s_c − s_k moves by √2·ρ‖x̃‖ + ‖e_c − e_k‖_{A⁻¹}·drift at most (one output: ρ‖x̃‖ + …).
 *
 * *Log loss* of a row is log(1 + e^t), t = log Σ_{k ≠ y} e^{s_k − s_y}: with o the most that a difference moves, it is within
 * log(1 + e^{t ∓ o}). Over all rows it is convex, with the gradient (G, g) in (W, b′): no less than
 * e − ρ‖G‖ − drift·‖g‖_{A⁻¹}, and no more than e + the same + Σ_v w_v·δ_v²·min(½‖H‖, σ_v·(e^o − 1 − o)/o²), by a bound
 * of the Hessian in the scores (½; logistic ¼) or self-concordance, δ_v = ρ‖x̃‖ + ‖β‖ and σ_v ≥ ‖H_v‖. The better of both.
 * *Squared error* likewise, exactly.
 *
 * *Decisions:* a row may be given class k if s_k may reach all others. The least and the most that every row may then cost.
 * *AUC:* scores move by ρ‖x̃‖ where that helps, or hurts; β, which all rows share, changes no order. Of more outputs −t moves,
 * by as much as a difference of scores.
 */
export class Encloser {
  readonly #arena: Arena<Kernels>;
  readonly #metric: MetricEvaluator;
  readonly #validation: Objective;
  readonly #scores: Pointer;
  readonly #gradient: Pointer;
  readonly #distances: Pointer;

  constructor(arena: Arena<Kernels>, metric: MetricEvaluator, validation: Objective) {
    this.#arena = arena;
    this.#metric = metric;
    this.#validation = validation;
    this.#scores = arena.f64(validation.outputs * validation.rows);
    this.#gradient = arena.f64(validation.thetaCount);
    this.#distances = arena.f64(validation.rows);
  }

  enclose(region: Region): Enclosure {
    const { counts } = this.#metric;
    const known = Number.isFinite(region.radius) && Number.isFinite(region.drift);
    if (counts === "unknown") return { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
    if (!known) return { lower: 0, upper: counts === "numbers" ? Number.POSITIVE_INFINITY : this.#worst };
    const moves = this.#movesIn(region);
    if (counts === "order") return this.#ofOrder(moves);
    if (counts === "numbers") return this.#ofLosses(region, moves);
    return this.#metric.isMacroF1 ? f1Within(this.#metric, moves) : this.#ofDecisions(moves);
  }

  #movesIn({ theta, centre, radius, drift, intercepts }: Region): Moves {
    const arena = this.#arena;
    const { rows, outputs, pointer } = this.#validation;
    this.#validation.scores(theta, this.#scores, "f64");
    arena.kernels.rowDistances(pointer, centre, this.#distances);
    const factor = radius * (outputs === 1 ? 1 : Math.SQRT2);
    return {
      rows,
      outputs,
      scores: arena.viewF64(this.#scores, outputs * rows).slice(),
      moves: arena.viewF64(this.#distances, rows).map((distance) => factor * distance),
      drifts: Float64Array.from({ length: outputs * outputs }, (_, i) =>
        drift === 0 ? 0 : drift * intercepts!.pair(Math.floor(i / outputs), i % outputs),
      ),
    };
  }

  #ofDecisions(moves: Moves): Enclosure {
    const { best, worst } = decisionsWithin(this.#metric, moves);
    return { lower: this.#metric.evaluateDecisions(best), upper: this.#metric.evaluateDecisions(worst) };
  }

  /** The largest error that decisions can have. */
  get #worst(): number {
    return this.#metric.counts === "order" ? 1 : this.#metric.costs.reduce((most, cost) => Math.max(most, cost), 0);
  }

  #ofOrder({ rows, outputs, scores, moves, drifts }: Moves): Enclosure {
    const { targets } = this.#metric.rows;
    const widest = outputs === 1 ? 0 : drifts.reduce((most, d) => Math.max(most, d), 0);
    const row = rowOf(scores, rows, outputs);
    const classOf = (at: number) => (outputs === 1 ? 1 : Math.floor(at / rows));
    const orders = scores.map((_, at) => -row(at % rows, classOf(at)).logOdds);
    const [lower, upper] = [1, -1].map((help) => {
      const moved = orders.map((order, at) => {
        const i = at % rows;
        return order + help * (targets[i] === classOf(at) ? 1 : -1) * (moves[i]! + widest);
      });
      this.#arena.viewF64(this.#scores, moved.length).set(moved);
      return this.#metric.evaluateOrder(this.#scores);
    });
    return { lower: lower!, upper: upper! };
  }

  #ofLosses(region: Region, { rows, outputs, scores, moves, drifts }: Moves): Enclosure {
    const arena = this.#arena;
    const { radius, drift, intercepts } = region;
    const error = this.#metric.evaluate(this.#scores);
    const first = this.#metric.fromLoss(this.#slope(region));
    const { targets, weights } = this.#metric.rows;
    const total = weights.reduce((sum, w) => sum + w, 0);
    const widest = drifts.reduce((most, d) => Math.max(most, d), 0);
    const length = drift === 0 ? 0 : drift * intercepts!.length;
    const distances = arena.viewF64(this.#distances, rows);
    const squared = this.#validation.model === "squared";
    let [lower, upper, second] = [0, 0, 0];
    const row = rowOf(scores, rows, outputs);
    for (let i = 0; i < rows; i++) {
      const share = weights[i]! / total;
      const delta = radius * distances[i]! + length;
      if (squared) {
        second += share * delta * delta;
        continue;
      }
      const o = moves[i]! + widest;
      const { logOdds, spread } = row(i, targets[i]!);
      lower += share * softplus(logOdds - o);
      upper += share * softplus(logOdds + o);
      const bent = o < 700 ? spread * curvature(o) : Number.POSITIVE_INFINITY;
      second += share * delta * delta * Math.min(outputs === 1 ? 1 / 8 : 1 / 4, bent);
    }
    if (squared) lower = Math.max(Math.sqrt(error) - Math.sqrt(second), 0) ** 2;
    if (squared) upper = (Math.sqrt(error) + Math.sqrt(second)) ** 2;
    const [least, most] = [Math.max(lower, error - first), Math.min(upper, error + first + second)];
    // Where a region is a point, rounding alone may part them, either way.
    return { lower: Math.min(least, most), upper: Math.max(least, most) };
  }

  /** ρ‖G‖ + drift·‖g‖_{A⁻¹}, of the validation loss. */
  #slope({ theta, centre, radius, drift, intercepts }: Region): number {
    const arena = this.#arena;
    const { outputs, columns, thetaCount } = this.#validation;
    this.#validation.gradient(theta, this.#gradient, "f64");
    const gradient = arena.viewF64(this.#gradient, thetaCount);
    const middle = arena.viewF64(centre, columns);
    const own = gradient.slice(outputs * columns);
    let squares = 0;
    for (let c = 0; c < outputs; c++) {
      for (let j = 0; j < columns; j++) squares += (gradient[c * columns + j]! - own[c]! * middle[j]!) ** 2;
    }
    return radius * Math.sqrt(squares) + (drift === 0 ? 0 : drift * intercepts!.dual(own));
  }
}

/** t of a row, log((1 − p)/p) of its class, and a bound on ‖H‖: valid until the next is asked for. */
function rowOf(scores: Float64Array, rows: number, outputs: number) {
  const classes = Math.max(outputs, 2);
  const shares = new Float64Array(classes);
  const row = { logOdds: 0, spread: 0 };
  return (i: number, target: number): Readonly<typeof row> => {
    const score = (c: number) => (outputs === 1 ? c * scores[i]! : scores[c * rows + i]!);
    const own = score(target);
    let rival = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) if (c !== target) rival = Math.max(rival, score(c));
    const largest = Math.max(rival, own);
    let [sum, others] = [0, 0];
    for (let c = 0; c < classes; c++) {
      shares[c] = exp(score(c) - largest);
      sum += shares[c]!;
      if (c !== target) others += exp(score(c) - rival);
    }
    let spread = 0;
    for (let c = 0; c < classes; c++) spread = Math.max(spread, (shares[c]! / sum) * (1 - shares[c]! / sum));
    row.logOdds = rival - own + log(others);
    row.spread = outputs === 1 ? spread : 2 * spread;
    return row;
  };
}

/** log(1 + eᵗ) */
function softplus(t: number): number {
  return Math.max(t, 0) + log(1 + exp(-Math.abs(t)));
}

/** (eᵒ − 1 − o)/o². */
function curvature(o: number): number {
  return o < 1e-3 ? 0.5 + o / 6 + (o * o) / 20 : (exp(o) - 1 - o) / (o * o);
}
