// The solvers that are compared, each behind one function. Times are the most favourable to the peer that its interface
// allows: of highs run() alone, its model being passed before; of the others the call. Ours include everything.
import { createL1Fit } from "../../src/outer/l1-fit.ts";
import type { LpProblem } from "../../src/outer/lp.ts";
import { columnsOf } from "../../src/outer/lp-matrix.ts";
import { addObservations, type ColumnLp, dualForm, type Instance, later, primalForm } from "./family.ts";

/** The least Σ|residual| and the time in ms; NaN where the peer finds none. Warm: with `later` more observations. */
export interface Answer {
  readonly objective: number;
  readonly time: number;
  readonly warm?: { readonly objective: number; readonly time: number };
}
export type Peer = (data: Instance, m: number) => Answer | Promise<Answer>;

interface HighsModel {
  readonly options: { set(values: Record<string, unknown>): void };
  run(): unknown;
  addCols(data: unknown): unknown;
  getModelStatus(): number;
  getObjectiveValue(): number;
  dispose(): void;
}
export interface Highs {
  solve(model: string, options: Record<string, unknown>): { readonly Status: string; readonly ObjectiveValue: number };
  createModel(source?: unknown): HighsModel;
}
const HIGHS_OPTIMAL = 7;

export async function loadHighs(): Promise<Highs> {
  const { default: load } = (await import("highs" as string)) as { default: () => Promise<Highs> };
  return load();
}

function timed<T>(run: () => T): { readonly value: T; readonly time: number } {
  const began = performance.now();
  const value = run();
  return { value, time: performance.now() - began };
}

function matrixOf({ matrix, cost }: ColumnLp, from = 0) {
  const first = matrix.columnStarts[from]!;
  return {
    format: "csc",
    numRows: matrix.rows,
    numCols: cost.length - from,
    starts: Int32Array.from(matrix.columnStarts.slice(from), (start) => start - first),
    indices: Int32Array.from(matrix.rowIndices.slice(first)),
    values: Float64Array.from(matrix.values.slice(first)),
  };
}

export function highsModel(highs: Highs, lp: ColumnLp, options: Record<string, unknown>): HighsModel {
  const model = highs.createModel({
    numCols: lp.cost.length,
    numRows: lp.matrix.rows,
    colCost: Float64Array.from(lp.cost),
    colLower: Float64Array.from(lp.colLower),
    colUpper: Float64Array.from(lp.colUpper),
    rowLower: Float64Array.from(lp.rowLower),
    rowUpper: Float64Array.from(lp.rowUpper),
    matrix: matrixOf(lp),
  });
  model.options.set({ output_flag: false, ...options });
  return model;
}

/** strategy: 1 dual simplex, 4 primal simplex. */
async function highsDual(strategy: number): Promise<Peer> {
  const highs = await loadHighs();
  return (data, m) => {
    const lp = dualForm(data, m);
    const model = highsModel(highs, lp, { presolve: "off", solver: "simplex", simplex_strategy: strategy });
    try {
      const run = () => {
        const { time } = timed(() => model.run());
        const solved = model.getModelStatus() === HIGHS_OPTIMAL;
        return { objective: solved ? -model.getObjectiveValue() : Number.NaN, time };
      };
      const cold = run();
      const columns = lp.cost.length;
      addObservations(lp, data, m, m + later);
      model.addCols({
        cost: Float64Array.from(lp.cost.slice(columns)),
        lower: Float64Array.from(lp.colLower.slice(columns)),
        upper: Float64Array.from(lp.colUpper.slice(columns)),
        matrix: matrixOf(lp, columns),
      });
      return { ...cold, warm: run() };
    } finally {
      model.dispose();
    }
  };
}

async function highsDefault(): Promise<Peer> {
  const highs = await loadHighs();
  return (data, m) => {
    const model = highsModel(highs, primalForm(data, m), {});
    try {
      const { time } = timed(() => model.run());
      const solved = model.getModelStatus() === HIGHS_OPTIMAL;
      return { objective: solved ? model.getObjectiveValue() : Number.NaN, time };
    } finally {
      model.dispose();
    }
  };
}

function learnloss(): Peer {
  return ({ k, phi, error, best, F }, m) => {
    let result: Answer | undefined;
    const cold = timed(() => {
      const fit = createL1Fit({ k, F });
      fit.append(phi.subarray(0, m * k), error.subarray(0, m));
      fit.setIncumbent(best);
      return { fit, outcome: fit.solve() };
    });
    using fit = cold.value.fit;
    const warm = timed(() => {
      fit.append(phi.subarray(m * k), error.subarray(m));
      return fit.solve();
    });
    for (const { value, time } of [{ value: cold.value.outcome, time: cold.time }, warm]) {
      if (value.status !== "optimal") throw new Error(`learnloss: ${value.status}`);
      const { primal, dual, gap } = value.kkt;
      // This proves the optimum, and with it judges the others.
      const objective = Math.max(primal, dual, gap) < 1e-9 ? value.objective : Number.NaN;
      result = result ? { ...result, warm: { objective, time } } : { objective, time };
    }
    return result!;
  };
}

interface Glpk {
  readonly [constant: string]: unknown;
  solve(lp: unknown, options: unknown): { readonly result: { readonly status: number; readonly z: number } };
}

export async function loadGlpk(): Promise<(problem: LpProblem, presol: boolean) => { status: number; z: number }> {
  const { default: load } = (await import("glpk.js/node" as string)) as { default: () => Promise<Glpk> };
  const glpk = await load();
  const bound = (low: number, high: number) => {
    const below = Number.isFinite(low);
    const above = Number.isFinite(high);
    const type = low === high ? "FX" : below && above ? "DB" : below ? "LO" : above ? "UP" : "FR";
    return { type: glpk[`GLP_${type}`] as number, lb: below ? low : 0, ub: above ? high : 0 };
  };
  return ({ cost, matrix, ...bounds }, presol) => {
    const rows: { name: string; coef: number }[][] = Array.from({ length: matrix.rows }, () => []);
    for (const [j, column] of columnsOf(matrix, cost.length).entries())
      for (const [e, i] of column.rows.entries()) rows[i]!.push({ name: `x${j}`, coef: column.values[e]! });
    const model = {
      name: "lp",
      objective: {
        direction: glpk.GLP_MIN,
        name: "cost",
        vars: Array.from(cost, (coef, j) => ({ name: `x${j}`, coef })),
      },
      subjectTo: rows.map((vars, i) => ({
        name: `r${i}`,
        vars,
        bnds: bound(bounds.rowLower?.[i] ?? -Infinity, bounds.rowUpper?.[i] ?? Infinity),
      })),
      bounds: Array.from(cost, (_, j) => ({
        name: `x${j}`,
        ...bound(bounds.colLower?.[j] ?? 0, bounds.colUpper?.[j] ?? Infinity),
      })),
    };
    const { status, z } = glpk.solve(model, { msglev: glpk.GLP_MSG_OFF, presol }).result;
    return { status: status === glpk.GLP_OPT ? 0 : status, z };
  };
}

async function glpk(form: typeof primalForm, presolve: boolean): Promise<Peer> {
  const solve = await loadGlpk();
  return (data, m) => {
    const lp = form(data, m);
    const { value, time } = timed(() => solve(lp, presolve));
    const objective = form === dualForm ? -value.z : value.z;
    return { objective: value.status === 0 ? objective : Number.NaN, time };
  };
}

/** Rows by name, columns as objects, all columns ≥ 0: what yalps and javascript-lp-solver take. */
function keyed({ cost, matrix, rowLower, rowUpper }: ColumnLp) {
  const constraints: Record<string, { equal?: number; min?: number; max?: number }> = {};
  for (const [i, low] of rowLower.entries()) {
    const high = rowUpper[i]!;
    constraints[`r${i}`] =
      low === high
        ? { equal: low }
        : { ...(Number.isFinite(low) ? { min: low } : {}), ...(Number.isFinite(high) ? { max: high } : {}) };
  }
  const variables: Record<string, Record<string, number>> = {};
  for (const [j, c] of cost.entries()) {
    const column: Record<string, number> = { cost: c };
    for (let e = matrix.columnStarts[j]!; e < matrix.columnStarts[j + 1]!; e++)
      column[`r${matrix.rowIndices[e]!}`] = matrix.values[e]!;
    variables[`x${j}`] = column;
  }
  return { constraints, variables };
}

async function yalps(): Promise<Peer> {
  const { solve } = (await import("yalps" as string)) as {
    solve(model: unknown): { readonly status: string; readonly result: number };
  };
  return (data, m) => {
    const model = { direction: "minimize", objective: "cost", ...keyed(primalForm(data, m)) };
    const { value, time } = timed(() => solve(model));
    return { objective: value.status === "optimal" ? value.result : Number.NaN, time };
  };
}

async function jsLpSolver(): Promise<Peer> {
  const { default: solver } = (await import("javascript-lp-solver" as string)) as {
    default: { Solve(model: unknown): { readonly feasible: boolean; readonly result: number } };
  };
  return (data, m) => {
    const model = { opType: "min", optimize: "cost", ...keyed(primalForm(data, m)) };
    const { value, time } = timed(() => solver.Solve(model));
    return { objective: value.feasible ? value.result : Number.NaN, time };
  };
}

export const peers = {
  learnloss,
  "highs, dual form, presolve off": () => highsDual(1),
  "the same by primal simplex": () => highsDual(4),
  "highs, default": highsDefault,
  "glpk.js, default": () => glpk(primalForm, true),
  "glpk.js, dual form, presolve off": () => glpk(dualForm, false),
  yalps,
  "javascript-lp-solver": jsLpSolver,
} satisfies Record<string, () => Peer | Promise<Peer>>;
export type PeerName = keyof typeof peers;
