// npm run bench:compare A.json B.json: two files that a bench wrote with --json, row by row. A change that both spreads
// together do not explain is marked; rows of different tasks are listed as such.
import { readFileSync } from "node:fs";

interface Row {
  readonly task?: string;
  readonly solver?: string;
  readonly milliseconds: number;
  readonly spread?: number;
}

interface Report {
  readonly bench: string;
  readonly cpu?: string;
  readonly node: string;
  readonly commit: string;
  readonly results: readonly Row[];
}

const files = process.argv.slice(2);
if (files.length !== 2) {
  console.error("Give two files: npm run bench:compare A.json B.json");
  process.exit(2);
}
const [a, b] = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as Report) as [Report, Report];
if (a.bench !== b.bench) {
  console.error(`${files[0]} is of bench:${a.bench}, ${files[1]} of bench:${b.bench}: give two of the same.`);
  process.exit(2);
}

const keyOf = ({ task, solver }: Row) => [task, solver].filter(Boolean).join(" | ");
const rowsOf = ({ results }: Report) => new Map(results.map((row) => [keyOf(row), row]));
const before = rowsOf(a);
const after = rowsOf(b);
for (const [name, report] of [
  ["A", a],
  ["B", b],
] as const) {
  console.log(`${name}: ${report.cpu ?? "?"}, Node ${report.node}, commit ${report.commit.slice(0, 7)}`);
}
const width = Math.max(...[...before.keys(), ...after.keys()].map((key) => key.length));
console.log(`${"".padEnd(width)}${"A ms".padStart(12)}${"B ms".padStart(12)}${"B/A".padStart(8)}`);
for (const [key, row] of before) {
  const other = after.get(key);
  if (!other) continue;
  const noise = 3 * ((row.spread ?? 0) + (other.spread ?? 0));
  const change = other.milliseconds - row.milliseconds;
  const mark = Math.abs(change) <= noise ? "" : change < 0 ? "  faster" : "  slower";
  const cells = [row.milliseconds.toFixed(3), other.milliseconds.toFixed(3)].map((cell) => cell.padStart(12));
  const ratio = (other.milliseconds / row.milliseconds).toFixed(2).padStart(8);
  console.log(`${key.padEnd(width)}${cells.join("")}${ratio}${mark}`);
}
for (const key of before.keys()) if (!after.has(key)) console.log(`only in A: ${key}`);
for (const key of after.keys()) if (!before.has(key)) console.log(`only in B: ${key}`);
