import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tellThroughCrashes } from "../reference/crash.ts";

// `npm run crash` kills 200 times.
test("killed at 8 random moments: nothing acknowledged is lost, and the file is that of a run without a crash", async () => {
  const folder = mkdtempSync(join(tmpdir(), "learnloss-"));
  const whole = await tellThroughCrashes(join(folder, "whole.jsonl"), 40, 0);
  const crashed = await tellThroughCrashes(join(folder, "crashed.jsonl"), 40, 8);
  rmSync(folder, { recursive: true });
  expect(crashed.kills).toBe(8);
  expect(crashed.survived).toBeGreaterThan(0);
  expect(crashed.lost).toBe(0);
  expect(crashed.bytes.equals(whole.bytes)).toBe(true);
});
