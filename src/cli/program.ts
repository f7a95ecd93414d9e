import { Command, CommanderError } from "commander";
import { LearnLossError } from "../errors.ts";
import { askTellCommand } from "./ask-tell.ts";
import { benchCommand } from "./bench.ts";
import { demoCommand } from "./demo.ts";
import { fitCommand } from "./fit.ts";
import { lpCommand } from "./lp.ts";
import { failure } from "./output.ts";
import { predictCommand } from "./predict.ts";
import { reportCommand } from "./report.ts";
import { tuneCommand } from "./tune.ts";
import { version } from "./version.ts";

/** Does what a command line says, `learnloss` itself left out. Returns the exit code: 2 for misuse, 1 for a defect of ours. */
export async function run(parameters: readonly string[]): Promise<number> {
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
    .addCommand(benchCommand());
  // Misuse of options is reported as all misuse is.
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput({ outputError() {} });
  const json = parameters.includes("--json");
  try {
    await program.parseAsync(parameters, { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) return failure(error, json);
    if (error.exitCode === 0) return 0; // help and version
    if (error.code === "commander.help") return 2;
    const verb = program.commands.find((command) => parameters[0] === command.name());
    const text = error.message.replace(/^error: |\.$/g, "").replace("\n", " ");
    const help = `see learnloss ${verb ? `${verb.name()} ` : ""}--help.`;
    return failure(new LearnLossError("OPTION", `${text}: ${help}`), json);
  }
}
