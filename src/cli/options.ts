import type { Command } from "commander";
import { csvNumber, csvTable } from "../data/csv.ts";
import type { Dataset } from "../data/dataset.ts";
import { csv, rescale, type Standardization, standardization, standardize } from "../data/index.ts";
import { LearnLossError } from "../errors.ts";
import { type CostMatrix, costMatrix, type Decision } from "../evaluate/costs.ts";
import type { Features } from "../features/feature.ts";
import { classWeights, groupWeights } from "../features/groups.ts";
import { convexPenalty } from "../features/hinges.ts";
import { groupNorm, l1, l2 } from "../features/norms.ts";
import { labelSmoothing } from "../features/smoothing.ts";
import type { ModelKind } from "../models/objective.ts";

/** Reads an option's number. @throws OPTION */
export function number(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value)) return value;
    throw new LearnLossError("OPTION", `--${name} is "${text}": give a number.`);
  };
}

const MODELS: readonly ModelKind[] = ["softmax", "logistic", "squared"];

/** @throws OPTION */
export function model(text: string): ModelKind {
  const found = MODELS.find((name) => name === text);
  if (found) return found;
  throw new LearnLossError("OPTION", `--model is "${text}": give one of ${MODELS.join(", ")}.`);
}

/** @throws OPTION */
export function precision(text: string): "f32" | "f64" {
  if (text === "f32" || text === "f64") return text;
  throw new LearnLossError("OPTION", `--precision is "${text}": give f32 or f64.`);
}

/** Which columns of a CSV are what, and how the others are prepared. */
export interface DataOptions {
  readonly target: string;
  readonly weightsColumn?: string;
  readonly groupsColumn?: string;
  readonly ignore?: readonly string[];
  readonly scale?: number;
  readonly standardize?: boolean;
}

/** The options that every verb on a CSV takes. */
export function withDataOptions(command: Command): Command {
  return command
    .requiredOption("--target <column>", "the column to predict")
    .option("--weights-column <column>", "sample weights")
    .option("--groups-column <column>", "domains, for worst-group error and group weights")
    .option("--ignore <columns>", "columns to leave out, separated by commas", (text) => text.split(","))
    .option("--scale <number>", "divide every feature by this", number("scale"))
    .option("--standardize", "give every feature mean 0 and variance 1 over the training rows");
}

/** @param path of a CSV, or "-" for standard input */
export async function readCsv(path: string, options: DataOptions): Promise<Dataset> {
  const { target, weightsColumn, groupsColumn, ignore } = options;
  return csv(path === "-" ? await standardInput() : path, {
    target,
    ...(weightsColumn === undefined ? {} : { weights: weightsColumn }),
    ...(groupsColumn === undefined ? {} : { groups: groupsColumn }),
    ...(ignore === undefined ? {} : { ignore }),
  });
}

async function standardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** How features are prepared: kept with a model, so that it can be applied to new rows. */
export interface Preparation {
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

/** A CSV of costs: predicted labels in the header, a row for each true label, which is its first cell. */
export async function readCosts(path: string, decision?: Decision): Promise<CostMatrix> {
  const { header, records } = await csvTable(path);
  const costs = records.map(({ cells, line }) => [
    cells[0]!.trim(),
    Object.fromEntries(header.slice(1).map((given, j) => [given, csvNumber(cells[j + 1]!, line, given)])),
  ]);
  return costMatrix(Object.fromEntries(costs), decision === undefined ? {} : { decision });
}

/** What each name of `--features` stands for. */
const FEATURES: Record<string, (train: Dataset, argument: string | undefined) => Features> = {
  l1: () => ({ l1: l1() }),
  l2: () => ({ l2: l2() }),
  "group-norm": () => ({ groupNorm: groupNorm() }),
  "class-weights": (train) => classWeights(train),
  "group-weights": (train) => groupWeights(train),
  "label-smoothing": () => ({ smoothing: labelSmoothing() }),
  convex: (_, knots) => convexPenalty(knots === undefined ? {} : { knots: number("features convex:")(knots) }),
};

/** `l1,l2,class-weights,label-smoothing,convex:8`. @throws OPTION */
export function parseFeatures(list: string, train: Dataset): Features {
  const result: Record<string, Features[string]> = {};
  for (const item of list.split(",")) {
    const [name = "", argument] = item.trim().split(":");
    const make = Object.hasOwn(FEATURES, name) ? FEATURES[name] : undefined;
    if (!make) {
      const names = Object.keys(FEATURES).join(", ");
      throw new LearnLossError("OPTION", `--features has "${item}": give some of ${names} (convex:8 for 8 knots).`);
    }
    for (const [feature, value] of Object.entries(make(train, argument))) {
      // A convex penalty begins with ‖W‖₁ and has ½‖W‖²: named themselves as well, they count once.
      const norm = normOf(value);
      const twin = norm && Object.values(result).some((other) => normOf(other) === norm);
      if (!twin) result[feature] = value;
    }
  }
  return result;
}

function normOf(feature: Features[string]): "l1" | "l2" | undefined {
  if (feature.kind === "hinge") return feature.knot === 0 ? "l1" : undefined;
  return feature.kind === "l1" || feature.kind === "l2" ? feature.kind : undefined;
}
