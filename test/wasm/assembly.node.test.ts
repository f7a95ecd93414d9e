import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const assembly = fileURLToPath(new URL("../../assembly", import.meta.url));

test("trap: no endless for loop, after which AssemblyScript 0.28.20 deletes code", () => {
  const files = readdirSync(assembly, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const source = readFileSync(join(assembly, file), "utf8");
    expect({ file, endless: /for\s*\([^;)]*;\s*;|while\s*\(true\)/.test(source) }).toEqual({ file, endless: false });
  }
});
