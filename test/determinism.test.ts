import { expect, test } from "vitest";
import { lpOutcomes } from "./reference/lp-outcomes.ts";
import { wholeStudies } from "./reference/whole-studies.ts";

declare module "vitest/browser" {
  interface BrowserCommands {
    wholeStudiesInNode(): Promise<string>;
    lpOutcomesInNode(): Promise<string>;
  }
}

const browser = typeof document !== "undefined";
const studies = await wholeStudies();
const outcomes = lpOutcomes();

test("the same seed gives the same λ, error, weights and observations, bit for bit", async () => {
  expect(studies).toBe(await wholeStudies());
});

test.runIf(browser)("they are the bits that Node computes", async () => {
  const { commands } = await import("vitest/browser");
  expect(studies.length).toBeGreaterThan(10_000);
  expect(studies).toBe(await commands.wholeStudiesInNode());
});

test("the LP engine solves a problem to the same bits again", () => {
  expect(outcomes).toBe(lpOutcomes());
});

test.runIf(browser)("and they are the bits that Node computes", async () => {
  const { commands } = await import("vitest/browser");
  expect(outcomes.length).toBeGreaterThan(10_000);
  const theirs = (await commands.lpOutcomesInNode()).split("\n");
  expect(outcomes.split("\n").filter((line, i) => line !== theirs[i])).toEqual([]);
});
