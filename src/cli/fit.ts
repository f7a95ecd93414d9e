import { Command } from "commander";
import { LearnLossError } from "../errors.ts";
import { LinearLoss } from "../features/loss.ts";
import { FIT_ITERATIONS, FIT_TOLERANCE, type FitOptions, type FitResult, fit } from "../fit.ts";
import type { LinearModel } from "../models/linear.ts";
import { checkModel } from "../models/model-kind.ts";
import {
  DATA,
  type DataOptions,
  number,
  precision,
  preparation,
  prepare,
  readRows,
  readText,
  unprepared,
  withDataOptions,
} from "./options.ts";
import { checkOutputs, jsonText, printJson, short, writeResult } from "./output.ts";

interface Options extends DataOptions {
  readonly model: FitOptions["model"];
  readonly l1?: number;
  readonly l2?: number;
  readonly groupNorm?: number;
  readonly loss?: string;
  readonly tolerance: number;
  readonly precision?: "f32" | "f64";
  readonly iterations?: number;
  readonly coefficients?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

export function fitCommand(): Command {
  const command = new Command("fit")
    .description("minimize one loss over all rows")
    .argument("<data>", DATA)
    .requiredOption("--model <kind>", "softmax, logistic or squared", checkModel);
  return withDataOptions(command)
    .option("--l1 <weight>", "of ‖W‖₁ (default: 0)", number("l1", "LAMBDA"))
    .option("--l2 <weight>", "of ½‖W‖² (default: 0)", number("l2", "LAMBDA"))
    .option("--group-norm <weight>", "of Σ_j ‖W_j‖₂, j the columns (default: 0)", number("group-norm", "LAMBDA"))
    .option("--loss <file.json>", "a learned loss, as `tune --save-loss` wrote it")
    .option("--tolerance <t>", "relative subgradient at which the fit ends", number("tolerance"), FIT_TOLERANCE)
    .option("--precision <p>", "f32 or f64 (default: f64 for a tolerance below 1e-5)", precision)
    .option("--iterations <n>", `of the solver, at most (default: ${FIT_ITERATIONS})`, number("iterations"))
    .option("--coefficients", "print the weights too")
    .option(
      "--output <file.json>",
      "write the model, for `predict`: with --standardize or --scale it is one of the columns as they are in the data",
    )
    .option("--json", "one JSON object on stdout")
    .action(fitAction);
}

async function fitAction(path: string, options: Options): Promise<void> {
  if (options.loss && Object.keys(weights(options)).length > 0) {
    throw new LearnLossError(
      "OPTION",
      "--loss and --l1, --l2 or --group-norm exclude each other: the loss has its own weights.",
    );
  }
  checkOutputs({ output: options.output }, [path, options.labels, options.loss]);
  const raw = await readRows(path, options);
  const preparing = preparation(raw, options);
  const result = await fit({
    model: options.model,
    train: prepare(raw, preparing),
    tolerance: options.tolerance,
    loss: options.loss ? LinearLoss.fromJSON(readText(options.loss)) : weights(options),
    ...(options.precision === undefined ? {} : { precision: options.precision }),
    ...(options.iterations === undefined ? {} : { iterations: options.iterations }),
  });
  for (const warning of result.warnings) console.error(`learnloss: warning: ${warning}`);
  if (options.json) printJson(fitJson(result, options.coefficients ?? false));
  else printFit(result, options.coefficients ?? false);
  if (options.output !== undefined) {
    writeResult(options.output, modelText(unprepared(result.model, preparing), raw.columnNames));
  }
}

function printFit(result: FitResult, withCoefficients: boolean): void {
  console.log(`${result.status}: ${short(result.objective)} = ${String(result.loss)}`);
  for (const [name, value] of Object.entries(result.features)) console.log(`  ${name} ${short(value)}`);
  console.log(
    `${result.nonzeros} weights are not 0; ${result.passes.toFixed(0)} passes, ${result.milliseconds.toFixed(0)} ms, residual ${result.residual.toExponential(1)}`,
  );
  if (withCoefficients) console.log(jsonText(coefficients(result)));
}

function weights({ l1, l2, groupNorm }: Options): { l1?: number; l2?: number; groupNorm?: number } {
  return {
    ...(l1 === undefined ? {} : { l1 }),
    ...(l2 === undefined ? {} : { l2 }),
    ...(groupNorm === undefined ? {} : { groupNorm }),
  };
}

/** The contract of `fit --json`. */
function fitJson(result: FitResult, withCoefficients: boolean): Record<string, unknown> {
  const { status, objective, features, nonzeros, passes, residual, milliseconds, model, warnings } = result;
  return {
    status,
    objective,
    features,
    nonzeros,
    passes,
    residual,
    milliseconds,
    ...(model.classes ? { classes: model.classes } : {}),
    ...(withCoefficients ? coefficients(result) : {}),
    warnings,
  };
}

/** One array of weights per output. */
function coefficients({ model }: FitResult): { coefficients: Float64Array[]; intercepts: Float64Array } {
  const { columns, intercepts } = model;
  return {
    coefficients: Array.from(intercepts, (_, c) => model.coefficients.slice(c * columns, (c + 1) * columns)),
    intercepts,
  };
}

/** A model file: the model, and the columns it wants. */
function modelText(model: LinearModel, columnNames: readonly string[] | undefined): string {
  return `${jsonText({ ...(model.toJSON() as object), columnNames })}\n`;
}
