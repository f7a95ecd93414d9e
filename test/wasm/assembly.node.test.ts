import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const assembly = fileURLToPath(new URL("../../assembly", import.meta.url));

const ENDLESS = /for\s*\([^;)]*;\s*;|while\s*\(\s*(true|!\s*false|!\s*0|[1-9]\d*)\s*\)/;

test("endless loops are told from others", () => {
  for (const endless of [
    "for (;;) {",
    "for (let i = 0; ; i++) {",
    "while (true) {",
    "do {\n} while (1);",
    "do {} while (!0)",
  ])
    expect(endless).toMatch(ENDLESS);
  for (const ended of ["for (let i = 0; i < n; i++) {", "while (i < 1) {", "do {\n} while (going);"])
    expect(ended).not.toMatch(ENDLESS);
});

test("trap: no endless for loop, after which AssemblyScript 0.28.20 deletes code", () => {
  const files = readdirSync(assembly, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const source = readFileSync(join(assembly, file), "utf8");
    expect({ file, endless: ENDLESS.test(source) }).toEqual({ file, endless: false });
  }
});
