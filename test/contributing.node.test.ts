import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(`${root}CONTRIBUTING.md`, "utf8");

/** Fenced blocks, without the indentation of the list that they stand in. */
const excerpts = [...text.matchAll(/^( *)```ts\n([\s\S]*?)^ *```$/gm)].map(([, indent, block]) => {
  const [first = "", ...lines] = block!.split("\n").map((line) => line.slice(indent!.length));
  return { file: first.replace("// ", ""), lines: lines.slice(0, -1) };
});

describe("CONTRIBUTING.md", () => {
  test("has three recipes with excerpts", () => {
    expect(text.match(/^## Add a (feature|solver|kernel)$/gm)).toHaveLength(3);
    expect(excerpts.length).toBeGreaterThan(10);
  });

  test.each(excerpts.map((excerpt, i) => [i + 1, excerpt.file, excerpt.lines] as const))(
    "excerpt %i is what %s says",
    (_, file, lines) => {
      const source = readFileSync(`${root}${file}`, "utf8").split("\n");
      // Runs of lines, each somewhere after the last.
      let at = 0;
      for (const run of lines.join("\n").split("\n…\n")) {
        const wanted = run.split("\n");
        const found = source.findIndex((_, i) => i >= at && wanted.every((line, j) => source[i + j] === line));
        expect(found, run).toBeGreaterThanOrEqual(0);
        at = found + wanted.length;
      }
    },
  );

  test("names files and commands that exist", () => {
    const files = [...text.matchAll(/`((?:src|assembly|test|bench|\.ci)\/[\w./-]*)`/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(15);
    expect(files.filter((file) => !existsSync(root + file))).toEqual([]);
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
    const commands = [...text.matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name!);
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
  });
});
