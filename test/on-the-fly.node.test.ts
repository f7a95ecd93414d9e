import { expect, test } from "vitest";
import { CLASS_WEIGHTS, fly, problems } from "./reference/over-fitting.ts";

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

test("on the fly is at least as good as early stopping on 5 of 6 over-fitting problems, clearly better on class weights, for at most one training", async () => {
  const validation: Record<string, number> = {};
  const others: Record<string, number> = {};
  const costs: Record<string, number> = {};
  for (const problem of problems) {
    const outcomes = [];
    for (const seed of [1, 2, 3, 4, 5]) outcomes.push(await fly(problem, seed));
    validation[problem.title] = median(outcomes.map(({ flown, stopped }) => flown.validation / stopped.validation));
    others[problem.title] = median(outcomes.map(({ flown, stopped }) => flown.test / stopped.test));
    costs[problem.title] = median(outcomes.map(({ flown, tuned }) => flown.passes / tuned.coldPasses));
  }
  for (const ratios of [validation, others]) {
    const won = Object.values(ratios).filter((ratio) => ratio <= 1).length;
    expect(won, JSON.stringify(ratios)).toBeGreaterThanOrEqual(5);
    expect(ratios[CLASS_WEIGHTS]).toBeLessThan(0.92);
  }
  for (const [title, cost] of Object.entries(costs)) expect(cost, title).toBeLessThanOrEqual(1);
});
