#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { LearnLossError } from "../errors.ts";
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
  .addCommand(reportCommand());
// Misuse of options is reported as all misuse is.
for (const command of [program, ...program.commands]) command.exitOverride().configureOutput({ outputError() {} });
// Whoever reads our output may stop when it has seen enough, as `head` does.
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => process.exit(code === "EPIPE" ? 0 : 1));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = failure(misuse(error), process.argv.includes("--json"));
}

/** An error of the command line's parser in our words; anything else as it is. Help and version are no errors. */
function misuse(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.exitCode === 0) process.exit(0);
  const verb = program.commands.find((command) => process.argv[2] === command.name());
  if (error.code === "commander.help") process.exit(2);
  const text = error.message.replace(/^error: /, "");
  return new LearnLossError("OPTION", `${text}: see learnloss ${verb ? `${verb.name()} ` : ""}--help.`);
}
