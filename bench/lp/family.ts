// The LearnLoss family: an L1 fit of errors with a kink around λ·φ, with an incumbent and a box F. Centred and scaled as
// the fit itself would. Two forms of it for solvers that take a general LP.
import type { Box } from "../../src/outer/box.ts";
import type { LpProblem } from "../../src/outer/lp.ts";
import { Random } from "../../src/random.ts";

/** LpProblem with its matrix by columns and its bounds filled in. */
export interface ColumnLp extends LpProblem {
  readonly matrix: {
    readonly rows: number;
    readonly columnStarts: number[];
    readonly rowIndices: number[];
    readonly values: number[];
  };
  readonly cost: number[];
  readonly rowLower: number[];
  readonly rowUpper: number[];
  readonly colLower: number[];
  readonly colUpper: number[];
}

export interface Instance {
  readonly k: number;
  readonly phi: Float64Array;
  readonly error: Float64Array;
  readonly best: number;
  readonly F: Box;
}

export const sizes: readonly (readonly [m: number, k: number])[] = [
  [50, 3],
  [500, 3],
  [500, 12],
  [5000, 12],
  [10000, 50],
];
export const seeds = [1, 2, 3] as const;
/** Observations that come later, for warm solves; none of them is a new incumbent. */
export const later = 5;

/** m observations and then `later` more. */
export function instance(seed: number, m: number, k: number): Instance {
  const random = new Random(seed, 7);
  const truth = Array.from({ length: k }, (_, j) => (j === 0 ? 1 : 0.05 + random.uniform()));
  const count = m + later;
  const phi = new Float64Array(count * k);
  const error = new Float64Array(count);
  let best = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < k; j++) {
      phi[i * k + j] = random.normal();
      error[i]! += truth[j]! * phi[i * k + j]!;
    }
    error[i] = error[i]! + 0.3 * random.normal() + 0.1 * Math.abs(error[i]!);
    if (i < m && error[i]! < error[best]!) best = i;
  }
  for (let i = m; i < count; i++) error[i] = Math.max(error[i]!, error[best]! + 0.01);
  const lower = Float64Array.from(truth, (_, j) => (j === 0 ? 1 : 1e-6));
  const upper = Float64Array.from(truth, (_, j) => (j === 0 ? 1 : 10));
  return { k, phi, error, best, F: { lower, upper } };
}

function emptyLp(rows: number): ColumnLp {
  return {
    matrix: { rows, columnStarts: [0], rowIndices: [], values: [] },
    cost: [],
    rowLower: [],
    rowUpper: [],
    colLower: [],
    colUpper: [],
  };
}

function addColumn(
  { matrix, ...lp }: ColumnLp,
  cost: number,
  low: number,
  high: number,
  entries: Iterable<readonly [row: number, value: number]>,
): void {
  lp.cost.push(cost);
  lp.colLower.push(low);
  lp.colUpper.push(high);
  for (const [row, value] of entries) {
    if (value === 0) continue;
    matrix.rowIndices.push(row);
    matrix.values.push(value);
  }
  matrix.columnStarts.push(matrix.values.length);
}

const infinity = Number.POSITIVE_INFINITY;

/** The columns of the dual form of observations from … to: y ∈ [−1, 1] of the observation, z ≥ 0 of its ordering row. */
export function addObservations(lp: ColumnLp, { k, phi, error, best }: Instance, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const row = Array.from({ length: k }, (_, j) => [j, phi[i * k + j]!] as const);
    addColumn(lp, -error[i]!, -1, 1, [...row, [k + 1, 1]]);
    if (i === best) continue;
    const above = row.map(([j, value]) => [j, value - phi[best * k + j]!] as const);
    addColumn(lp, 0, 0, infinity, above);
  }
}

/** k + 2 rows, minus the optimum: the form that suits a simplex solver best. */
export function dualForm(data: Instance, m: number): ColumnLp {
  const { k, F } = data;
  const lp = emptyLp(k + 2);
  lp.rowLower.push(...new Array<number>(k + 2).fill(0));
  lp.rowUpper.push(...new Array<number>(k + 2).fill(0));
  for (let j = 0; j < k; j++) {
    const low = F.lower[j]!;
    const high = F.upper[j]!;
    addColumn(lp, 0, low === high ? -infinity : 0, infinity, [
      [j, 1],
      [k, -low],
    ]);
    if (low === high) continue;
    addColumn(lp, 0, 0, infinity, [
      [j, -1],
      [k, high],
    ]);
  }
  addObservations(lp, data, 0, m);
  return lp;
}

/** As one would write it down: μ, α ≥ 0, c = c⁺ − c⁻, and the two sides of each residual; all columns ≥ 0. */
export function primalForm({ k, phi, error, best, F }: Instance, m: number): ColumnLp {
  const rows = 2 * m + 2 * k;
  const lp = emptyLp(rows);
  for (let i = 0; i < m; i++) lp.rowLower.push(error[i]!);
  for (let i = 0; i < m + 2 * k; i++) lp.rowLower.push(0);
  for (let i = 0; i < rows; i++) lp.rowUpper.push(i < m ? error[i]! : infinity);
  for (let j = 0; j < k; j++) {
    const entries: [number, number][] = [];
    for (let i = 0; i < m; i++) entries.push([i, phi[i * k + j]!]);
    for (let i = 0; i < m; i++) entries.push([m + i, phi[i * k + j]! - phi[best * k + j]!]);
    addColumn(lp, 0, 0, infinity, [...entries, [2 * m + 2 * j, 1], [2 * m + 2 * j + 1, -1]]);
  }
  const box = Array.from(F.lower).flatMap((low, j): [number, number][] => [
    [2 * m + 2 * j, -low],
    [2 * m + 2 * j + 1, F.upper[j]!],
  ]);
  addColumn(lp, 0, 0, infinity, box);
  for (const sign of [1, -1]) {
    addColumn(
      lp,
      0,
      0,
      infinity,
      Array.from({ length: m }, (_, i) => [i, sign] as const),
    );
  }
  for (let i = 0; i < m; i++) for (const sign of [1, -1]) addColumn(lp, 1, 0, infinity, [[i, sign]]);
  return lp;
}
