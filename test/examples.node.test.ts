import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);
const examples = readdirSync(`${root}examples`).filter((file) => file.endsWith(".ts"));
const page = readdirSync(`${root}docs`)
  .filter((file) => file.endsWith(".md"))
  .map((file) => readFileSync(`${root}docs/${file}`, "utf8"))
  .join("\n");

/** The example as JavaScript, one folder below the root as it is itself: to start tsx takes longer than some examples do. */
function compiled(file: string): string {
  mkdirSync(`${root}build`, { recursive: true });
  const { outputText } = ts.transpileModule(readFileSync(`${root}examples/${file}`, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const path = `${root}build/example-${file.replace(/\.ts$/, ".mjs")}`;
  writeFileSync(path, outputText);
  return path;
}

// They import "learnloss" as its users do (dist/ must be built), and throw when what they claim is not so.
test.concurrent.each(examples)("examples/%s claims what is so, and is shown in docs/", async (file) => {
  const { stdout } = await run(process.execPath, [compiled(file)], { cwd: root });
  expect(stdout.trim()).not.toBe("");
  expect(stdout).not.toMatch(/undefined|NaN/);
  expect(page).toContain(`../examples/${file}`);
  const name = file.replace(/\.ts$/, "");
  expect(page).toContain(`${name}.svg`);
  expect(page).toContain(`<!-- ${name} -->\n\n\`\`\`text\n`);
});
