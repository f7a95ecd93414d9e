import { basename } from "node:path";
import { Command } from "commander";
import { CHOICES, TUNE_TOLERANCE } from "../check-options.ts";
import type { Dataset } from "../data/dataset.ts";
import { split } from "../data/index.ts";
import { LearnLossError } from "../errors.ts";
import { DECISIONS, type Decision } from "../evaluate/costs.ts";
import { METRICS, type Metric, type MetricName } from "../evaluate/metric.ts";
import type { Layout } from "../features/image-layout.ts";
import { checkRange } from "../models/matrix.ts";
import { checkModel } from "../models/model-kind.ts";
import { report } from "../report/report.ts";
import { type Budget, checkBudget } from "../run.ts";
import { createTuner, type TuneResult, type Tuner, type TunerOptions } from "../tune.ts";
import type { Pool } from "../workers.ts";
import { image, parseFeatures } from "./features.ts";
import {
  DATA,
  type DataOptions,
  number,
  oneOf,
  precision,
  preparation,
  prepare,
  readCosts,
  readRows,
  withDataOptions,
} from "./options.ts";
import { checkOutputs, errorName, printJson, short, Unwritten, writeResult } from "./output.ts";
import { ProgressBar } from "./progress.ts";
import {
  boundsJson,
  boundsSentence,
  certificateJson,
  certificateSentences,
  reportOf,
  resultTable,
} from "./reporting.ts";
import { fingerprint, StudyFile } from "./study-file.ts";

/** Milliseconds of work that a crash may cost: each bringing to disk waits for it. */
const SYNC = 200;

interface TuneOptions extends DataOptions {
  readonly model: TunerOptions["model"];
  readonly features: string;
  readonly image?: Layout;
  readonly metric?: MetricName;
  readonly costs?: string;
  readonly decision?: Decision;
  readonly validation?: number;
  readonly validationData?: string;
  readonly validationLabels?: string;
  readonly folds?: number;
  readonly workers?: number;
  readonly choice?: NonNullable<TunerOptions["choice"]>;
  readonly seed: number;
  readonly tolerance?: number;
  readonly precision?: "f32" | "f64";
  readonly schedule?: NonNullable<TunerOptions["schedule"]>;
  readonly explore?: boolean;
  readonly passes?: number;
  readonly trials?: number;
  readonly time?: number;
  readonly study?: string;
  readonly report?: string;
  readonly saveLoss?: string;
  readonly json?: boolean;
}

export function tuneCommand(): Command {
  const command = new Command("tune")
    .description("tune the weights of a loss for what counts on validation rows")
    .argument("<data>", DATA)
    .requiredOption("--model <kind>", "softmax, logistic or squared", checkModel)
    .requiredOption(
      "--features <list>",
      "l1, l2, group-norm, class-weights, group-weights, label-smoothing, convex:8, augment:shift,rotate=15,scale,shear,mirror,blur,noise,contrast,cutout",
    )
    .option(
      "--image <shape>",
      "of the rows to augment: 28x28, or 32x32x3 with channels (default: as the file has it, or a square)",
      image,
    );
  return withDataOptions(command)
    .option(
      "--metric <name>",
      `one of ${METRICS.join(", ")}; of auc and macro-f1 what is missing to 1 (default: the model's loss)`,
      oneOf<MetricName>("metric", METRICS),
    )
    .option("--costs <file.csv>", "instead: mean cost, by true label (rows) and predicted label (columns)")
    .option("--decision <d>", "with --costs: argmax (default) or least-expected-cost", oneOf("decision", DECISIONS))
    .option("--validation <share>", "share or number of rows that judge (default: 0.25)", number("validation"))
    .option("--validation-data <file>", "rows that judge, instead of a share")
    .option("--validation-labels <file>", "with --validation-data in IDX or .npy: their labels")
    .option("--folds <k>", "judge by k-fold cross-validation instead", number("folds"))
    .option(
      "--workers <n>",
      "with --folds: threads that train them side by side, to the same result",
      number("workers"),
    )
    .option(
      "--choice <c>",
      "with --folds: best (default), or one-standard-error for the strongest penalties within it",
      oneOf("choice", CHOICES.choice),
    )
    .option("--seed <n>", "of the split and of all chance", number("seed", "SEED"), 0)
    .option(
      "--tolerance <t>",
      `relative subgradient at which a training ends (default: ${TUNE_TOLERANCE.toExponential()})`,
      number("tolerance"),
    )
    .option("--precision <p>", "f32 (default) or f64", precision)
    .option(
      "--schedule <s>",
      "tune (default): train the chosen λ to the end; on-the-fly: learn the loss inside one training",
      oneOf("schedule", CHOICES.schedule),
    )
    .option(
      "--explore",
      "go on until the budget ends: first with searches beside the best λ, then with a quarter of the passes all over; not with --folds",
    )
    .option("--passes <n>", "budget: passes over the training rows", number("passes", "BUDGET"))
    .option("--trials <n>", "budget: trainings", number("trials", "BUDGET"))
    .option("--time <ms>", "budget: milliseconds, without what is repeated of a --study", number("time", "BUDGET"))
    .option("--study <file.jsonl>", "keep everything seen in this file; run again, repeat it and go on")
    .option("--report <file.html>", "write one page with the pictures")
    .option("--save-loss <file.json>", "write the learned loss, for `fit --loss`")
    .option("--json", "one JSON object on stdout")
    .action(tuneAction);
}

async function tuneAction(path: string, options: TuneOptions): Promise<void> {
  if (options.explore && [options.passes, options.trials, options.time].every((limit) => limit === undefined)) {
    throw new LearnLossError("OPTION", "--explore goes on until a budget ends: give --passes, --trials or --time.");
  }
  const { labels, validationData, validationLabels, costs, study } = options;
  const others = [path, labels, validationData, validationLabels, costs, study];
  checkOutputs({ "save-loss": options.saveLoss, report: options.report }, others);
  const { train, validation } = await tuningData(path, options);
  const judge = await metricOf(options);
  const settings = {
    model: options.model,
    seed: options.seed,
    ...(options.folds === undefined ? {} : { folds: options.folds }),
    ...(options.choice === undefined ? {} : { choice: options.choice }),
    ...(judge === undefined ? {} : { metric: judge }),
    ...(options.tolerance === undefined ? {} : { tolerance: options.tolerance }),
    ...(options.schedule === undefined ? {} : { schedule: options.schedule }),
    ...(options.explore ? { explore: true } : {}),
    ...(options.precision === undefined ? {} : { precision: options.precision }),
  };
  const features = parseFeatures(options.features, { train, image: options.image, seed: options.seed });
  await using pool = await poolOf(options);
  const workers = pool ? { workers: pool } : {};
  using tuner = createTuner({ ...settings, train, ...(validation ? { validation } : {}), features, ...workers });
  const file =
    options.study !== undefined
      ? new StudyFile(
          options.study,
          fingerprint([train, ...(validation ? [validation] : [])], { ...settings, features }),
        )
      : undefined;
  for (const warning of file?.stored?.warnings ?? []) console.error(`learnloss: warning: ${options.study}: ${warning}`);
  const before = file?.stored?.study;
  const bar = new ProgressBar(!options.json && process.stderr.isTTY);
  let synced = performance.now();
  let unwritten: LearnLossError | undefined;
  tuner.on("progress", (progress) => {
    bar.update(progress);
    if (performance.now() - synced < SYNC) return;
    const known = unwritten;
    unwritten = file?.trySync(tuner.study);
    if (unwritten && !known) console.error(`learnloss: warning: ${unwritten.message} The search goes on.`);
    synced = performance.now();
  });
  let result: TuneResult;
  try {
    result = await untilInterrupted(tuner, budget(options), bar, before?.events.length ?? 0);
    unwritten = file?.trySync(tuner.study);
  } finally {
    bar.stop();
    file?.close();
  }
  for (const warning of result.warnings) console.error(`learnloss: warning: ${warning}`);
  if (before && tuner.study.events.length < before.events.length) {
    const least = short(before.best?.error ?? Number.NaN);
    console.error(
      `learnloss: warning: this budget repeats ${result.trials} of the ${before.trials.length} trainings in ${study}, whose least error is ${least}: give a larger one to go on from there.`,
    );
  }
  if (options.json) printJson(tuneJson(result, certificateJson(tuner.study, result.certificate)));
  else printTuning(tuner, result);
  if (options.saveLoss !== undefined) writeResult(options.saveLoss, `${JSON.stringify(result.loss, null, 2)}\n`);
  if (options.report !== undefined) {
    const title = `${basename(path)}: ${options.features}`;
    const { loss } = result;
    writeResult(options.report, report({ ...reportOf(tuner.study, result, title), table: resultTable(result), loss }));
  }
  if (unwritten) throw new Unwritten(unwritten);
}

function printTuning({ study }: Tuner, result: TuneResult): void {
  console.log(`${errorName(result.metric)} ${short(result.error)} with`);
  for (const [name, value] of Object.entries(result.lambda)) console.log(`  ${name} ${short(value)}`);
  console.log(
    `${result.status} after ${Math.round(result.passes)} passes, ${result.trials} trainings, ${Math.round(result.milliseconds)} ms`,
  );
  console.log(`minimize ${String(result.loss)}`);
  for (const sentence of certificateSentences(study, result.certificate)) console.log(sentence);
  for (const sentence of boundsSentence(result)) console.log(sentence);
}

/** What ends a search: Ctrl-C, and what `timeout`, containers and clusters send. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs a tuner. A signal ends the search, and what was found is the result; once more, it ends the program.
 *
 * @param events of an earlier run, which are repeated
 */
async function untilInterrupted(tuner: Tuner, budget: Budget, bar: ProgressBar, events: number): Promise<TuneResult> {
  const interrupted = new AbortController();
  const interrupt = () => {
    ignore();
    bar.stop(); // it hides the cursor, which a program that is ended gives nobody back
    interrupted.abort();
  };
  const ignore = () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    const { signal } = interrupted;
    return await tuner.run(afterRepeating(tuner, { ...budget, signal }, events));
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return { ...(await tuner.run({ time: Number.MIN_VALUE })), status: "stopped" };
  } finally {
    ignore();
  }
}

/**
 * A budget whose time begins once the tuner has done again what an earlier run did.
 *
 * @param events of the earlier run
 * @throws BUDGET
 */
function afterRepeating(tuner: Tuner, budget: Budget, events: number): Budget {
  const { time } = budget;
  if (events === 0 || time === undefined) return budget;
  checkBudget(budget);
  let end = Number.POSITIVE_INFINITY;
  const begun = performance.now();
  tuner.on("progress", () => {
    if (end === Number.POSITIVE_INFINITY && tuner.study.events.length >= events) end = performance.now() - begun + time;
  });
  return {
    ...budget,
    get time() {
      return end;
    },
  };
}

/** @throws OPTION */
async function poolOf({ workers, folds }: TuneOptions): Promise<Pool | undefined> {
  if (workers === undefined) return undefined;
  if (folds === undefined) throw new LearnLossError("OPTION", "--workers train folds side by side: give --folds too.");
  const { createPool } = await import("../workers.ts"); // not loaded for what goes without
  return createPool({ workers });
}

/** The rows to train on and those that judge, prepared alike: whatever is fitted is fitted on the training rows. */
async function tuningData(
  path: string,
  options: TuneOptions,
): Promise<{ readonly train: Dataset; readonly validation?: Dataset }> {
  const { validationLabels: labels } = options;
  if (labels !== undefined && options.validationData === undefined) {
    throw new LearnLossError("OPTION", "--validation-labels are those of --validation-data: give both.");
  }
  const judged = options.folds !== undefined || options.validationData !== undefined;
  if (options.validation !== undefined && judged) {
    throw new LearnLossError(
      "OPTION",
      "--validation takes rows of the data, --folds and --validation-data do not: give one.",
    );
  }
  if (options.standardize && options.features.includes("augment")) {
    throw new LearnLossError(
      "OPTION",
      "--standardize and augment exclude each other: give --scale instead, so that images stay images.",
    );
  }
  if (path === "-" && options.validationData === "-") {
    throw new LearnLossError("OPTION", "The data and --validation-data are both standard input: give a file for one.");
  }
  const all = await readRows(path, options);
  if (options.folds !== undefined) {
    if (options.validationData) throw new LearnLossError("OPTION", "--folds and --validation-data exclude each other.");
    return { train: prepare(all, preparation(all, options)) };
  }
  // What overflows as it is has its row in the file here, in a part of it later.
  if (!options.standardize && options.scale === undefined) checkRange(all, options.precision === "f64" ? 8 : 4);
  const parts: { readonly train: Dataset; readonly validation: Dataset } = options.validationData
    ? { train: all, validation: await judging(options.validationData, options) }
    : split(all, { validation: options.validation ?? 0.25, seed: options.seed });
  const preparing = preparation(parts.train, options);
  return { train: prepare(parts.train, preparing), validation: prepare(parts.validation, preparing) };
}

/** Rows of a file of their own. */
function judging(path: string, { labels: _, validationLabels: labels, ...options }: TuneOptions): Promise<Dataset> {
  return readRows(path, labels === undefined ? options : { ...options, labels }, "validation-labels");
}

/** The contract of `tune --json`. */
export function tuneJson(result: TuneResult, certificate: unknown): Record<string, unknown> {
  const { status, lambda, error, metric, passes, trials, checkpoints, milliseconds } = result;
  const { trainingPasses, reducedPasses, validationPasses, standardError, errorBounds, unexplored, warnings } = result;
  const best = { error: result.best.error, lambda: result.best.lambda, converged: result.best.converged };
  return {
    status,
    lambda,
    error,
    ...(standardError === undefined ? {} : { standardError }),
    ...(errorBounds === undefined ? {} : { errorBounds: boundsJson(errorBounds) }),
    ...(unexplored === undefined ? {} : { unexplored }),
    metric,
    passes,
    trials,
    checkpoints,
    milliseconds,
    certificate,
    trainingPasses,
    reducedPasses,
    validationPasses,
    best,
    warnings,
  };
}

function budget({ passes, trials, time }: TuneOptions): Budget {
  return {
    ...(passes === undefined ? {} : { passes }),
    ...(trials === undefined ? {} : { trials }),
    ...(time === undefined ? {} : { time }),
  };
}

/** @throws OPTION when two metrics are named */
async function metricOf({ metric, costs, decision }: TuneOptions): Promise<Metric | undefined> {
  if (costs === undefined) {
    if (decision !== undefined) throw new LearnLossError("OPTION", "--decision is how --costs are judged: give both.");
    return metric;
  }
  if (metric !== undefined) throw new LearnLossError("OPTION", "--metric and --costs exclude each other.");
  return readCosts(costs, decision);
}
