import { expect, test } from "vitest";
import { wholeStudies } from "./reference/whole-studies.ts";

declare module "vitest/browser" {
  interface BrowserCommands {
    wholeStudiesInNode(): Promise<string>;
  }
}

const browser = typeof document !== "undefined";

test("the same seed gives the same λ, error, weights and observations, bit for bit", async () => {
  expect(await wholeStudies()).toBe(await wholeStudies());
});

test.runIf(browser)("they are the bits that Node computes", async () => {
  const { commands } = await import("vitest/browser");
  const ours = await wholeStudies();
  expect(ours.length).toBeGreaterThan(10_000);
  expect(ours).toBe(await commands.wholeStudiesInNode());
});
