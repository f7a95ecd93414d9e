/** Stable codes of every error that learnloss throws. Tell errors apart by `code`, never by `instanceof`. */
export type ErrorCode =
  | "ABORTED"
  | "BOUNDS"
  | "BUDGET"
  | "CONFLICT"
  | "CORRUPT"
  | "CSP"
  | "DISPOSED"
  | "EMPTY"
  | "FOLD"
  | "INFEASIBLE"
  | "IO"
  | "LABEL"
  | "LAMBDA"
  | "LOCKED"
  | "NON_FINITE"
  | "NO_SIMD"
  | "ONE_CLASS"
  | "OPTION"
  | "OUT_OF_MEMORY"
  | "OVERFLOW"
  | "PARSE"
  | "SEED"
  | "SHAPE"
  | "TOO_FEW"
  | "TOO_LARGE"
  | "TRAP"
  | "TYPE"
  | "UNKNOWN_TRIAL"
  | "VERSION"
  | "WEIGHT"
  | "WORKER";

/**
 * Misuse: the message says what was given, what was expected and what to do; the state of whatever was called is
 * unchanged. Outcomes (infeasible, iteration limit, budget spent …) are values with a `status`, not errors.
 */
export class LearnLossError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LearnLossError";
    this.code = code;
  }
}
