import { placeAmong } from "../data/targets.ts";
import { given, LearnLossError, listed } from "../errors.ts";
import { checkNames } from "../option-names.ts";

/** What deciding for a class costs, by true label, then by predicted label. What is left out: 0 if right, otherwise 1. */
export type Costs = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * - `argmax`: the most probable class, as `model.predict(rows)` decides; class weights learn to make it cheap
 * - `least-expected-cost`: argmin_k Σ_c p(c)·cost(c, k), as `model.predict(rows, costs)` decides (Elkan 2001); good where
 *   the probabilities are
 */
export type Decision = "argmax" | "least-expected-cost";

/** A metric: the mean cost of the decisions. */
export interface CostMatrix {
  readonly kind: "costs";
  readonly costs: Costs;
  /** How a model's probabilities become a decision. */
  readonly decision: Decision;
}

export const DECISIONS: readonly Decision[] = ["argmax", "least-expected-cost"];

/**
 * The mean cost of what a model decides, as a metric: `costMatrix({ malignant: { benign: 10 } })` when a missed
 * malignancy is ten times as bad as a false alarm.
 *
 * @param options.decision @default "argmax"
 * @throws OPTION for costs that are negative or not finite, or another decision
 */
export function costMatrix(costs: Costs, options: { readonly decision?: Decision } = {}): CostMatrix {
  checkNames(options, { decision: true });
  const { decision = "argmax" } = options;
  if (!DECISIONS.includes(decision)) {
    throw new LearnLossError("OPTION", `The decision is ${decision}: give one of ${DECISIONS.join(", ")}.`);
  }
  for (const [label, row] of Object.entries(given("costs", costs))) {
    for (const [decided, cost] of Object.entries(given(`the costs of ${label}`, row))) {
      if (!(Number.isFinite(cost) && cost >= 0)) {
        throw new LearnLossError("OPTION", `Deciding ${decided} for ${label} costs ${cost}: give finite numbers ≥ 0.`);
      }
    }
  }
  return { kind: "costs", costs, decision };
}

/**
 * Costs by class index, [true][predicted].
 *
 * @throws LABEL for a label that is no class
 */
export function costTable({ costs }: CostMatrix, classes: readonly (string | number)[]): Float64Array {
  const count = classes.length;
  const table = Float64Array.from({ length: count * count }, (_, i) => (i % (count + 1) === 0 ? 0 : 1));
  const placeOf = placeAmong(classes);
  const place = (label: string) => {
    const c = placeOf(label);
    if (c !== undefined) return c;
    throw new LearnLossError("LABEL", `The costs name "${label}": the classes are ${listed(classes)}.`);
  };
  for (const [label, row] of Object.entries(given("the metric's costs", costs))) {
    const c = place(label);
    for (const [given, cost] of Object.entries(row)) table[c * count + place(given)] = cost;
  }
  return table;
}
