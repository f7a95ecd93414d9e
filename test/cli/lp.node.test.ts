import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { learnloss } from "./command-line.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const problem = (name: string) => `${root}test/fixtures/lp/${name}.mps`;
const numbers = { iterations: expect.any(Number), milliseconds: expect.any(Number) };

test("--json: an optimum with its KKT residuals, x and duals by name, and no ray", async () => {
  const { code, stdout } = await learnloss("lp", problem("beale"), "--json");
  expect(code).toBe(0);
  const result = JSON.parse(stdout);
  const kkt = { primal: expect.any(Number), dual: expect.any(Number), gap: expect.any(Number) };
  const { x, rowDuals, ...rest } = result;
  expect(rest).toEqual({ status: "optimal", objective: expect.closeTo(-1.25, 9), kkt, ...numbers });
  expect(Object.keys(x)).toEqual(["x1", "x2", "x3", "x4"]);
  expect(-0.75 * x.x1 + 20 * x.x2 - 0.5 * x.x3 + 6 * x.x4).toBeCloseTo(-1.25, 9);
  // Strong duality: only r2 has a bound that is not 0, and it is 1.
  expect(Object.keys(rowDuals)).toEqual(["r0", "r1", "r2"]);
  expect(rowDuals.r2).toBeCloseTo(-1.25, 9);
  for (const residual of Object.values(result.kkt)) expect(residual).toBeLessThan(1e-9);
});

test.each([
  ["infeas_tiny", "infeasible"],
  ["unbounded_tiny", "unbounded"],
])("--json: %s is %s, with a ray", async (name, status) => {
  const { code, stdout } = await learnloss("lp", problem(name), "--json");
  expect(code).toBe(0);
  const { ray, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({ status, ...numbers });
  expect(Math.max(...ray.map(Math.abs))).toBe(1);
});

test("without --json: status, objective and residuals for people", async () => {
  const { stdout } = await learnloss("lp", problem("klee_minty_4"));
  expect(stdout).toMatch(/^optimal after \d+ iterations, .* ms\nobjective -625\nresiduals: primal /);
});

test("a gzipped file, in the coding that some editors mark", async () => {
  const folder = mkdtempSync(join(tmpdir(), "learnloss-"));
  const path = join(folder, "beale.mps.gz");
  writeFileSync(path, gzipSync(`\ufeff${readFileSync(problem("beale"), "latin1")}`));
  const { stdout } = await learnloss("lp", path, "--json");
  rmSync(folder, { recursive: true });
  expect(JSON.parse(stdout)).toMatchObject({ status: "optimal", objective: expect.closeTo(-1.25, 9) });
});

test("a missing file, something else than MPS and a bad limit exit with 2 and a code", async () => {
  for (const [parameters, expected] of [
    [["missing.mps"], "IO"],
    [[`${root}package.json`], "PARSE"],
    [[problem("beale"), "--time-limit", "soon"], "OPTION"],
  ] as const) {
    const { code, stdout } = await learnloss("lp", ...parameters, "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error.code).toBe(expected);
  }
});
