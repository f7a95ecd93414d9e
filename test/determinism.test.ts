import { expect, test } from "vitest";
import { lpOutcomes } from "./reference/lp-outcomes.ts";
import { wholeStudies } from "./reference/whole-studies.ts";

declare module "vitest/browser" {
  interface BrowserCommands {
    computedInNode(): Promise<string>;
  }
}

const browser = typeof document !== "undefined";

/** What Node computes, asked for in a browser; it computes beside it. */
const theirs: Promise<{ readonly studies: string; readonly outcomes: string }> | undefined = browser
  ? import("vitest/browser").then(async ({ commands }) => JSON.parse(await commands.computedInNode()))
  : undefined;
const studies = await wholeStudies();
const outcomes = lpOutcomes();

test("the same seed gives the same λ, error, weights and observations, bit for bit", async () => {
  expect(studies).toBe(await wholeStudies());
});

test.runIf(browser)("they are the bits that Node computes", async () => {
  expect(studies.length).toBeGreaterThan(10_000);
  expect(studies).toBe((await theirs!).studies);
});

test("the LP engine solves a problem to the same bits again", () => {
  expect(outcomes).toBe(lpOutcomes());
});

test.runIf(browser)("and they are the bits that Node computes", async () => {
  expect(outcomes.length).toBeGreaterThan(10_000);
  const lines = (await theirs!).outcomes.split("\n");
  expect(outcomes.split("\n").filter((line, i) => line !== lines[i])).toEqual([]);
});
