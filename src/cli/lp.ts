import { Command } from "commander";
import { type LpOutcome, solveLp } from "../outer/lp.ts";
import { type MpsModel, parseMps } from "../outer/mps.ts";
import { number, readInput } from "./options.ts";
import { printJson } from "./output.ts";

interface Options {
  readonly json?: true;
  readonly fixed?: true;
  readonly timeLimit?: number;
}

type Optimum = Extract<LpOutcome, { readonly status: "optimal" }>;

/** x and duals by the names of columns and rows. */
function optimum({ columns, rows }: MpsModel, { objective, kkt, x, rowDuals }: Optimum): Record<string, unknown> {
  const named = (names: readonly string[], values: Float64Array) =>
    Object.fromEntries(names.map((name, j) => [name, values[j]!]));
  return { objective, kkt, x: named(columns, x), rowDuals: named(rows, rowDuals) };
}

export function lpCommand(): Command {
  return new Command("lp")
    .description("solve a linear program")
    .argument(
      "<problem.mps>",
      "fixed or free MPS; .gz is fine, - is standard input; integers are relaxed (0 to 1 without bounds), a maximum is minus the minimum of minus the costs",
    )
    .option("--json", "one JSON object on stdout, with x and the duals of the rows by name")
    .option("--fixed", "names contain blanks: read the columns of fixed MPS")
    .option("--time-limit <ms>", "give up after so many milliseconds", number("time-limit"))
    .action(async (path: string, { json, fixed, timeLimit }: Options) => {
      // Names in old files are Latin-1 at most: any byte is a character of it.
      const text = Buffer.from(await readInput(path)).toString("latin1");
      const model = parseMps(text, fixed ? { format: "fixed" } : {});
      const outcome = solveLp(model.problem, timeLimit === undefined ? {} : { timeLimit });
      const { status, iterations, milliseconds: time } = outcome;
      const rayed = outcome.status === "infeasible" || outcome.status === "unbounded";
      if (json) {
        printJson({
          status,
          ...(outcome.status === "optimal" ? optimum(model, outcome) : {}),
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
