// Regenerates what the README shows: docs/anytime.svg and the table of the demo. `npm run docs`
import { readFileSync, writeFileSync } from "node:fs";
import { demo } from "../src/cli/demo.ts";
import { anytime, figureStyle } from "../src/report/report.ts";

const { page } = await demo(1, () => {}, false);
const svg = anytime(page);
writeFileSync(
  "docs/anytime.svg",
  `${svg.replace(">", `><style>${figureStyle}</style><rect width="100%" height="100%" fill="#fff"/>`)}\n`,
);

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
    Number(milliseconds).toFixed(0),
    Number(excess).toExponential(0),
    Number(residual).toExponential(0),
    passes === undefined ? "" : Number(passes).toFixed(0),
  ]);
  return table([["task", "solver", "ms", "excess objective", "residual", "passes"], ...cells]);
}

const tables: Record<string, () => string> = { demo: () => table(page.table), inner: innerTable };
let readme = readFileSync("README.md", "utf8");
for (const [name, make] of Object.entries(tables)) {
  readme = readme.replace(new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`), `$1\n${make()}\n$2`);
}
writeFileSync("README.md", readme);
