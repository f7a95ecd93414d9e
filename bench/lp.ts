// npm run bench:lp [-- --campaign N]: the LP engine against its peers (`npm install --prefix bench --ignore-scripts`).
// 1. the outer fit's family; the fair rival is HiGHS given the dual form with presolve off; 2. the Netlib problems, from
// LEARNLOSS_NETLIB; 3. random LPs against HiGHS, status and objective. An answer is checked before its time counts. The
// time of highs includes reading the model text, its only way in; ours includes scaling and verification.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createL1Fit } from "../src/outer/l1-fit.ts";
import { type LpProblem, solveLp } from "../src/outer/lp.ts";
import { columnsOf } from "../src/outer/lp-matrix.ts";
import { parseMps } from "../src/outer/mps.ts";
import { Random } from "../src/random.ts";
import { type LpKind, randomLp } from "../test/reference/random-lp.ts";

interface Highs {
  solve(model: string, options: Record<string, unknown>): { readonly Status: string; readonly ObjectiveValue: number };
}

const { default: loadHighs } = (await import("highs" as string)) as { default: () => Promise<Highs> };
const highs = await loadHighs();

const number = (value: number) => (value < 0 ? `- ${-value}` : `+ ${value}`);

/** CPLEX LP format, what highs-js reads. A row with two bounds becomes two rows. */
function lpText({ cost, matrix, ...bounds }: LpProblem): string {
  const n = cost.length;
  const rows: string[][] = Array.from({ length: matrix.rows }, () => []);
  for (const [j, column] of columnsOf(matrix, n).entries()) {
    for (const [e, i] of column.rows.entries()) rows[i]!.push(`${number(column.values[e]!)} x${j}`);
  }
  const terms = Array.from(cost, (c, j) => `${number(c)} x${j}`);
  const lines = ["Minimize", ` obj: ${terms.join("\n ")}`, "Subject To"];
  for (const [i, row] of rows.entries()) {
    const text = row.length > 0 ? row.join("\n ") : "0 x0";
    const low = bounds.rowLower?.[i] ?? Number.NEGATIVE_INFINITY;
    const high = bounds.rowUpper?.[i] ?? Number.POSITIVE_INFINITY;
    if (low === high) lines.push(` r${i}: ${text} = ${low}`);
    else {
      if (Number.isFinite(low)) lines.push(` l${i}: ${text} >= ${low}`);
      if (Number.isFinite(high)) lines.push(` u${i}: ${text} <= ${high}`);
    }
  }
  lines.push("Bounds");
  for (let j = 0; j < n; j++) {
    const low = bounds.colLower?.[j] ?? 0;
    const high = bounds.colUpper?.[j] ?? Number.POSITIVE_INFINITY;
    lines.push(` ${Number.isFinite(low) ? low : "-inf"} <= x${j} <= ${Number.isFinite(high) ? high : "+inf"}`);
  }
  return `${lines.join("\n")}\nEnd\n`;
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!;

function timed<T>(run: () => T): { readonly value: T; readonly time: number } {
  const began = performance.now();
  const value = run();
  return { value, time: performance.now() - began };
}

/** Errors with a kink around λ·φ; centred and scaled as the fit itself would. */
function family(seed: number, m: number, k: number) {
  const random = new Random(seed, 7);
  const truth = Array.from({ length: k }, (_, j) => (j === 0 ? 1 : 0.05 + random.uniform()));
  const phi = new Float64Array(m * k);
  const error = new Float64Array(m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < k; j++) {
      phi[i * k + j] = random.normal();
      error[i]! += truth[j]! * phi[i * k + j]!;
    }
    error[i] = error[i]! + 0.3 * random.normal() + 0.1 * Math.abs(error[i]!);
  }
  const best = error.indexOf(error.reduce((a, b) => Math.min(a, b)));
  const lower = Float64Array.from(truth, (_, j) => (j === 0 ? 1 : 1e-6));
  const upper = Float64Array.from(truth, (_, j) => (j === 0 ? 1 : 10));
  return { phi, error, best, lower, upper };
}

/** The dual form: a column y ∈ [−1, 1] per observation, z ≥ 0 per ordering row, u ≥ 0 per bound; minus the optimum. */
function dualForm({ phi, error, best, lower, upper }: ReturnType<typeof family>, k: number): LpProblem {
  const m = error.length;
  const cost: number[] = [];
  const colLower: number[] = [];
  const colUpper: number[] = [];
  const columnStarts = [0];
  const rowIndices: number[] = [];
  const values: number[] = [];
  const add = (c: number, low: number, high: number, entries: readonly (readonly [number, number])[]) => {
    cost.push(c);
    colLower.push(low);
    colUpper.push(high);
    for (const [row, value] of entries) {
      if (value === 0) continue;
      rowIndices.push(row);
      values.push(value);
    }
    columnStarts.push(rowIndices.length);
  };
  const row = (i: number) => Array.from({ length: k }, (_, j) => [j, phi[i * k + j]!] as const);
  for (let i = 0; i < m; i++) add(-error[i]!, -1, 1, [...row(i), [k + 1, 1]]);
  for (let i = 0; i < m; i++) {
    const difference = row(i).map(([j, value]) => [j, value - phi[best * k + j]!] as const);
    if (i !== best) add(0, 0, Number.POSITIVE_INFINITY, difference);
  }
  for (let j = 0; j < k; j++) {
    add(0, lower[j] === upper[j] ? Number.NEGATIVE_INFINITY : 0, Number.POSITIVE_INFINITY, [
      [j, 1],
      [k, -lower[j]!],
    ]);
    if (lower[j] !== upper[j]) {
      add(0, 0, Number.POSITIVE_INFINITY, [
        [j, -1],
        [k, upper[j]!],
      ]);
    }
  }
  const zeros = new Array<number>(k + 2).fill(0);
  const matrix = { rows: k + 2, columnStarts, rowIndices, values };
  return { cost, matrix, rowLower: zeros, rowUpper: zeros, colLower, colUpper };
}

function benchFamily(): void {
  console.log("outer fit        ours cold ms    warm ms   highs (dual form, presolve off) ms   ratio");
  for (const [m, k] of [
    [50, 3],
    [500, 3],
    [500, 12],
    [5000, 12],
  ] as const) {
    const cold: number[] = [];
    const warm: number[] = [];
    const rival: number[] = [];
    for (const seed of [1, 2, 3]) {
      const data = family(seed, m, k);
      const model = lpText(dualForm(data, k));
      const theirs = timed(() => highs.solve(model, { presolve: "off", output_flag: false }));
      for (let repeat = 0; repeat < 5; repeat++) {
        using fit = createL1Fit({ k, F: data });
        fit.append(data.phi, data.error);
        fit.setIncumbent(data.best);
        const { value, time } = timed(() => fit.solve());
        if (value.status !== "optimal") throw new Error(`(${m}, ${k}) seed ${seed}: ${value.status}`);
        if (repeat === 0) {
          const difference = Math.abs(value.objective + theirs.value.ObjectiveValue) / (1 + value.objective);
          if (theirs.value.Status !== "Optimal" || difference > 1e-7) {
            console.log(`  (${m}, ${k}) seed ${seed}: highs says ${theirs.value.Status}, differs by ${difference}`);
          } else rival.push(theirs.time);
        }
        cold.push(time);
        fit.append(
          data.phi.slice(0, k).map((x) => x + 0.01),
          [data.error[0]! + 0.1],
        );
        warm.push(timed(() => fit.solve()).time);
      }
    }
    const cells = [median(cold).toFixed(3), median(warm).toFixed(3), median(rival).toFixed(2)];
    const ratio = (median(rival) / median(cold)).toFixed(1);
    console.log(`(${m}, ${k})`.padEnd(14), ...cells.map((cell) => cell.padStart(14)), ratio.padStart(10));
  }
}

function benchNetlib(folder: string): void {
  console.log("\nNetlib           ours ms  highs ms  objective agrees to");
  const ratios: number[] = [];
  for (const line of readFileSync(join(folder, "index.tsv"), "utf8").trim().split("\n").slice(1)) {
    const [name, file] = line.split("\t");
    const { problem } = parseMps(readFileSync(join(folder, file!), "latin1"));
    const model = lpText(problem);
    const ours = timed(() => solveLp(problem));
    try {
      const theirs = timed(() => highs.solve(model, { output_flag: false }));
      const theirObjective = theirs.value.ObjectiveValue + (problem.offset ?? 0);
      const agrees =
        ours.value.status === "optimal"
          ? (Math.abs(ours.value.objective - theirObjective) / (1 + Math.abs(theirObjective))).toExponential(0)
          : `${ours.value.status} / ${theirs.value.Status}`;
      ratios.push(theirs.time / ours.time);
      console.log(name!.padEnd(14), ours.time.toFixed(1).padStart(9), theirs.time.toFixed(1).padStart(9), ` ${agrees}`);
    } catch (error) {
      console.log(name!.padEnd(14), ours.time.toFixed(1).padStart(9), `  highs: ${(error as Error).message}`);
    }
  }
  console.log(`median of highs/ours: ${median(ratios).toFixed(2)}`);
}

function campaign(count: number): void {
  const kinds: readonly LpKind[] = ["feasible", "infeasible", "unbounded", "degenerate", "any"];
  const statuses: Record<string, string> = { Optimal: "optimal", Infeasible: "infeasible", Unbounded: "unbounded" };
  let compared = 0;
  const different: string[] = [];
  for (let seed = 0; seed < count; seed++) {
    const problem = randomLp(seed, kinds[seed % 5]!, [6, 15, 30][seed % 3]!, seed % 2 ? 5 : 0);
    const ours = solveLp(problem);
    let theirs: ReturnType<Highs["solve"]>;
    try {
      theirs = highs.solve(lpText(problem), { output_flag: false });
    } catch {
      different.push(`seed ${seed}: ours ${ours.status}, highs threw`);
      continue;
    }
    compared++;
    const close =
      ours.status !== "optimal" ||
      Math.abs(ours.objective - theirs.ObjectiveValue) <= 1e-7 * (1 + Math.abs(ours.objective));
    if (statuses[theirs.Status] !== ours.status || !close) {
      const objective = ours.status === "optimal" ? ours.objective : "";
      different.push(`seed ${seed}: ours ${ours.status} ${objective}, highs ${theirs.Status} ${theirs.ObjectiveValue}`);
    }
  }
  console.log(`\nrandom LPs: ${compared} compared with highs, ${different.length} differ`);
  for (const line of different.slice(0, 10)) console.log(`  ${line}`);
}

benchFamily();
const folder = process.env.LEARNLOSS_NETLIB ?? "";
if (existsSync(join(folder, "index.tsv"))) benchNetlib(folder);
else console.log("\nNetlib: SKIPPED, set LEARNLOSS_NETLIB to the folder with index.tsv");
const asked = process.argv.indexOf("--campaign");
campaign(asked >= 0 ? Number(process.argv[asked + 1]) : 500);
