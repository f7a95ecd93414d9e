/** Stable codes of every error that learnloss throws. Tell errors apart by `code`, never by `instanceof`. */
export type ErrorCode =
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
  /** A field of its own, not assigned: that of a frozen `Error.prototype` would forbid it. */
  override readonly name: string = "LearnLossError";
  /** What kind of misuse. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** What a caller without types may have left out. @throws OPTION for what is no object */
export function given<T extends object>(what: string, value: T): T {
  if (typeof value === "object" && value !== null) return value;
  throw new LearnLossError("OPTION", `${what}: ${String(value)} was given when expected an object, as its type says.`);
}

/** Whether something read from JSON has names. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether it counts something: an integer ≥ 0, or Infinity, which is no limit. */
export function isCount(value: unknown): boolean {
  return value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && Number(value) >= 0);
}

/**
 * The thing that JSON was stored of, by a program of this version; `make` throws where it is none.
 *
 * @throws PARSE, VERSION, CORRUPT
 */
export function readStored<T>(
  what: string,
  text: string,
  version: number,
  make: (read: Readonly<Record<string, unknown>>) => T,
  writers = `JSON.stringify(${what})`,
): T {
  const hint = `give what ${writers} wrote.`;
  let read: Record<string, unknown> | null;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new LearnLossError("PARSE", `This is not JSON: ${hint}`, { cause });
  }
  if (read?.learnloss !== what) throw new LearnLossError("CORRUPT", `This JSON is not a ${what}: ${hint}`);
  checkVersion(what, read.version, version);
  try {
    return make(read);
  } catch (cause) {
    throw new LearnLossError("CORRUPT", `This ${what} is damaged: ${hint} ${(cause as Error).message}`, { cause });
  }
}

/** @throws VERSION for what a newer program wrote, CORRUPT for what none did */
export function checkVersion(what: string, found: unknown, version: number): void {
  if (found === version) return;
  const newer = Number.isInteger(found) && Number(found) > version;
  const then = newer ? "upgrade learnloss" : "it is damaged";
  throw new LearnLossError(
    newer ? "VERSION" : "CORRUPT",
    `This ${what} has version ${found}, this program reads ${version}: ${then}.`,
  );
}

/** Names shown in a message, at most. */
const NAMED = 12;

/** Names for a message: all of a few, the first of many. */
export function listed(names: readonly (string | number)[]): string {
  const rest = names.length > NAMED ? `, … (${names.length} in all)` : "";
  return names.slice(0, NAMED).join(", ") + rest;
}
