import { Command } from "commander";
import { csvCell, csvColumns } from "../data/csv.ts";
import { idxRows, isIdx } from "../data/idx.ts";
import { isNpy, npyRows } from "../data/npy.ts";
import { LearnLossError } from "../errors.ts";
import { LinearModel } from "../models/linear.ts";
import { readCosts, readInput, readText } from "./options.ts";
import { printJson } from "./output.ts";

interface Options {
  readonly costs?: string;
  readonly probabilities?: boolean;
  readonly json?: boolean;
}

export function predictCommand(): Command {
  return new Command("predict")
    .description("apply a model that `fit --output` wrote")
    .argument("<model.json>")
    .argument(
      "<data>",
      "CSV: columns are found by name, others are left alone; or IDX or .npy: columns in order; - is standard input",
    )
    .option("--probabilities", "of every class, instead of the label alone")
    .option(
      "--costs <file.csv>",
      "decide for the least expected cost, as `tune --costs --decision least-expected-cost`",
    )
    .option("--json", "one JSON object on stdout, instead of CSV")
    .action(predictAction);
}

async function predictAction(modelPath: string, path: string, options: Options): Promise<void> {
  const text = readText(modelPath);
  const model = LinearModel.fromJSON(text);
  const { columnNames } = JSON.parse(text) as { columnNames?: string[] };
  const rows = await rowsOf(path, columnNames, modelPath);
  const costs = options.costs === undefined ? undefined : await readCosts(options.costs, "least-expected-cost");
  const predictions = model.predict(rows, costs);
  const { classes } = model;
  const probabilities = options.probabilities ? model.probabilities(rows) : undefined;
  const row = (i: number) => probabilities!.subarray(i * classes!.length, (i + 1) * classes!.length);
  if (options.json) {
    printJson({
      predictions,
      ...(classes ? { classes } : {}),
      ...(probabilities ? { probabilities: predictions.map((_, i) => row(i)) } : {}),
    });
    return;
  }
  const header = ["prediction", ...(probabilities ? classes! : [])];
  console.log(header.map(csvCell).join(","));
  for (const [i, prediction] of predictions.entries()) {
    console.log([prediction, ...(probabilities ? row(i) : [])].map(csvCell).join(","));
  }
}

/** @throws CORRUPT when the model does not know the columns of a CSV */
async function rowsOf(path: string, columnNames: string[] | undefined, modelPath: string) {
  const bytes = await readInput(path);
  if (isIdx(bytes)) return idxRows(bytes);
  if (isNpy(bytes)) return npyRows(bytes);
  if (Array.isArray(columnNames)) return csvColumns(bytes, columnNames);
  throw new LearnLossError(
    "CORRUPT",
    `${modelPath} does not name its columns: give a file that \`fit --output\` wrote of a CSV, or rows as IDX or .npy.`,
  );
}
