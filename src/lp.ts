/// <reference lib="esnext.disposable" preserve="true" />
// The entry `learnloss/lp`: the LP engine alone.
export { type ErrorCode, LearnLossError } from "./errors.ts";
export type { Box } from "./outer/box.ts";
export { createL1Fit, type L1Fit, type L1FitOptions, type L1FitOutcome } from "./outer/l1-fit.ts";
export {
  createLp,
  type Lp,
  type LpBasis,
  type LpOptions,
  type LpOutcome,
  type LpProblem,
  solveLp,
} from "./outer/lp.ts";
export type { LpMatrix } from "./outer/lp-matrix.ts";
export type { Kkt } from "./outer/lp-verification.ts";
export { type OrderingProof, orderingMargin } from "./outer/ordering-proof.ts";
export { load } from "./wasm/lp.ts";
