import { readFileSync } from "node:fs";
import { Command } from "commander";
import { LearnLossError } from "../errors.ts";
import { type LpOptions, solveLp } from "../outer/lp.ts";
import { parseMps } from "../outer/mps.ts";
import { printJson } from "./output.ts";

interface Options {
  readonly json?: true;
  readonly fixed?: true;
  readonly timeLimit?: string;
}

export function lpCommand(): Command {
  return new Command("lp")
    .description("solve a linear program")
    .argument(
      "<problem.mps>",
      "fixed or free MPS; integers are relaxed, a maximum is minus the minimum of minus the costs",
    )
    .option("--json", "one JSON object on stdout")
    .option("--fixed", "names contain blanks: read the columns of fixed MPS")
    .option("--time-limit <ms>", "give up after so many milliseconds")
    .action((path: string, { json, fixed, timeLimit }: Options) => {
      const model = parseMps(read(path), fixed ? { format: "fixed" } : {});
      const options: LpOptions = timeLimit === undefined ? {} : { timeLimit: milliseconds(timeLimit) };
      const outcome = solveLp(model.problem, options);
      const { status, iterations, milliseconds: time } = outcome;
      const rayed = outcome.status === "infeasible" || outcome.status === "unbounded";
      if (json) {
        printJson({
          status,
          ...(outcome.status === "optimal" ? { objective: outcome.objective, kkt: outcome.kkt } : {}),
          iterations,
          milliseconds: time,
          ...(rayed ? { ray: outcome.ray } : {}),
        });
        return;
      }
      console.log(`${status} after ${iterations} iterations, ${time.toFixed(1)} ms`);
      if (outcome.status === "optimal") {
        const { primal, dual, gap } = outcome.kkt;
        console.log(`objective ${outcome.objective}`);
        console.log(
          `residuals: primal ${primal.toExponential(1)}, dual ${dual.toExponential(1)}, gap ${gap.toExponential(1)}`,
        );
      }
      if (rayed) console.log(`proved by a verified ray, margin ${outcome.margin.toExponential(1)}`);
    });
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!(value > 0))
    throw new LearnLossError("OPTION", `--time-limit is ${text}: give a positive number of milliseconds.`);
  return value;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (cause) {
    throw new LearnLossError("IO", `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
