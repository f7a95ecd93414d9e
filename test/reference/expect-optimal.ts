import { expect } from "vitest";
import type { LpOutcome } from "../../src/lp.ts";

/** KKT residuals of the problem as given prove the optimum; rays are verified by the solver in unscaled data. */
export function expectOptimal(outcome: LpOutcome): number {
  if (outcome.status !== "optimal") throw new Error(outcome.status);
  const { primal, dual, gap } = outcome.kkt;
  expect(Math.max(primal, dual, gap)).toBeLessThan(1e-9);
  return outcome.objective;
}
