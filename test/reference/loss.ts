import type { ObjectiveWeights } from "../../src/models/objective.ts";
import type { Problem } from "./example-problem.ts";

/** The loss of one row from its scores, and its derivative by each score. Written to be read; host Math is fine. */
function rowLoss(problem: Problem, target: number, scores: number[]): { loss: number; slopes: number[] } {
  if (problem.model === "squared") {
    const difference = scores[0]! - target;
    return { loss: 0.5 * difference * difference, slopes: [difference] };
  }
  const all = problem.model === "logistic" ? [0, scores[0]!] : scores;
  const largest = Math.max(...all);
  const logTotal = largest + Math.log(all.reduce((sum, s) => sum + Math.exp(s - largest), 0));
  const slopes = all.map((s, c) => Math.exp(s - logTotal) - (c === target ? 1 : 0));
  return { loss: logTotal - all[target]!, slopes: problem.model === "logistic" ? slopes.slice(1) : slopes };
}

/** Mean data loss over all rows (one row group) and its gradient, dense or CSR. */
export function dataLoss(problem: Problem, theta: ArrayLike<number>): { loss: number; gradient: Float64Array } {
  const { dataset, targets, outputs } = problem;
  const { rows, columns, x, weights } = dataset;
  const gradient = new Float64Array(outputs * (columns + 1));
  let loss = 0;
  let total = 0;
  for (let i = 0; i < rows; i++) total += weights?.[i] ?? 1;
  for (let i = 0; i < rows; i++) {
    const entries: [number, number][] = [];
    if (x.kind === "dense") for (let j = 0; j < columns; j++) entries.push([j, x.values[i * columns + j]!]);
    else for (let k = x.starts[i]!; k < x.starts[i + 1]!; k++) entries.push([x.indices[k]!, x.values[k]!]);
    const scores = Array.from({ length: outputs }, (_, c) =>
      entries.reduce((sum, [j, value]) => sum + value * theta[c * columns + j]!, theta[outputs * columns + c]!),
    );
    const row = rowLoss(problem, targets[i]!, scores);
    const share = (weights?.[i] ?? 1) / total;
    loss += share * row.loss;
    for (const [c, slope] of row.slopes.entries()) {
      for (const [j, value] of entries) gradient[c * columns + j]! += share * slope * value;
      gradient[outputs * columns + c]! += share * slope;
    }
  }
  return { loss, gradient };
}

/** The penalty of one weight, and the interval of its subgradients. */
export function penaltyOf(weights: ObjectiveWeights, w: number): { value: number; low: number; high: number } {
  const { l1 = 0, l2 = 0, hinges = { knots: [], weights: [] } } = weights;
  let value = 0.5 * l2 * w * w;
  let low = l2 * w;
  let high = l2 * w;
  const kinks: [number, number][] = [
    [0, l1],
    ...Array.from(hinges.knots, (t, b): [number, number] => [t, hinges.weights[b]!]),
  ];
  for (const [knot, h] of kinks) {
    value += h * Math.max(0, Math.abs(w) - knot);
    if (w >= knot) high += h;
    if (w > knot) low += h;
    if (w <= -knot) low -= h;
    if (w < -knot) high -= h;
  }
  return { value, low, high };
}

/** Indices of the weights of every group of columns. */
export function groupsOf(
  columns: number,
  outputs: number,
  columnGroups: readonly number[] = Array.from({ length: columns }, (_, j) => j),
): number[][] {
  const groups = Array.from({ length: Math.max(...columnGroups) + 1 }, (): number[] => []);
  for (const [j, g] of columnGroups.entries()) for (let c = 0; c < outputs; c++) groups[g]!.push(c * columns + j);
  return groups;
}

/** The whole objective, and its subgradient of least norm (θ's layout). */
export function minimumNormSubgradient(
  problem: Problem,
  weights: ObjectiveWeights,
  theta: ArrayLike<number>,
): { value: number; subgradient: Float64Array } {
  const { columns } = problem.dataset;
  const { groupNorm = 0 } = weights;
  const { loss, gradient } = dataLoss(problem, theta);
  const groups = groupsOf(columns, problem.outputs, problem.columnGroups).map((members) => ({
    members,
    strength: groupNorm * Math.sqrt(members.length / problem.outputs),
    norm: Math.hypot(...members.map((i) => theta[i]!)),
  }));
  let value = loss;
  for (const { members, strength, norm } of groups) {
    value += strength * norm;
    if (norm > 0) for (const i of members) gradient[i]! += (strength * theta[i]!) / norm;
  }
  for (let i = 0; i < problem.outputs * columns; i++) {
    const penalty = penaltyOf(weights, theta[i]!);
    value += penalty.value;
    const low = gradient[i]! + penalty.low;
    const high = gradient[i]! + penalty.high;
    gradient[i] = low > 0 ? low : Math.min(high, 0);
  }
  // At zero, the subdifferential of a group norm is the ball of radius `strength`.
  for (const { members, strength, norm } of groups) {
    if (norm > 0) continue;
    const length = Math.hypot(...members.map((i) => gradient[i]!));
    for (const i of members) gradient[i]! *= length > strength ? 1 - strength / length : 0;
  }
  return { value, subgradient: gradient };
}
