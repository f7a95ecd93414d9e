import { existsSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { inFolder, learnloss } from "./command-line.ts";

inFolder();

test("--json: one object; better than the default and than random search, near the grid at a tenth of its cost", async () => {
  const { stdout } = await learnloss("demo", "--json", "--report", "demo.html");
  const { table, ...result } = JSON.parse(stdout);
  const [standard, grid, random, learned] = table;
  expect(learned.logLoss).toBe(result.error);
  expect(learned.logLoss).toBeLessThan(Math.min(standard.logLoss, random.logLoss));
  expect(learned.logLoss).toBeLessThan(1.01 * grid.logLoss);
  expect(learned.passes).toBeLessThan(grid.passes / 10);
  expect(existsSync("demo.html")).toBe(true);
});

test("prints the table and writes a page that loads nothing", async () => {
  const { code, stdout } = await learnloss("demo");
  expect(code).toBe(0);
  for (const method of ["default", "grid", "random search", "LearnLoss"]) expect(stdout).toContain(method);
  const page = readFileSync("report.html", "utf8");
  expect(page.match(/<svg/g)!.length).toBeGreaterThanOrEqual(3);
  expect(page).not.toMatch(/<script|src=|href=|@import|url\(/);
  expect(page).not.toContain("NaN");
});

test("on a terminal a line stays for each improvement: nothing is drawn over them", async () => {
  const drawn = vi.spyOn(process.stderr, "write");
  const { isTTY } = process.stderr;
  process.stderr.isTTY = true;
  try {
    const { stdout } = await learnloss("demo", "--report", "terminal.html");
    expect(stdout.match(/^ +[\d.]+ {3}0\.\d{4} /gm)!.length).toBeGreaterThan(3);
    expect(drawn).not.toHaveBeenCalled();
  } finally {
    process.stderr.isTTY = isTTY;
    drawn.mockRestore();
  }
});
