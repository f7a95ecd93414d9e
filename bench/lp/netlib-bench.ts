import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type LpProblem, solveLp } from "../../src/outer/lp.ts";
import { columnsOf } from "../../src/outer/lp-matrix.ts";
import { parseMps } from "../../src/outer/mps.ts";
import type { ColumnLp } from "./family.ts";
import { median } from "./family-bench.ts";
import { type Highs, highsModel, loadGlpk } from "./peers.ts";

export const highsStatuses: Record<number, string> = {
  7: "optimal",
  8: "infeasible",
  9: "unbounded or infeasible",
  10: "unbounded",
};

/** By columns, every bound filled in. */
export function columnForm({ cost, matrix, ...bounds }: LpProblem): ColumnLp {
  const columnStarts = [0];
  const rowIndices: number[] = [];
  const values: number[] = [];
  for (const column of columnsOf(matrix, cost.length)) {
    rowIndices.push(...column.rows);
    values.push(...column.values);
    columnStarts.push(values.length);
  }
  const fill = (given: ArrayLike<number> | undefined, count: number, missing: number) =>
    Array.from({ length: count }, (_, i) => given?.[i] ?? missing);
  return {
    cost: Array.from(cost),
    matrix: { rows: matrix.rows, columnStarts, rowIndices, values },
    rowLower: fill(bounds.rowLower, matrix.rows, Number.NEGATIVE_INFINITY),
    rowUpper: fill(bounds.rowUpper, matrix.rows, Number.POSITIVE_INFINITY),
    colLower: fill(bounds.colLower, cost.length, 0),
    colUpper: fill(bounds.colUpper, cost.length, Number.POSITIVE_INFINITY),
  };
}

export interface NetlibRow {
  readonly name: string;
  readonly outcome: string;
  readonly ours: number;
  /** ms; undefined where the answer is wrong. */
  readonly highs?: number;
  readonly glpk?: number;
}

/** Medians of repeats, the solvers in turns: of a problem 11 each, or as many as there is time for. */
function interleaved(runs: readonly (() => number)[]): number[] {
  const times = runs.map((): number[] => []);
  const began = performance.now();
  for (let round = 0; round < 11 && (round < 3 || performance.now() - began < 1000); round++)
    for (const [i, run] of runs.entries()) times[i]!.push(run());
  return times.map((list) => median(list)!);
}

export async function benchNetlib(highs: Highs, folder: string, report: (line: string) => void): Promise<NetlibRow[]> {
  const glpk = await loadGlpk();
  const rows: NetlibRow[] = [];
  report(`\n${"Netlib".padEnd(20)} ours ms  highs ms   glpk.js ms`);
  for (const line of readFileSync(join(folder, "index.tsv"), "utf8").trim().split("\n").slice(1)) {
    const [name, file, , , , expected] = line.split("\t");
    const { problem } = parseMps(readFileSync(join(folder, file!), "latin1"));
    const right = (status: string, objective: number) =>
      Number.isNaN(Number(expected))
        ? status.includes(expected!)
        : status === "optimal" && Math.abs(objective - Number(expected)) <= 1e-6 * (1 + Math.abs(Number(expected)));
    const notes: string[] = [];
    const outcome = solveLp(problem);
    if (!right(outcome.status, outcome.status === "optimal" ? outcome.objective : Number.NaN)) notes.push("ours WRONG");
    const lp = columnForm(problem);
    let status = "";
    let objective = Number.NaN;
    const runHighs = () => {
      const model = highsModel(highs, lp, {});
      const began = performance.now();
      model.run();
      const time = performance.now() - began;
      status = highsStatuses[model.getModelStatus()] ?? String(model.getModelStatus());
      objective = model.getObjectiveValue() + (problem.offset ?? 0);
      model.dispose();
      return time;
    };
    let glpkRight = false;
    let answer = { status: -1, z: Number.NaN };
    const runGlpk = () => {
      const began = performance.now();
      answer = glpk(problem, true);
      return performance.now() - began;
    };
    // Ours is the time it says itself, scaling and verification included.
    const [ours, highsTime, glpkTime] = interleaved([() => solveLp(problem).milliseconds, runHighs, runGlpk]) as [
      number,
      number,
      number,
    ];
    const highsRight = right(status, objective);
    if (!highsRight) notes.push(`highs WRONG: ${status} ${objective}`);
    if (Number.isNaN(Number(expected))) glpkRight = answer.status !== 0;
    else glpkRight = right(answer.status === 0 ? "optimal" : "", answer.z + (problem.offset ?? 0));
    if (!glpkRight) notes.push(`glpk.js WRONG: ${answer.status} ${answer.z}`);
    rows.push({
      name: name!,
      outcome: outcome.status,
      ours,
      ...(highsRight ? { highs: highsTime } : {}),
      ...(glpkRight ? { glpk: glpkTime } : {}),
    });
    const cell = (time: number) => time.toFixed(2).padStart(9);
    report(`${name!.padEnd(20)}${cell(ours)} ${cell(highsTime)} ${cell(glpkTime)}  ${notes.join("; ")}`.trimEnd());
  }
  return rows;
}
