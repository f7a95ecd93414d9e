// npm run bench:tuning [-- --tasks a,b --methods learnloss,gp-warm --seeds 5 --quick --tables]: LearnLoss beside random
// search, grid, a Gaussian process, Optuna's TPE, CMA-ES and Hyperband, all with the same Wasm trainer, bounds and first
// λ. Results join bench/results/tuning.json task by task (--seeds 6-10 those of five more splits; --seconds and --trials of a
// Gaussian process at most instead of a task's own); tables and pictures are made of that file.
import { parseArgs } from "node:util";
import { Contest } from "./tuning/contest.ts";
import { END_TO_END, tuneSaga } from "./tuning/end-to-end.ts";
import { createOptimizer, KINDS, type Kind, PEERS } from "./tuning/optimizer.ts";
import { findPython, Python } from "./tuning/python.ts";
import { leastErrors, machine, REFERENCE, type RunResult, readResults, store } from "./tuning/results.ts";
import { writeTables } from "./tuning/tables.ts";
import { tasks } from "./tuning/tasks.ts";

const METHODS = [
  "random-warm",
  "grid-warm",
  "gp-warm",
  "gp-cold",
  "tpe-warm",
  "tpe-cold",
  "cma-warm",
  "hyperband-cold",
];

const EXPLORING = "learnloss-explore";

/** Work of the others at most, over that of LearnLoss: enough to see a factor of 20. */
const PATIENCE = 25;

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: tasks.map(({ name }) => name).join() },
    methods: { type: "string" },
    seeds: { type: "string" },
    quick: { type: "boolean", default: false },
    tables: { type: "boolean", default: false },
    seconds: { type: "string" },
    trials: { type: "string" },
    "saga-seconds": { type: "string", default: "240" },
  },
});

/** Seeds: "6-10", or "10" for the first ten. */
function range(text: string): [number, number] {
  const [first, last] = text.split("-").map(Number);
  return last === undefined ? [1, first!] : [first!, last];
}

const chosen = values.tasks.split(",").map((name) => {
  const task = tasks.find((task) => task.name === name);
  if (!task) throw new Error(`No task ${name}: choose of ${tasks.map(({ name }) => name).join(", ")}.`);
  return task;
});
const interpreter = findPython();
if (!interpreter) console.log(`SKIPPED ${PEERS.join(", ")}: no python3 with optuna, cmaes and scikit-learn ($PYTHON).`);

for (const task of values.tables ? [] : chosen) {
  const python = interpreter ? new Python(interpreter) : undefined;
  await python?.begin();
  const limit = Number(values.seconds ?? (values.quick ? 2 : (task.patience?.seconds ?? (task.large ? 40 : 8))));
  const [from, to] = range(values.seeds ?? (values.quick ? "1" : String(task.splits ?? (task.large ? 5 : 10))));
  const own = [...(task.basins ? [EXPLORING] : []), ...METHODS, ...(task.endToEnd ? [END_TO_END] : [])];
  const methods = values.methods?.split(",") ?? task.methods ?? own;
  if (!values.methods && task.methods) {
    const skipped = METHODS.filter((method) => !methods.includes(method)).join(", ");
    console.log(`SKIPPED for ${task.name}, where they take too long: ${skipped} (--methods runs them).`);
  }
  const begun = performance.now();
  for (let seed = from; seed <= to; seed++) {
    const parts = await task.parts(seed);
    if (!parts) {
      console.log(`SKIPPED ${task.name}: its data are not here, \`npm install --prefix bench --ignore-scripts\`.`);
      break;
    }
    const contest = new Contest(task, parts);
    const k = contest.tuned.length;
    const runs: RunResult[] = [];
    const keep = (method: string, outcome: Omit<RunResult, "method" | "seed">) => {
      const run = { method, seed, ...outcome };
      runs.push(run);
      const { passes, seconds, validationError, trials } = run;
      console.log(
        `${task.name} ${seed} ${method.padEnd(15)} e ${validationError?.toFixed(5)}, ${passes.toFixed(0)} passes, ${seconds.toFixed(2)} s, ${trials} trials`,
      );
      return run;
    };
    const ours = keep("learnloss", await contest.learnLoss(seed));
    const alone = methods.every((method) => method === "learnloss");
    const reference = alone ? ours : keep(REFERENCE, await contest.polish(ours.lambda, seed, 30 + 10 * k, limit));
    const known = leastErrors({ runs: readResults()[task.name]?.runs ?? [] }).get(seed) ?? Number.POSITIVE_INFINITY;
    let best = Math.min(ours.validationError!, reference.validationError!, known);
    const budget = { passes: Math.max(PATIENCE * ours.passes, task.patience?.passes ?? 3000), seconds: limit };
    for (const method of methods) {
      if (method === END_TO_END) {
        if (python) keep(method, await tuneSaga(python, parts, seed, Number(values["saga-seconds"])));
        continue;
      }
      if (method === EXPLORING) {
        const { validationError } = keep(method, await contest.learnLoss(seed, budget));
        best = Math.min(best, validationError!);
        continue;
      }
      const [kind, start] = method.split("-") as [Kind, string];
      if (method === "learnloss" || (kind === "grid" && k > 2) || (!python && PEERS.includes(kind))) continue;
      if (!KINDS.includes(kind)) throw new Error(`No method ${method}: choose of ${METHODS.join(", ")}.`);
      const optimizer = await createOptimizer(kind, k, seed, contest.start(), python);
      // A Gaussian process thinks longer with every trial, the others do not.
      const trials = kind === "gp" ? Number(values.trials ?? task.patience?.trials ?? 160) : 3000;
      const enough = task.step ? best : 1.002 * best;
      keep(method, await contest.compete(optimizer, start === "warm", { ...budget, trials, enough }));
    }
    const { train } = parts;
    store(task.name, {
      title: task.title,
      k,
      rows: train.rows,
      columns: train.columns,
      metric: task.metric,
      step: task.step,
      machine: machine(python?.versions),
      runs,
    });
  }
  console.log(`${task.name} took ${((performance.now() - begun) / 1000).toFixed(0)} s\n`);
  python?.end();
}
writeTables();
