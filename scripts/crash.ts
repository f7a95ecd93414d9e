// npm run crash [-- KILLS [SEED]]: kills the writer of a study file at random moments, 200 by default, and compares the
// file with that of a run without a crash (test/reference/crash.ts). Needs dist/.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tellThroughCrashes } from "../test/reference/crash.ts";

const [kills = 200, seed = 1] = process.argv.slice(2).map(Number);
const trials = 5 * kills;
const folder = mkdtempSync(join(tmpdir(), "learnloss-"));
const whole = await tellThroughCrashes(join(folder, "whole.jsonl"), trials, 0);
const crashed = await tellThroughCrashes(join(folder, "crashed.jsonl"), trials, kills, seed);
rmSync(folder, { recursive: true });
const same = crashed.bytes.equals(whole.bytes);
console.log(
  `${crashed.kills} kills, ${trials} models told: ${crashed.lost} acknowledged and lost, the file is ${same ? "the same, bit for bit" : "ANOTHER"}`,
);
process.exitCode = same && crashed.lost === 0 ? 0 : 1;
