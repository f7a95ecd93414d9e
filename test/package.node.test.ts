import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

test("the Wasm module of the LP engine is under 25 kB gzipped", () => {
  const bytes = gzipSync(readFileSync(`${root}dist/wasm/lp.wasm`), { level: 9 }).length;
  console.log(`lp.wasm: ${bytes} bytes gzipped`);
  expect(bytes).toBeLessThan(25_000);
});

// What `npm install` would put into node_modules, without what the CLI depends on: the entries must not need it.
describe("the packed package", () => {
  const folder = mkdtempSync(join(tmpdir(), "learnloss-package-"));
  beforeAll(async () => {
    const npm = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder, root];
    const { stdout } = await run("npm", npm, { cwd: folder });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    await run("tar", ["-xzf", filename], { cwd: folder });
    await run("sh", ["-c", "mkdir node_modules && mv package node_modules/learnloss"], { cwd: folder });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["learnloss/lp", "createL1Fit, createLp, LearnLossError, load, orderingMargin, solveLp"],
    ["learnloss/mps", "parseMps"],
  ])("%s exports %s", async (entry, names) => {
    writeFileSync(
      join(folder, "names.mjs"),
      `import * as entry from "${entry}"; console.log(Object.keys(entry).sort((a, b) => a.localeCompare(b)).join(", "));`,
    );
    const { stdout } = await run(process.execPath, ["names.mjs"], { cwd: folder });
    expect(stdout.trim()).toBe(names);
  });

  test("an MPS file is read and solved", async () => {
    writeFileSync(
      join(folder, "solve.mjs"),
      `import { readFileSync } from "node:fs";
import { solveLp } from "learnloss/lp";
import { parseMps } from "learnloss/mps";
const { status, objective } = solveLp(parseMps(readFileSync(process.argv[2], "latin1")).problem);
console.log(status, objective.toFixed(9));`,
    );
    const { stdout } = await run(process.execPath, ["solve.mjs", `${root}test/fixtures/lp/beale.mps`], { cwd: folder });
    expect(stdout.trim()).toBe("optimal -1.250000000");
  });
});
