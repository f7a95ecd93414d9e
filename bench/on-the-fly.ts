// npm run bench:on-the-fly [-- --seeds 20 --json FILE]: the loss learned inside one training, against plain training
// stopped where the validation error is least and against the loss tuned to the end, on six problems that over-fit.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fly, type Outcome, problems } from "../test/reference/over-fitting.ts";
import { machine } from "./tuning/results.ts";

const { values } = parseArgs({ options: { seeds: { type: "string", default: "20" }, json: { type: "string" } } });

const median = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

const results = [];
for (const problem of problems) {
  const outcomes: Outcome[] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) outcomes.push(await fly(problem, seed));
  const of = (pick: (outcome: Outcome) => number) => median(outcomes.map(pick));
  const row = {
    problem: problem.title,
    seeds: outcomes.length,
    wins: outcomes.filter(({ flown, stopped }) => flown.validation <= stopped.validation).length,
    validationRatio: of(({ flown, stopped }) => flown.validation / stopped.validation),
    testRatio: of(({ flown, stopped }) => flown.test / stopped.test),
    tunedValidationRatio: of(({ tuned, stopped }) => tuned.validation / stopped.validation),
    tunedTestRatio: of(({ tuned, stopped }) => tuned.test / stopped.test),
    stoppedPasses: of(({ stopped }) => stopped.passes),
    passes: of(({ flown }) => flown.passes),
    coldPasses: of(({ tuned }) => tuned.coldPasses),
    passesRatio: of(({ flown, tuned }) => flown.passes / tuned.coldPasses),
  };
  results.push(row);
  console.log(
    `${row.problem}: ${row.wins} of ${row.seeds} at least as good as early stopping, validation log loss × ${row.validationRatio.toFixed(3)}, test × ${row.testRatio.toFixed(3)}; ${row.passes.toFixed(0)} passes, × ${row.passesRatio.toFixed(2)} of one cold training`,
  );
}
if (values.json) {
  writeFileSync(values.json, `${JSON.stringify({ machine: machine(undefined), results }, null, 1)}\n`);
}
