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

const [header, ...rows] = page.table;
const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const table = [line(header), line(header.map((_, j) => (j === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
const readme = readFileSync("README.md", "utf8");
const replaced = readme.replace(/(<!-- demo -->\n)[\s\S]*?(\n<!-- \/demo -->)/, `$1\n${table}\n$2`);
writeFileSync("README.md", replaced);
