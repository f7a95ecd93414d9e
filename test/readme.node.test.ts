import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(`${root}README.md`, "utf8");
const blocks = (language: string, text = readme) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text]) => text!);
const run = promisify(execFile);

/** What excerpts leave out: the data. */
const EXCERPT =
  'declare const train: import("learnloss").Dataset, validation: typeof train, test: typeof train, other: typeof train;';

// The examples import "learnloss" as its users do: the package refers to itself, so dist/ must be built (`npm ci` does).
describe("README and docs/lp.md", () => {
  const lp = blocks("ts", readFileSync(`${root}docs/lp.md`, "utf8"));
  const examples = [...blocks("ts"), ...lp];

  it("has two sh blocks before any other, and examples", () => {
    expect(
      readme
        .match(/^```(\w+)$/gm)!
        .filter((fence) => fence !== "```")
        .slice(0, 2),
    ).toEqual(["```sh", "```sh"]);
    expect(blocks("sh")).toHaveLength(2);
    expect(examples.length - lp.length).toBeGreaterThanOrEqual(4);
    expect(lp.length).toBeGreaterThanOrEqual(4);
  });

  it.each(examples.map((source, i) => [i + 1, source] as const))("runs example %i", async (i, source) => {
    const directory = `${root}build/readme`;
    mkdirSync(directory, { recursive: true });
    const { outputText } = ts.transpileModule(source, {
      // ES2022, so that `using` becomes what Node 20 can run.
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const file = `${directory}/${i}.mjs`;
    writeFileSync(file, outputText);
    const { stdout } = await run(process.execPath, [file], { cwd: root });
    expect(stdout.trim()).not.toBe("");
    expect(stdout).not.toMatch(/undefined|NaN/);
  });

  it("type-checks its examples, and the excerpts in docs/", () => {
    const directory = `${root}build/readme`;
    mkdirSync(directory, { recursive: true });
    const excerpts = readdirSync(`${root}docs`)
      .filter((name) => name.endsWith(".md") && name !== "lp.md")
      .flatMap((name) => blocks("ts", readFileSync(`${root}docs/${name}`, "utf8")))
      .map((source) => `${EXCERPT}\n${source}`);
    expect(excerpts.length).toBeGreaterThanOrEqual(8);
    const files = [...examples, ...excerpts].map((source, i) => {
      const file = `${directory}/${i + 1}.ts`;
      writeFileSync(file, source);
      return file;
    });
    const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config;
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
    const program = ts.createProgram(files, { ...options, noEmit: true, rootDir: root });
    const messages = ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, "\n"));
    expect(messages).toEqual([]);
  });
});
