import { exp, log } from "../wasm/transcendental.ts";
import type { Enclosure, Moves } from "./enclosure.ts";
import type { MetricEvaluator } from "./metric.ts";

/** What rounding may do to a comparison of scores. */
const ROUNDING = 1e-9;

/** Whether row i may be given class k. */
type Possible = (i: number, k: number) => boolean;

function possibleWithin(metric: MetricEvaluator, { rows, outputs, scores, moves, drifts }: Moves): Possible {
  if (metric.expects) return possibleByCost(metric, { rows, outputs, scores, moves, drifts });
  if (outputs === 1) {
    return (i, k) => {
      const slack = moves[i]! + drifts[0]! + ROUNDING;
      return k === 1 ? scores[i]! + slack > 0 : scores[i]! - slack <= 0;
    };
  }
  return (i, k) => {
    const own = scores[k * rows + i]! + moves[i]! + ROUNDING;
    for (let c = 0; c < outputs; c++) {
      if (c !== k && own + drifts[k * outputs + c]! < scores[c * rows + i]!) return false;
    }
    return true;
  };
}

/**
 * By the least expected cost E_k = Σ_c p_c·cost(c, k): with o the most that a difference of scores moves, p_c does by e^±o/2
 * up to a common factor, and class k may be given if E_k ≤ eᵒ·min E. In logarithms, which neither overflow nor vanish.
 */
function possibleByCost(metric: MetricEvaluator, { rows, outputs, scores, moves, drifts }: Moves): Possible {
  const logCosts = metric.costs.map((cost) => (cost > 0 ? log(cost) : Number.NEGATIVE_INFINITY));
  const classes = Math.max(outputs, 2);
  const widest = drifts.reduce((most, d) => Math.max(most, d), 0);
  const expected = new Float64Array(classes);
  let at = -1;
  return (i, k) => {
    if (i !== at) {
      const row = Array.from({ length: classes }, (_, c) => (outputs === 1 ? c * scores[i]! : scores[c * rows + i]!));
      for (let j = 0; j < classes; j++) {
        const terms = row.map((s, c) => s + logCosts[c * classes + j]!);
        const largest = Math.max(...terms);
        expected[j] =
          largest +
          (largest > Number.NEGATIVE_INFINITY ? log(terms.reduce((sum, term) => sum + exp(term - largest), 0)) : 0);
      }
      at = i;
    }
    return expected[k]! <= moves[i]! + widest + ROUNDING + Math.min(...expected);
  };
}

/** The classes that every row may be given at the least and at the most cost. */
export function decisionsWithin(
  metric: MetricEvaluator,
  moves: Moves,
): { readonly best: Int32Array; readonly worst: Int32Array } {
  const { targets } = metric.rows;
  const { costs } = metric;
  const classes = Math.max(moves.outputs, 2);
  const possible = possibleWithin(metric, moves);
  const best = new Int32Array(moves.rows);
  const worst = new Int32Array(moves.rows);
  for (let i = 0; i < moves.rows; i++) {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) {
      if (!possible(i, k)) continue;
      const cost = costs[targets[i]! * classes + k]!;
      if (cost < least) [least, best[i]] = [cost, k];
      if (cost > most) [most, worst[i]] = [cost, k];
    }
  }
  return { best, worst };
}

/** 1 − the mean over the classes present of F1 = 2·hits/(own + given), every class's on its own at the least and at the most. */
export function f1Within(metric: MetricEvaluator, moves: Moves): Enclosure {
  const { targets, weights } = metric.rows;
  const classes = Math.max(moves.outputs, 2);
  const possible = possibleWithin(metric, moves);
  const zeros = () => new Float64Array(classes);
  const [own, surelyHit, maybeHit, surelyGiven, maybeGiven] = [zeros(), zeros(), zeros(), zeros(), zeros()];
  for (let i = 0; i < moves.rows; i++) {
    const w = weights[i]!;
    const label = targets[i]!;
    own[label]! += w;
    const given = Array.from({ length: classes }, (_, k) => k).filter((k) => possible(i, k));
    for (const k of given) {
      (k === label ? maybeHit : maybeGiven)[k]! += w;
      if (given.length === 1) (k === label ? surelyHit : surelyGiven)[k]! += w;
    }
  }
  let [least, most, present] = [0, 0, 0];
  for (let c = 0; c < classes; c++) {
    if (!(own[c]! > 0)) continue;
    least += (2 * surelyHit[c]!) / (own[c]! + surelyHit[c]! + maybeGiven[c]!);
    most += (2 * maybeHit[c]!) / (own[c]! + maybeHit[c]! + surelyGiven[c]!);
    present++;
  }
  return { lower: 1 - most / present, upper: 1 - least / present };
}
