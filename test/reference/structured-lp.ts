import type { LpProblem } from "../../src/outer/lp.ts";
import { Random } from "../../src/random.ts";
import { minimax, regression } from "./approximation-lps.ts";
import { covering, packing } from "./covering-lps.ts";
import { assignment, flows, transport } from "./network-lps.ts";
import { blending, growth, leontief, periods } from "./planning-lps.ts";
import { scaled } from "./scaled-lp.ts";

/**
 * LPs with the structures that collections of real ones have: each family is a kind of model people write, with what
 * makes it hard (degeneracy, bad scaling, free variables, dense columns, near dependence). Feasible and bounded by
 * construction, of about `size` rows.
 */
export const families = {
  periods,
  transport,
  assignment,
  covering,
  growth,
  blending,
  flows,
  regression,
  packing,
  scaled,
  minimax,
  leontief,
} satisfies Record<string, (random: Random, size: number) => LpProblem>;
export type Family = keyof typeof families;

export function structuredLp(family: Family, seed: number, size: number): LpProblem {
  return families[family](new Random(seed, 83), size);
}
