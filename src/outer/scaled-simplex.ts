import type { Arena, Pointer } from "../wasm/arena.ts";
import type { LpKernels } from "../wasm/lp.ts";
import { isRun } from "./lp-matrix.ts";
import { equilibrate, type LpScaling } from "./lp-scaling.ts";
import { denoised, type LpModel } from "./lp-verification.ts";

/** How a run of the simplex method ends, by the kernel's numbers. */
export const ENDS = ["optimal", "infeasible", "limit", "numerical", "unbounded"] as const;

export type SimplexEnd = (typeof ENDS)[number];

/** Arrays of `simplexArray`. */
const STARTS = 0;
const ROWS = 1;
const VALUES = 2;
const COST = 3;
const LOWER = 4;
const UPPER = 5;
const STATUSES = 6;
const X = 7;
/** Or the row that proves infeasibility. */
const Y = 8;
const UNITS = 9;
const PIVOT_COLUMN = 10;
const RUNS = 11;

/** Numbers of `simplexNumber`. */
const ITERATIONS = 0;
const RAY_VARIABLE = 1;
const RAY_DIRECTION = 2;

/** Least unit of a scaled reduced cost: times the tolerance of 1e-9 it is about the rounding in one. */
const LEAST_UNIT = 1e-5;

/** A linear program in Wasm memory, in scaled units; what it tells is in those of the model. */
export class ScaledSimplex {
  readonly model: LpModel;
  readonly #arena: Arena<LpKernels>;
  readonly #block: Pointer;
  readonly #scaling: LpScaling;

  constructor(arena: Arena<LpKernels>, model: LpModel, basis: readonly number[], seed: number) {
    const { columns, rowLower } = model;
    const [n, m] = [columns.length, rowLower.length];
    const nonzeros = columns.reduce((sum, { rows }) => sum + rows.length, 0);
    const k = arena.kernels;
    this.model = model;
    this.#arena = arena;
    this.#scaling = equilibrate(columns, m, model.cost);
    this.#block = arena.bytes(k.simplexBytes(n, m, nonzeros));
    k.simplexInit(this.#block, n, m, nonzeros, seed);
    this.#fillMatrix(nonzeros);
    this.#fillBounds();
    this.#statuses.set(basis);
  }

  get #size(): readonly [columns: number, rows: number] {
    return [this.model.columns.length, this.model.rowLower.length];
  }

  #doubles(which: number, length: number): Float64Array {
    return this.#arena.viewF64(this.#arena.kernels.simplexArray(this.#block, which), length);
  }

  #integers(which: number, length: number): Int32Array {
    return this.#arena.viewI32(this.#arena.kernels.simplexArray(this.#block, which), length);
  }

  get #statuses(): Int32Array {
    const [n, m] = this.#size;
    return this.#integers(STATUSES, n + m);
  }

  #fillMatrix(nonzeros: number): void {
    const { columns } = this.model;
    const { row: rowScale, column: columnScale } = this.#scaling;
    const starts = this.#integers(STARTS, columns.length + 1);
    const rows = this.#integers(ROWS, nonzeros);
    const values = this.#doubles(VALUES, nonzeros);
    const runs = this.#integers(RUNS, columns.length);
    let e = 0;
    for (const [j, column] of columns.entries()) {
      runs[j] = isRun(column.rows) ? 1 : 0;
      for (const [i, row] of column.rows.entries()) {
        rows[e] = row;
        values[e++] = column.values[i]! * columnScale[j]! * rowScale[row]!;
      }
      starts[j + 1] = e;
    }
  }

  #fillBounds(): void {
    const { cost, rowLower, rowUpper, colLower, colUpper } = this.model;
    const { row: rowScale, column: columnScale, cost: costScale } = this.#scaling;
    const [n, m] = this.#size;
    const scaledCost = this.#doubles(COST, n + m);
    const lower = this.#doubles(LOWER, n + m);
    const upper = this.#doubles(UPPER, n + m);
    // The dual residual of the problem as given is relative to 1 + |cost|; in scaled units not below rounding.
    const units = this.#doubles(UNITS, n + m);
    const unit = (size: number) => Math.min(Math.max(size, LEAST_UNIT), 1);
    for (let j = 0; j < n; j++) {
      const scale = columnScale[j]!;
      scaledCost[j] = cost[j]! * scale * costScale;
      units[j] = unit((1 + Math.abs(cost[j]!)) * scale * costScale);
      lower[j] = colLower[j]! / scale;
      upper[j] = colUpper[j]! / scale;
    }
    for (let i = 0; i < m; i++) {
      units[n + i] = unit(costScale / rowScale[i]!);
      lower[n + i] = rowLower[i]! * rowScale[i]!;
      upper[n + i] = rowUpper[i]! * rowScale[i]!;
    }
  }

  /** At most so many iterations. */
  run(iterations: number, tolerance: number): SimplexEnd {
    return ENDS[this.#arena.kernels.simplexSolve(this.#block, iterations, tolerance)]!;
  }

  /** Iterations of the last run. */
  get iterations(): number {
    return this.#arena.kernels.simplexNumber(this.#block, ITERATIONS);
  }

  /** Begins once more by another way: from the logicals, with other perturbations. */
  restart(seed: number): void {
    const [n] = this.#size;
    this.#statuses.fill(2, 0, n).fill(3, n);
    this.#arena.kernels.simplexRestart(this.#block, seed);
  }

  /** Statuses as in `LpBasis`. */
  get basis(): number[] {
    return Array.from(this.#statuses);
  }

  /** What an optimal run has found. */
  solution(): { readonly x: Float64Array; readonly rowDuals: Float64Array } {
    const { colLower, colUpper } = this.model;
    const { row, column, cost } = this.#scaling;
    const [n, m] = this.#size;
    const x = Float64Array.from(this.#doubles(X, n), (value, j) =>
      Math.min(Math.max(value * column[j]!, colLower[j]!), colUpper[j]!),
    );
    return { x, rowDuals: Float64Array.from(this.#doubles(Y, m), (value, i) => (value * row[i]!) / cost + 0) };
  }

  /** Row multipliers that may prove that a run was right to end infeasible. */
  dualRay(): Float64Array {
    const [, m] = this.#size;
    return denoised(this.#doubles(Y, m)).map((value, i) => value * this.#scaling.row[i]!);
  }

  /** A direction that may prove that a run was right to end unbounded. */
  primalRay(): Float64Array {
    const k = this.#arena.kernels;
    const [n, m] = this.#size;
    const scale = this.#scaling.column;
    const ray = new Float64Array(n);
    const direction = k.simplexNumber(this.#block, RAY_DIRECTION);
    // The last entry is that of the entering variable.
    const column = denoised(Float64Array.of(...this.#doubles(PIVOT_COLUMN, m), 1));
    for (let i = 0; i < m; i++) {
      const j = k.simplexHead(this.#block, i);
      if (j < n) ray[j] = -direction * column[i]! * scale[j]!;
    }
    const entering = k.simplexNumber(this.#block, RAY_VARIABLE);
    if (entering < n) ray[entering] = direction * scale[entering]!;
    return ray;
  }
}
