import { createL1Fit, createLp, type LpOutcome } from "../../src/lp.ts";
import { randomFit } from "./random-fit.ts";
import { randomLp } from "./random-lp.ts";
import { type Family, families, structuredLp } from "./structured-lp.ts";

/** Outcomes of the LP engine without their times, as text, a line each: every bit counts. */
export function lpOutcomes(): string {
  const outcomes: unknown[] = [];
  const keep = ({ milliseconds: _, ...rest }: LpOutcome) =>
    outcomes.push(Object.entries(rest).map(([name, value]) => [name, ArrayBuffer.isView(value) ? [value] : value]));
  const problems = [
    ...Array.from({ length: 60 }, (_, seed) => randomLp(seed, "any", 25, seed % 2 ? 20 : 0)),
    ...Array.from({ length: 20 }, (_, seed) => randomLp(seed, seed % 2 ? "infeasible" : "unbounded", 25)),
    ...(Object.keys(families) as Family[]).map((family) => structuredLp(family, 1, 60)),
  ];
  for (const problem of problems) {
    using lp = createLp(problem);
    keep(lp.solve());
    lp.changeCost(0, 0.1);
    keep(lp.solve({ seed: 3 }));
  }
  for (let seed = 0; seed < 20; seed++) {
    const p = randomFit(seed, 300, 2 + (seed % 9));
    using fit = createL1Fit(p);
    fit.append(p.phi.subarray(0, 200 * p.k), p.error.subarray(0, 200));
    fit.setIncumbent(seed % 2 ? seed : undefined);
    outcomes.push(fit.solve());
    fit.append(p.phi.subarray(200 * p.k), p.error.subarray(200));
    outcomes.push(fit.solve());
  }
  return outcomes.map((outcome) => JSON.stringify(outcome)).join("\n");
}
