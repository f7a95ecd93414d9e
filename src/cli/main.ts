#!/usr/bin/env node
import { Command } from "commander";
import { askTellCommand } from "./ask-tell.ts";
import { demoCommand } from "./demo.ts";
import { fitCommand } from "./fit.ts";
import { lpCommand } from "./lp.ts";
import { failure } from "./output.ts";
import { predictCommand } from "./predict.ts";
import { reportCommand } from "./report.ts";
import { tuneCommand } from "./tune.ts";
import { version } from "./version.ts";

const program = new Command("learnloss")
  .description("Tune a loss for the price of a training.")
  .version(version())
  .addCommand(demoCommand())
  .addCommand(tuneCommand())
  .addCommand(fitCommand())
  .addCommand(predictCommand())
  .addCommand(askTellCommand())
  .addCommand(lpCommand())
  .addCommand(reportCommand())
  .showHelpAfterError();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = failure(error, process.argv.includes("--json"));
}
