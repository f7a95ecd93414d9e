import type { Costs, Decision } from "../../src/index.ts";

/** Rows as a metric sees them, written to be read: scores per row, labels as class indices. */
export interface Judged {
  readonly scores: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly weights: readonly number[];
  readonly groups: readonly number[];
  readonly classes: number;
}

/** Softmax scores of a row, also for the one score of logistic regression. */
const all = (scores: readonly number[]) => (scores.length === 1 ? [0, scores[0]!] : scores);

/** The first of the largest: a logistic score of 0 means class 0. */
const decide = (scores: readonly number[]) => all(scores).indexOf(Math.max(...all(scores)));

function probabilities(scores: readonly number[]): number[] {
  const largest = Math.max(...all(scores));
  const e = all(scores).map((s) => Math.exp(s - largest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((value) => value / sum);
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const weightWhere = ({ weights, labels }: Judged, test: (i: number) => boolean) =>
  sum(labels.map((_, i) => (test(i) ? weights[i]! : 0)));
const mean = (values: readonly number[]) => sum(values) / values.length;

export function errorRate(rows: Judged): number {
  return weightWhere(rows, (i) => decide(rows.scores[i]!) !== rows.labels[i]) / sum(rows.weights);
}

/** Recall of the classes that occur. */
export function balancedError(rows: Judged): number {
  const { labels, scores, classes } = rows;
  const present = Array.from({ length: classes }, (_, c) => c).filter(
    (c) => weightWhere(rows, (i) => labels[i] === c) > 0,
  );
  return mean(
    present.map((c) => {
      const own = weightWhere(rows, (i) => labels[i] === c);
      return 1 - weightWhere(rows, (i) => labels[i] === c && decide(scores[i]!) === c) / own;
    }),
  );
}

export function macroF1Error(rows: Judged): number {
  const { labels, scores, classes } = rows;
  const present = Array.from({ length: classes }, (_, c) => c).filter(
    (c) => weightWhere(rows, (i) => labels[i] === c) > 0,
  );
  return (
    1 -
    mean(
      present.map((c) => {
        const hits = weightWhere(rows, (i) => labels[i] === c && decide(scores[i]!) === c);
        const precision = hits / weightWhere(rows, (i) => decide(scores[i]!) === c);
        const recall = hits / weightWhere(rows, (i) => labels[i] === c);
        return hits > 0 ? (2 * precision * recall) / (precision + recall) : 0;
      }),
    )
  );
}

export function worstGroupError(rows: Judged): number {
  const errors = [...new Set(rows.groups)].map((g) => {
    const total = weightWhere(rows, (i) => rows.groups[i] === g);
    return total > 0
      ? weightWhere(rows, (i) => rows.groups[i] === g && decide(rows.scores[i]!) !== rows.labels[i]) / total
      : 0;
  });
  return Math.max(...errors);
}

/** Every pair of a row of the class and one of another, over the classes that have both. */
export function aucError(rows: Judged): number {
  const { scores, labels, weights } = rows;
  const one = (score: (i: number) => number, positive: number) => {
    let [right, pairs] = [0, 0];
    for (const [i, a] of labels.entries()) {
      for (const [j, b] of labels.entries()) {
        if (a !== positive || b === positive) continue;
        const w = weights[i]! * weights[j]!;
        pairs += w;
        right += w * (score(i) > score(j) ? 1 : score(i) === score(j) ? 0.5 : 0);
      }
    }
    return pairs > 0 ? 1 - right / pairs : 0.5;
  };
  if (scores[0]!.length === 1) return one((i) => scores[i]![0]!, 1);
  const each = scores.map(probabilities);
  return mean(scores[0]!.map((_, c) => one((i) => each[i]![c]!, c)));
}

export function logLoss(rows: Judged): number {
  return (
    sum(rows.labels.map((c, i) => -rows.weights[i]! * Math.log(probabilities(rows.scores[i]!)[c]!))) / sum(rows.weights)
  );
}

/** Costs by the names of the classes, "0", "1" …: 0 on the diagonal and 1 elsewhere when left out. */
export function meanCost(rows: Judged, costs: Costs, decision: Decision): number {
  const cost = (c: number, k: number) => costs[c]?.[k] ?? (c === k ? 0 : 1);
  const choose = (scores: readonly number[]) => {
    if (decision === "argmax") return decide(scores);
    const expected = all(scores).map((_, k) => sum(probabilities(scores).map((p, c) => p * cost(c, k))));
    return expected.indexOf(Math.min(...expected));
  };
  return sum(rows.labels.map((c, i) => rows.weights[i]! * cost(c, choose(rows.scores[i]!)))) / sum(rows.weights);
}
