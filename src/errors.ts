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

/** What a caller without types may have left out. @throws OPTION for what is no object */
export function given<T extends object>(what: string, value: T): T {
  if (typeof value === "object" && value !== null) return value;
  throw new LearnLossError("OPTION", `${what}: ${String(value)} was given when expected an object, as its type says.`);
}

/** Whether JSON was stored as such a thing, by a program of this version. @throws CORRUPT, VERSION */
export function checkStored(what: string, read: unknown, version: number): void {
  const { learnloss, version: found } = (read ?? {}) as { learnloss?: unknown; version?: unknown };
  if (learnloss !== what) {
    throw new LearnLossError("CORRUPT", `This JSON is not a ${what}: give what JSON.stringify(${what}) wrote.`);
  }
  if (found !== version) {
    throw new LearnLossError(
      "VERSION",
      `This ${what} has version ${found}, this program reads ${version}: upgrade learnloss.`,
    );
  }
}

/** Names shown in a message, at most. */
const NAMED = 12;

/** Names for a message: all of a few, the first of many. */
export function listed(names: readonly (string | number)[]): string {
  const rest = names.length > NAMED ? `, … (${names.length} in all)` : "";
  return names.slice(0, NAMED).join(", ") + rest;
}
