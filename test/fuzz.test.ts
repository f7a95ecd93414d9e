import { expect, test } from "vitest";
import { fuzz } from "./reference/fuzz.ts";

// `npm run fuzz` tries a million.
test("10⁴ broken inputs are read, or refused with a code, in less than a second each", async () => {
  const { findings, refused } = await fuzz(10_000);
  expect(findings).toEqual([]);
  expect(refused).toBeGreaterThan(1000);
  expect(refused).toBeLessThan(9500);
});
