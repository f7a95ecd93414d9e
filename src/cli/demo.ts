import { Command } from "commander";
import { TUNE_TOLERANCE } from "../check-options.ts";
import type { Dataset } from "../data/dataset.ts";
import { csv, rescale, split } from "../data/index.ts";
import { l1, l2 } from "../features/norms.ts";
import { type ReportInput, report } from "../report/report.ts";
import { createTuner, type TuneResult } from "../tune.ts";
import { type Baseline, grid, randomly, tryAll } from "./baselines.ts";
import { number } from "./options.ts";
import { checkOutputs, printJson, printTable, short, writeResult } from "./output.ts";
import { certificateJson, reportOf } from "./reporting.ts";
import { tuneJson } from "./tune.ts";

const TRAINING_ROWS = 300;
const VALIDATION_ROWS = 700;
const GRID = 13;

interface DemoOptions {
  readonly seed: number;
  readonly report: string;
  readonly json?: boolean;
}

/** One method's row of the final table. */
interface Row {
  readonly method: string;
  readonly lambda: Readonly<Record<string, number>>;
  /** On the validation rows: what was tuned. */
  readonly logLoss: number;
  readonly error: number;
  readonly testLogLoss: number;
  readonly testError: number;
  readonly passes: number;
  readonly milliseconds: number;
}

export function demoCommand(): Command {
  return new Command("demo")
    .description(
      `tune L1 and L2 of softmax regression on ${TRAINING_ROWS} handwritten digits, beside grid and random search`,
    )
    .option("--seed <n>", "of the split and of all chance", number("seed", "SEED"), 1)
    .option("--report <file.html>", "where the page with the pictures goes", "report.html")
    .option("--json", "one JSON object on stdout")
    .action(demoAction);
}

/** What the demo shows: the learned loss, the other methods beside it, and the page with the pictures. */
interface Demo {
  readonly result: TuneResult;
  readonly rows: readonly Row[];
  readonly page: ReportInput;
  /** As `tune --json` has it. */
  readonly certificate: unknown;
}

async function demoAction({ seed, report: path, json = false }: DemoOptions): Promise<void> {
  checkOutputs({ report: path }, []);
  const say = json ? () => {} : console.log;
  const { result, rows, page, certificate } = await demo(seed, say);
  if (json) printJson({ ...tuneJson(result, certificate), table: rows, report: path });
  else {
    say("");
    printTable(...page.table);
    say(`\nminimize ${String(result.loss)}`);
  }
  writeResult(path, report(page));
  say(`The pictures are in ${path}.`);
}

export async function demo(seed: number, say: (line: string) => void): Promise<Demo> {
  const { train, validation, test } = await digits(seed);
  const setting = {
    model: "softmax",
    train,
    validation,
    features: { l1: l1(), l2: l2() },
    metric: "log-loss",
    tolerance: TUNE_TOLERANCE,
    precision: "f64",
  } as const;
  say(
    `L1 and L2 of softmax regression: ${train.rows} digits to train on, ${validation.rows} to validate, ${test.rows} to test.\n`,
  );

  using tuner = createTuner({ ...setting, seed });
  say("  passes   log loss    l1        l2");
  const run = tuner.run();
  for await (const { passes, error, lambda } of run) {
    say(
      `${passes.toFixed(1).padStart(8)}   ${error.toFixed(4)}      ${short(lambda.l1).padEnd(8)}  ${short(lambda.l2)}`,
    );
  }
  const result = await run;

  const standard = tryAll(setting, (space) => [
    space.fromRecord({ logLoss: 1, l1: space.lower[1]!, l2: 1 / train.rows }),
  ]);
  const searched = tryAll(setting, (space) => grid(space, GRID));
  const random = tryAll(setting, (space) => randomly(space, seed), { passes: result.passes });
  const longer = tryAll(setting, (space) => randomly(space, seed), { passes: searched.passes });
  const rows = [
    row("default (l2 = 1/rows)", standard),
    row(`best of a ${GRID} × ${GRID} grid`, searched),
    row("random search, as many passes", random),
    row("LearnLoss", result),
  ];
  const page = {
    ...reportOf(tuner.study, result, `L1 and L2 of softmax regression on ${train.rows} digits`),
    table: [HEADER, ...rows.map(cells)] as const,
    competitors: [
      { name: `${GRID} × ${GRID} grid`, points: searched.curve },
      { name: "random search", points: longer.curve },
    ],
  };
  return { result, rows, page, certificate: certificateJson(tuner.study, result.certificate) };

  function row(method: string, found: Omit<Baseline, "curve">): Row {
    const { lambda, error, passes, milliseconds } = found;
    const judged = (dataset: Dataset, metric: "log-loss" | "error-rate") =>
      tryAll({ ...setting, validation: dataset, metric }, (space) => [space.fromRecord({ logLoss: 1, ...lambda })])
        .error;
    return {
      method,
      lambda,
      logLoss: error,
      error: judged(validation, "error-rate"),
      testLogLoss: judged(test, "log-loss"),
      testError: judged(test, "error-rate"),
      passes,
      milliseconds,
    };
  }
}

const HEADER = ["method", "l1", "l2", "log loss", "error", "test log loss", "test error", "passes", "ms"];

function cells(row: Row): string[] {
  return [
    row.method,
    short(row.lambda.l1!),
    short(row.lambda.l2!),
    row.logLoss.toFixed(4),
    percent(row.error),
    row.testLogLoss.toFixed(4),
    percent(row.testError),
    row.passes.toFixed(0),
    row.milliseconds.toFixed(0),
  ];
}

/** The embedded digits, in three parts. */
async function digits(seed: number): Promise<{ train: Dataset; validation: Dataset; test: Dataset }> {
  const all = rescale(await csv(new URL("../../data/digits.csv.gz", import.meta.url), { target: "digit" }), 16);
  const { train, validation: rest } = split(all, { validation: all.rows - TRAINING_ROWS, seed });
  const { train: test, validation } = split(rest, { validation: VALIDATION_ROWS, seed });
  return { train, validation, test };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
