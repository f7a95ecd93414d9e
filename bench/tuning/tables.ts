import { writeFileSync } from "node:fs";
import { END_TO_END } from "./end-to-end.ts";
import { drawPictures } from "./pictures.ts";
import { FOLDER, type Results, readResults, type Spread, type Summary, summarize } from "./results.ts";

const NAMES: Readonly<Record<string, string>> = {
  learnloss: "LearnLoss",
  "learnloss-explore": "LearnLoss, exploring",
  "random-warm": "random, warm",
  "grid-warm": "grid, warm",
  "gp-warm": "GP-EI, warm",
  "gp-cold": "GP-EI, cold",
  "tpe-warm": "TPE, warm",
  "tpe-cold": "TPE, cold",
  "cma-warm": "CMA-ES, warm",
  "hyperband-cold": "Hyperband",
  "optuna-saga": "Optuna TPE + sklearn saga",
};

type Quantity = "passes" | "seconds";

/** bench/results/tuning.md, of all results stored. */
export function writeTables(): void {
  const results = readResults();
  writeFileSync(new URL("tuning.md", FOLDER), page(results));
}

/** Methods of the README's table. */
const RIVALS = ["learnloss", "learnloss-explore", "gp-warm", "gp-cold", "tpe-warm", "tpe-cold"];

/** Passes to the hit beside the strongest others: for the README. */
export function headline(): string {
  return costTable(readResults(), "passes", RIVALS);
}

/** Seconds to the hit where scikit-learn competed, too: for the README. */
export function endToEnd(): string {
  const tasks = Object.entries(readResults()).filter(([, { runs }]) =>
    runs.some(({ method }) => method === END_TO_END),
  );
  return costTable(Object.fromEntries(tasks), "seconds", ["learnloss", "gp-warm", "tpe-warm", END_TO_END]);
}

function page(results: Results): string {
  const head = Object.values(results)[0]?.machine;
  return `${[
    "# Tuning bench",
    "Written by `npm run bench:tuning` from tuning.json. Every method trains with the same Wasm solver to the same tolerance (1e-5: at 1e-4, e of one λ differs by up to 5 % with the way it was trained), in the same box of log λ, from a first λ in its middle (shares alike; with those of classes LearnLoss's penalty is a tenth of the others', as its start is normalized); *warm* trainings start from the nearest model seen, *cold* ones from nothing. A hit is a converged model within 1 % of the best minimizer that any method found on that task and seed (0.1 points for metrics that move in steps). Cells: hits of seeds, median of the cost of the hit [least–most]; *never* shows the budget in which most seeds missed; –: not run, which the bench says when it skips a method. Reduced work counts as passes.",
    `Last machine: ${head?.cpu}, Node ${head?.node}, ${head?.peers ?? "without python3 peers"}. Runs are kept until they are made again: seconds of different methods may be of different machines. ${olderRuns(results)}`,
    "## Pictures",
    "Medians over the seeds of the best minimizer so far, above the best known.",
    Object.entries(drawPictures(results, NAMES))
      .map(([name, file]) => `### ${results[name]!.title}\n\n![${results[name]!.title}](${file})`)
      .join("\n\n"),
    "## Passes to the hit",
    costTable(results, "passes"),
    "## Seconds to the hit, the optimizer's own time included",
    costTable(results, "seconds"),
    "## LearnLoss to its own end",
    endTable(results),
    "## Test error of the model selected (median)",
    testTable(results),
  ].join("\n\n")}\n`;
}

/** Whose trainings were by another solver than LearnLoss's: they may take other numbers of passes. */
function olderRuns(results: Results): string {
  const older = Object.values(results).flatMap(({ title, runs }) => {
    const last = runs.findLast(({ method }) => method === "learnloss")?.kernels;
    return runs.some(({ kernels, method }) => kernels !== last && method !== END_TO_END) ? [title] : [];
  });
  if (older.length === 0) return "All passes are of one solver.";
  return `All passes are of one solver but for runs of other methods than LearnLoss and random search that were made before it was changed: ${older.join("; ")}.`;
}

function methodsOf(results: Results): string[] {
  const present = new Set(Object.values(results).flatMap(({ runs }) => runs.map(({ method }) => method)));
  return Object.keys(NAMES).filter((method) => present.has(method));
}

function costTable(results: Results, quantity: Quantity, only?: readonly string[]): string {
  const methods = methodsOf(results).filter(
    (method) => (only?.includes(method) ?? true) && (quantity === "seconds" || method !== END_TO_END),
  );
  const rows = Object.values(results).map((task) => {
    const summaries = new Map(summarize(task).map((summary) => [summary.method, summary]));
    const least = Math.min(...methods.flatMap((method) => summaries.get(method)?.[quantity].median ?? []));
    return [
      task.title,
      String(task.k),
      ...methods.map((method) => {
        const summary = summaries.get(method);
        if (!summary) return "–";
        const cell = costCell(summary, quantity);
        return summary[quantity].median === least && least < Number.POSITIVE_INFINITY ? `**${cell}**` : cell;
      }),
    ];
  });
  return table(["task", "k", ...methods.map((method) => NAMES[method]!)], rows);
}

function costCell(summary: Summary, quantity: Quantity): string {
  const { hits, seeds } = summary;
  const cost = summary[quantity];
  const all = quantity === "passes" ? summary.allPasses : summary.allSeconds;
  if (!Number.isFinite(cost.median)) return `${hits}/${seeds} never in ${short(all.median)}`;
  return `${hits}/${seeds} ${short(cost.median)} [${short(cost.least)}–${Number.isFinite(cost.most) ? short(cost.most) : "∞"}]`;
}

function endTable(results: Results): string {
  const rows = Object.values(results).flatMap((task) => {
    const ours = summarize(task).find(({ method }) => method === "learnloss");
    if (!ours) return [];
    const { passes, allPasses, reducedPasses, coldPasses, allSeconds, excess } = ours;
    const share = (spread: Spread) => (spread.median / coldPasses.median).toFixed(2);
    return [
      [
        task.title,
        ...[allPasses, reducedPasses, coldPasses].map((spread) => short(spread.median)),
        passes.median < Number.POSITIVE_INFINITY ? share(passes) : "–",
        share(allPasses),
        range(allSeconds),
        `${(100 * excess.median).toFixed(1)} %`,
      ],
    ];
  });
  return table(
    [
      "task",
      "passes",
      "of these reduced",
      "one cold training at the λ chosen",
      "ratio of the hit",
      "ratio of all",
      "seconds",
      "above the best known, median",
    ],
    rows,
  );
}

function testTable(results: Results): string {
  const methods = methodsOf(results);
  const rows = Object.values(results).map((task) => {
    const summaries = new Map(summarize(task).map((summary) => [summary.method, summary]));
    return [task.title, ...methods.map((method) => summaries.get(method)?.testError.median.toFixed(4) ?? "–")];
  });
  return table(["task", ...methods.map((method) => NAMES[method]!)], rows);
}

function range({ median, least, most }: Spread): string {
  return `${short(median)} [${short(least)}–${short(most)}]`;
}

function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, j) => (j === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
