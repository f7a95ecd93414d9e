// Regenerates what README and docs/ show: the pictures, the table of the demo, what the examples print. `npm run docs`
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { endToEnd, headline } from "../bench/tuning/tables.ts";
import { demo } from "../src/cli/demo.ts";
import { type ChartOptions, chart, type Series } from "../src/report/chart.ts";
import { anytime } from "../src/report/figures.ts";
import { color, figureStyle } from "../src/report/style.ts";
import { type PolicyFigure, policyPicture } from "./policy-picture.ts";

function writePicture(name: string, picture: string | { readonly svg: string }): void {
  const svg = typeof picture === "string" ? picture : picture.svg;
  const page = `<style>${figureStyle}</style><rect width="100%" height="100%" fill="#fff"/>`;
  writeFileSync(`docs/${name}.svg`, `${svg.replace(">", `>${page}`)}\n`);
}

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const table = ([header = [], ...rows]: readonly (readonly string[])[]) =>
  [line(header), line(header.map((_, j) => (j === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");

/** bench/results/inner.json, which `npm run bench:inner -- --json bench/results/inner.json` writes. */
function innerTable(): string {
  const report = JSON.parse(readFileSync("bench/results/inner.json", "utf8")) as {
    readonly results: readonly Record<string, string | number | undefined>[];
  };
  const cells = report.results.map(({ task, solver, milliseconds, excess, residual, passes }) => [
    String(task),
    String(solver),
    Number(milliseconds).toFixed(Number(milliseconds) < 10 ? 1 : 0),
    excess === undefined ? "" : Number(excess).toExponential(0),
    residual === undefined ? "" : Number(residual).toExponential(0),
    passes === undefined ? "" : Number(passes).toFixed(0),
  ]);
  return table([["task", "solver", "ms", "excess objective", "residual", "passes"], ...cells]);
}

/** bench/results/on-the-fly.json, which `npm run bench:on-the-fly -- --json bench/results/on-the-fly.json` writes. */
function onTheFlyTable(): string {
  const { results } = JSON.parse(readFileSync("bench/results/on-the-fly.json", "utf8")) as {
    readonly results: readonly ({ readonly problem: string } & Record<string, number>)[];
  };
  const percent = (ratio: number) => `${ratio > 1 ? "+" : ""}${(100 * (ratio - 1)).toFixed(0)} %`;
  const rows = results.map((row) => [
    row.problem,
    `${row.wins} of ${row.seeds}`,
    ...[row.validationRatio, row.testRatio, row.tunedTestRatio].map((ratio) => percent(ratio!)),
    ...[row.stoppedPasses, row.passes, row.coldPasses].map((passes) => passes!.toFixed(0)),
    row.passesRatio!.toFixed(2),
  ]);
  const header = [
    "problem",
    "as good or better",
    "validation",
    "test",
    "test, tuned to the end",
    "passes, stopped early",
    "on the fly",
    "one cold training",
    "ratio",
  ];
  return table([header, ...rows]);
}

interface LpReport {
  readonly family: readonly {
    readonly m: number;
    readonly k: number;
    readonly peer: string;
    readonly cold?: number;
    readonly warm?: number;
    readonly wrong: number;
    readonly ended?: string;
  }[];
  readonly ratios: readonly { readonly m: number; readonly k: number; best: number; default: number; warm: number }[];
  readonly netlib: readonly { readonly name: string; outcome: string; ours: number; highs?: number; glpk?: number }[];
  readonly lps: {
    readonly compared: number;
    readonly different: readonly string[];
    readonly presolve: readonly string[];
  };
  readonly fits: { readonly compared: number; readonly different: readonly string[] };
  readonly structured: readonly {
    readonly size: number;
    readonly compared: number;
    readonly different: readonly string[];
    readonly slowest: number;
    readonly ours: number;
    readonly highs: number;
  }[];
}

/** bench/results/lp.json, which `npm run bench:lp -- --json bench/results/lp.json` writes. */
function lpTables(): Record<string, string> {
  const report = JSON.parse(readFileSync("bench/results/lp.json", "utf8")) as LpReport;
  const time = (ms: number | undefined) => (ms === undefined ? "" : ms.toPrecision(3));
  const keyOf = ({ m, k }: { readonly m: number; readonly k: number }) => `(${m}, ${k})`;
  const sizes = [...new Set(report.family.map(keyOf))];
  const family = [...new Set(report.family.map(({ peer }) => peer))].map((peer) => [
    peer,
    ...sizes.map((size) => {
      const row = report.family.find((one) => one.peer === peer && keyOf(one) === size);
      if (!row) return "";
      const times = [row.cold, row.warm].filter((ms) => ms !== undefined).map(time);
      return [...times, ...(row.wrong > 0 ? [`**wrong** ${row.wrong}×`] : []), ...(row.ended ? [row.ended] : [])].join(
        " · ",
      );
    }),
  ]);
  const ratio = (value: number | null) => (value === null || !Number.isFinite(value) ? "" : value.toFixed(0));
  const ratios = (["best", "default", "warm"] as const).map((kind) => [
    { best: "best form of highs", default: "highs, default", warm: "highs, hot start" }[kind],
    ...report.ratios.map((row) => ratio(row[kind])),
  ]);
  const netlib = report.netlib.map(({ name, outcome, ours, highs, glpk }) => [
    `${name}${outcome === "optimal" ? "" : ` (${outcome})`}`,
    time(ours),
    highs === undefined ? "**wrong**" : time(highs),
    glpk === undefined ? "**wrong**" : time(glpk),
  ]);
  const campaign = [
    [
      "random LPs, half of them scaled by 2^±5 or 2^±20",
      String(report.lps.compared),
      String(report.lps.different.length),
    ],
    ["random fits, cold and warm", String(report.fits.compared), String(report.fits.different.length)],
    ...[...new Set(report.structured.map(({ size }) => size))].map((size) => {
      const rows = report.structured.filter((row) => row.size === size);
      const sum = (of: (row: (typeof rows)[number]) => number) =>
        String(rows.reduce((total, row) => total + of(row), 0));
      const slowest = Math.max(...rows.map((row) => row.slowest));
      const ms = (of: "ours" | "highs") => rows.reduce((total, row) => total + row[of], 0);
      const times = `slowest ${slowest.toFixed(0)} ms; all: ${(ms("ours") / ms("highs")).toPrecision(2)} times highs' time`;
      return [
        `twelve structures of about ${size} rows (${times})`,
        sum(({ compared }) => compared),
        sum(({ different }) => different.length),
      ];
    }),
  ];
  return {
    "lp-family": table([["cold · warm, ms", ...sizes], ...family]),
    "lp-ratios": table([["times ours", ...sizes], ...ratios]),
    "lp-netlib": table([["problem", "ours", "highs", "glpk.js"], ...netlib]),
    "lp-campaign": table([["problems", "solved", "differ"], ...campaign]),
  };
}

interface KernelRow {
  readonly task: string;
  readonly solver: string;
  readonly milliseconds: number;
  readonly spread: number;
  readonly peakRatio: number;
  readonly executedRatio?: number;
  readonly timesOurs?: number;
}

/** bench/results/kernels.json and kernels-node24.json, which `npm run bench:kernels -- --json FILE` writes. */
function kernelsTable(): string {
  const [old, recent] = ["kernels", "kernels-node24"].map((name) => {
    const report = JSON.parse(readFileSync(`bench/results/${name}.json`, "utf8"));
    return new Map((report.results as KernelRow[]).map((row) => [`${row.task} | ${row.solver}`, row]));
  }) as [Map<string, KernelRow>, Map<string, KernelRow>];
  const digits = (value: number) =>
    value < 0.995 ? value.toFixed(3) : value < 99.5 ? value.toFixed(1) : value.toFixed(0);
  const cells = [...new Set([...old.keys(), ...recent.keys()])]
    .filter((key) => /^softmax (60000|5000)×784×10 f32 /.test(key))
    .sort((a, b) => Number(b.startsWith("softmax 60000")) - Number(a.startsWith("softmax 60000")))
    .map((key) => {
      const rows = [old.get(key), recent.get(key)];
      const { task, solver } = rows[0] ?? rows[1]!;
      const times = rows.map((row) => (row ? `${digits(row.milliseconds)} ± ${digits(row.spread)}` : ""));
      const percent = (ratio: number) => `${(100 * ratio).toFixed(0)} %`;
      const peaks = rows.map((row) => {
        const executed = row?.executedRatio === undefined ? "" : ` (${percent(row.executedRatio)})`;
        return row ? percent(row.peakRatio) + executed : "";
      });
      const ratios = rows.map((row) => (row?.timesOurs === undefined ? "" : row.timesOurs.toPrecision(3)));
      const [first, second] = [0, 1].map((i) => [times[i]!, peaks[i]!, ratios[i]!]) as [string[], string[]];
      return [task.replace("softmax ", ""), solver, ...first, ...second];
    });
  const bound = (peer: string) => {
    const row = [...old.values()].find(
      ({ task, solver }) => task.includes("60000×784×10 f32") && solver.includes(peer),
    );
    return row ? (1 / (0.9 * row.peakRatio)).toFixed(1) : "?"; // nine classes of ten are computed
  };
  const times = table([
    [
      "rows × columns × classes",
      "gradient by",
      "Node 20 ms",
      "of peak",
      "times ours",
      "Node 24 ms",
      "of peak",
      "times ours",
    ],
    ...cells,
  ]);
  return `${times}\n\nThe ceiling on Node 20 is nine of the ten classes computed at the full peak of SIMD128. At 60000 rows that would be ${bound("onnxruntime")} times as fast as onnxruntime-web, ${bound("tfjs")} times tfjs and ${bound("numpy, blocks of 1000")} times numpy, which uses AVX-512, as no WebAssembly can.`;
}

/** An example's picture: a chart whose colors are those of the reports. */
type Figure = Omit<ChartOptions, "series"> & { readonly series: readonly Omit<Series, "color">[] };

/** Runs an example, draws its picture, returns what it printed. */
async function runExample(name: string): Promise<string> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (text: string) => lines.push(text);
  try {
    const { figure } = (await import(`../examples/${name}.ts`)) as { readonly figure: Figure | PolicyFigure };
    const svg =
      "bars" in figure ? policyPicture(figure, color(0)) : chart({ ...figure, series: colored(figure.series) });
    writePicture(name, svg);
  } finally {
    console.log = log;
  }
  return `\`\`\`text\n${lines.join("\n")}\n\`\`\``;
}

/** A color per series in turn; one that is not in the legend has that of the series before it. */
function colored(series: Figure["series"]): Series[] {
  let next = -1;
  return series.map((one) => {
    if (one.label) next++;
    return { ...one, color: color(Math.max(next, 0)) };
  });
}

const { page } = await demo(1, () => {});
writePicture("anytime", anytime(page));
const blocks: Record<string, string> = {
  demo: table(page.table),
  inner: innerTable(),
  kernels: kernelsTable(),
  ...lpTables(),
  "on-the-fly-table": onTheFlyTable(),
  tuning: headline(),
  "end-to-end": endToEnd(),
};

for (const file of readdirSync("examples")) {
  const name = file.replace(/\.ts$/, "");
  blocks[name] = await runExample(name);
}

/** Each block stands between `<!-- name -->` and `<!-- /name -->`. */
for (const file of ["README.md", ...readdirSync("docs").map((name) => `docs/${name}`)].filter((f) =>
  f.endsWith(".md"),
)) {
  let text = readFileSync(file, "utf8").replace(
    /!\[[^\]]*\]\(docs\/anytime\.svg\)/,
    `![Validation log loss against passes over the training data. ${anytime(page).title}](docs/anytime.svg)`,
  );
  for (const [name, block] of Object.entries(blocks)) {
    text = text.replace(
      new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`),
      (_, begin: string, end: string) => `${begin}\n\n${block}\n\n${end}`,
    );
  }
  writeFileSync(file, text);
}
