import { closeSync, existsSync, openSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { LearnLossError } from "../errors.ts";

/** Numbers in full. Typed arrays become arrays; infinities, which JSON lacks, become text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (ArrayBuffer.isView(v)) return Array.from(v as Float64Array);
    return typeof v === "number" && !Number.isFinite(v) ? String(v) : v;
  });
}

/** One JSON object on stdout. */
export function printJson(value: unknown): void {
  console.log(jsonText(value));
}

/** The code and message of misuse. @throws whatever is no misuse: a defect of ours */
export function problem(error: unknown): { readonly code: string; readonly message: string } {
  const { code, message, name } = error as LearnLossError;
  if (name !== "LearnLossError") throw error;
  return { code, message };
}

/** Says what went wrong in one line; returns the exit code: 2 for misuse, 1 for a defect of ours. */
export function failure(error: unknown, json: boolean): number {
  try {
    const { code, message } = problem(error);
    if (json && !(error instanceof Unwritten)) printJson({ error: { code, message } });
    console.error(`learnloss: ${code}: ${message}`);
    return 2;
  } catch {
    console.error(error);
    return 1;
  }
}

/** A table for people: the first column to the left, numbers to the right. */
export function printTable(header: readonly string[], ...rows: readonly (readonly string[])[]): void {
  const widths = header.map((name, j) => Math.max(name.length, ...rows.map((row) => row[j]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, j) => (j === 0 ? cell.padEnd(widths[j]!) : cell.padStart(widths[j]!))).join("  ");
  for (const row of [header, ...rows]) console.log(line(row));
}

/** What people read instead of a metric's name: errors are lower when better, of these metrics what is missing to 1. */
export function errorName(metric: string): string {
  return metric === "auc" || metric === "macro-f1" ? `1 − ${metric}` : metric;
}

/** Four significant digits, in the way that is shorter to read. */
export function short(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : Number(value.toPrecision(4)).toString();
}

/** `short` of a bound that is to bound still: rounded down from below (−1), up from above (1). */
export function shortBound(bound: number, side: -1 | 1): string {
  const text = short(bound);
  const shown = Number(text);
  if (!(side * (bound - shown) > 0)) return text;
  const digits = Math.abs(bound) < 1e-3 ? 1 : 3;
  const unit = Number(`1e${Number(shown.toExponential().split("e")[1]) - digits}`);
  return short(shown + side * unit);
}

/** @throws IO */
export function writeFile(path: string, text: string): void {
  writing(path, () => writeFileSync(path, text));
}

/** A file beside a result that is printed already, and is so not lost: no second object follows it on stdout. */
export class Unwritten extends LearnLossError {
  constructor(cause: unknown) {
    super("IO", (cause as Error).message, { cause });
  }
}

/** After the result is printed. @throws IO */
export function writeResult(path: string, text: string): void {
  try {
    writeFile(path, text);
  } catch (cause) {
    throw new Unwritten(cause);
  }
}

/**
 * Before the work whose outcome the files are to hold: that they can be written, and that none is written over another
 * file of the command.
 *
 * @param outputs paths by option
 * @param inputs paths of what is read, and of the study
 * @throws OPTION, IO
 */
export function checkOutputs(
  outputs: Readonly<Record<string, string | undefined>>,
  inputs: readonly (string | undefined)[],
): void {
  const taken = new Set(inputs.map((path) => path && fileAt(path)));
  for (const [option, path] of Object.entries(outputs)) {
    if (path === undefined) continue;
    const file = fileAt(path);
    if (path === "-" || (file !== undefined && taken.has(file))) {
      const why = path === "-" ? "no file" : "another file of this command, which would be lost";
      throw new LearnLossError("OPTION", `--${option} is "${path}", which is ${why}: name one of its own.`);
    }
    taken.add(file);
    writing(path, () => {
      const absent = !existsSync(path);
      closeSync(openSync(path, "a"));
      if (absent) rmSync(path);
    });
  }
}

/** A file whatever its path is, or will be; nothing for a device or a pipe, which many may write to. */
function fileAt(path: string): string | undefined {
  if (!existsSync(path)) return resolve(path);
  return statSync(path).isFile() ? realpathSync(path) : undefined;
}

function writing(path: string, action: () => void): void {
  try {
    action();
  } catch (cause) {
    throw new LearnLossError("IO", `${path} cannot be written: ${(cause as Error).message}.`, { cause });
  }
}
