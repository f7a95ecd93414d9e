import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { CHOICES } from "../check-options.ts";
import { csvNumber, csvTable, refuseTwice } from "../data/csv.ts";
import type { Dataset } from "../data/dataset.ts";
import { isIdx } from "../data/idx.ts";
import { csv, idx, npy, rescale, type Standardization, standardization, standardize } from "../data/index.ts";
import { isNpy } from "../data/npy.ts";
import { readBytes } from "../data/read.ts";
import { type ErrorCode, LearnLossError } from "../errors.ts";
import { type CostMatrix, costMatrix, type Decision } from "../evaluate/costs.ts";
import type { LinearModel } from "../models/linear.ts";

/** Reads an option's number. @throws `code`, that of a number which makes no sense there */
export function number(name: string, code: ErrorCode = "OPTION"): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value)) return value;
    throw new LearnLossError(code, `--${name} is "${text}": give a number.`);
  };
}

/** Reads an option that is one of a few names. @throws OPTION */
export function oneOf<Name extends string>(option: string, names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found) return found;
    const give = names.length > 2 ? `one of ${names.join(", ")}` : names.join(" or ");
    throw new LearnLossError("OPTION", `--${option} is "${text}": give ${give}.`);
  };
}

/** What X is held in. */
export const precision = oneOf("precision", CHOICES.precision);

/** What is to be predicted, which columns of a CSV are what else, and how the others are prepared. */
export interface DataOptions {
  readonly target?: string;
  readonly labels?: string;
  readonly weightsColumn?: string;
  readonly groupsColumn?: string;
  readonly ignore?: readonly string[];
  readonly scale?: number;
  readonly standardize?: boolean;
}

/** What the argument of every verb on data is. */
export const DATA = "CSV with a header, or images or rows as IDX or .npy; .gz is fine, - is standard input";

/** The options that every verb on data takes. */
export function withDataOptions(command: Command): Command {
  return command
    .option("--target <column>", "the column to predict, of a CSV")
    .option("--labels <file>", "what to predict, for data in IDX or .npy: a file of the same format")
    .option("--weights-column <column>", "sample weights")
    .option(
      "--groups-column <column>",
      "domains, for worst-group error and group weights: group:0 is the first by name",
    )
    .option(
      "--ignore <columns>",
      "columns to leave out, separated by commas, one with a comma in double quotes; may be repeated",
      (text, before: readonly string[] = []) => [...before, ...namesIn(text)],
    )
    .option("--scale <number>", "divide every feature by this", number("scale"))
    .option("--standardize", "give every feature mean 0 and variance 1 over the training rows");
}

/** Names between commas, or in double quotes. */
function namesIn(text: string): string[] {
  const names = text.matchAll(/(?:^|,)\s*(?:"([^"]*)"|([^,]*))\s*(?=,|$)/g);
  return Array.from(names, ([, quoted, plain]) => quoted ?? plain!.trim());
}

/**
 * @param path of a file of any format, or "-" for standard input
 * @param labeled the option that names the labels of a file without columns
 */
export async function readRows(path: string, options: DataOptions, labeled = "labels"): Promise<Dataset> {
  const { target, labels, weightsColumn, groupsColumn, ignore } = options;
  const bytes = await readInput(path);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4) {
    throw new LearnLossError(
      "PARSE",
      `${path} is a ZIP archive, as .npz files are: give its arrays as .npy files of their own.`,
    );
  }
  const read = isIdx(bytes) ? idx : isNpy(bytes) ? npy : undefined;
  if (read) {
    const column = Object.entries({ target, "weights-column": weightsColumn, "groups-column": groupsColumn, ignore });
    const [named] = column.find(([, value]) => value !== undefined) ?? [];
    if (named) throw new LearnLossError("OPTION", `--${named} names a column of a CSV, ${path} has no names.`);
    if (labels === undefined)
      throw new LearnLossError("OPTION", `${path} has no column to predict: give --${labeled}.`);
    return read(bytes, { y: labels });
  }
  if (labels !== undefined) {
    throw new LearnLossError("OPTION", `--${labeled} goes with IDX or .npy files, ${path} is a CSV: give --target.`);
  }
  if (target === undefined) throw new LearnLossError("OPTION", "--target is missing: name the column to predict.");
  return csv(bytes, {
    target,
    ...(weightsColumn === undefined ? {} : { weights: weightsColumn }),
    ...(groupsColumn === undefined ? {} : { groups: groupsColumn }),
    ...(ignore === undefined ? {} : { ignore }),
  });
}

/** @throws IO */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new LearnLossError("IO", `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

/** The bytes of a file, or of standard input for "-". @throws IO */
export async function readInput(path: string): Promise<Uint8Array> {
  if (path !== "-") return readBytes(path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return readBytes(Buffer.concat(chunks));
}

/** How features are prepared. */
interface Preparation {
  readonly scale?: number;
  readonly standardization?: Standardization;
}

/** @throws OPTION when both are asked for */
export function preparation(train: Dataset, options: DataOptions): Preparation {
  if (options.scale !== undefined && options.standardize) {
    throw new LearnLossError("OPTION", "--scale and --standardize exclude each other: standardizing undoes any scale.");
  }
  if (options.standardize) return { standardization: standardization(train) };
  return options.scale === undefined ? {} : { scale: options.scale };
}

export function prepare<D extends Pick<Dataset, "rows" | "columns" | "x">>(
  dataset: D,
  { scale, standardization }: Preparation,
): D {
  if (standardization) return standardize(dataset, standardization);
  return scale === undefined ? dataset : rescale(dataset, scale);
}

/** A model of prepared rows as one of the rows as they are: what is stored can be used on them. */
export function unprepared(model: LinearModel, { scale = 1, standardization }: Preparation): LinearModel {
  const { columns } = model;
  const divided = { mean: new Float64Array(columns), scale: new Float64Array(columns).fill(scale), constant: [] };
  return model.unstandardized(standardization ?? divided);
}

/** A CSV of costs: predicted labels in the header, a row for each true label, which is its first cell. */
export async function readCosts(path: string, decision?: Decision): Promise<CostMatrix> {
  const { header, records } = await csvTable(path);
  refuseTwice(header.slice(1));
  const costs = new Map<string, Record<string, number>>();
  for (const { cells, line } of records) {
    const label = cells[0]!.trim();
    if (costs.has(label))
      throw new LearnLossError("PARSE", `Line ${line} gives the costs of "${label}" a second time: drop one.`);
    const row = header.slice(1).map((given, j) => [given, csvNumber(cells[j + 1]!, line, given)] as const);
    costs.set(label, Object.fromEntries(row));
  }
  return costMatrix(Object.fromEntries(costs), decision === undefined ? {} : { decision });
}
