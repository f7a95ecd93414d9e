import { given, LearnLossError } from "../errors.ts";
import { checkNames, type OptionNames } from "../option-names.ts";
import { Arena } from "../wasm/arena.ts";
import { type LpKernels, lpKernels } from "../wasm/lp.ts";
import { columnsOf, type LpMatrix, type SparseColumn } from "./lp-matrix.ts";
import { boundsOf, finite, iterationLimit, MOST_ITERATIONS } from "./lp-numbers.ts";
import { checkDualRay, checkPrimalRay, crossedBounds, type Kkt, kktOf, type LpModel } from "./lp-verification.ts";
import { ScaledSimplex, type SimplexEnd } from "./scaled-simplex.ts";

/** minimize cost·x subject to rowLower ≤ A x ≤ rowUpper, colLower ≤ x ≤ colUpper; bounds may be ±Infinity. */
export interface LpProblem {
  /** One per column. */
  readonly cost: ArrayLike<number>;
  /** A, dense, by columns or by rows. */
  readonly matrix: LpMatrix;
  /** @default −Infinity */
  readonly rowLower?: ArrayLike<number>;
  /** @default +Infinity */
  readonly rowUpper?: ArrayLike<number>;
  /** @default 0 */
  readonly colLower?: ArrayLike<number>;
  /** @default +Infinity */
  readonly colUpper?: ArrayLike<number>;
  /** Added to the objective. @default 0 */
  readonly offset?: number;
}

const PROBLEM_NAMES: OptionNames<LpProblem> = {
  cost: true,
  matrix: true,
  rowLower: true,
  rowUpper: true,
  colLower: true,
  colUpper: true,
  offset: true,
};

/** Options of one solve. */
export interface LpOptions {
  /**
   * Feasibility and optimality tolerance of the scaled problem, relative to 1 + |bound|. An outcome is optimal when the
   * `kkt` residuals of the problem as given are below it too (1e-9 if that is more), but for what the rounding of x and y
   * to doubles alone may do; else numerical. @default 1e-9
   */
  readonly tolerance?: number;
  /** @default 10000 + 50·(rows + columns) */
  readonly maxIterations?: number;
  /** Milliseconds. @default none */
  readonly timeLimit?: number;
  /** Seeds the perturbations that end stalls: the same seed, the same pivots. From 0 to 2³¹ − 1. @default 0 */
  readonly seed?: number;
}

/** One entry per column, then one per row: 0 at the lower bound, 1 at the upper, 2 free at 0, 3 basic. */
export type LpBasis = Uint8Array;

/** The places in a basis of what has none yet, as in assembly/outer/simplex/model.ts. */
const [FREE, BASIC] = [2, 3];

interface Common {
  readonly iterations: number;
  readonly milliseconds: number;
}

/** How a solve ended, with what it found or proved. */
export type LpOutcome =
  | (Common & {
      readonly status: "optimal";
      readonly x: Float64Array;
      readonly objective: number;
      /** d objective / d bound of each row: ≥ 0 where the lower bound is active. */
      readonly rowDuals: Float64Array;
      readonly reducedCosts: Float64Array;
      readonly basis: LpBasis;
      readonly kkt: Kkt;
    })
  | (Common & {
      readonly status: "infeasible";
      /** Row multipliers y, ‖y‖∞ = 1: y·(A x) is above what the row bounds allow for every x within its bounds. */
      readonly ray: Float64Array;
      /** By how much it is above, relative to the numbers compared. */
      readonly margin: number;
      readonly basis: LpBasis;
    })
  | (Common & {
      readonly status: "unbounded";
      /** Direction, ‖·‖∞ = 1, along which bounds and rows stay satisfied and the cost falls. */
      readonly ray: Float64Array;
      /** The rate at which the cost falls, relative to the sum of its terms. */
      readonly margin: number;
      readonly basis: LpBasis;
    })
  | (Common & { readonly status: "iteration-limit" | "time-limit" | "numerical"; readonly basis: LpBasis });

/** Rows above which the dense inverse would not fit comfortably. */
const MOST_ROWS = 5000;
/** Largest KKT residual of an optimum, unless a larger tolerance was asked for. */
const RESIDUAL = 1e-9;
/** Shares of the tolerance that are tried in turn while the problem as given is left with more than that. */
const STRICTER = [1, 0.1, 0.01, 0.001] as const;
/** Iterations between two looks at the clock. */
const SLICE = 100;

/** Limits and settings of one solve, defaults in place. */
interface Limits extends Required<Pick<LpOptions, "tolerance" | "timeLimit" | "seed">> {
  readonly most: number;
  readonly elapsed: () => number;
}

/** A linear program that is solved again and again: the basis survives every edit. */
export class Lp {
  readonly #kernels: LpKernels;
  readonly #columns: SparseColumn[];
  readonly #cost: number[];
  readonly #bounds: { rowLower: number[]; rowUpper: number[]; colLower: number[]; colUpper: number[] };
  readonly #offset: number;
  #basis: number[];
  #disposed = false;

  /** @throws SHAPE, NON_FINITE, BOUNDS, TOO_LARGE, OPTION for a name that is nearly one of a problem */
  constructor(problem: LpProblem, kernels: LpKernels = lpKernels()) {
    checkNames(problem, PROBLEM_NAMES);
    this.#kernels = kernels;
    const n = given("cost", problem.cost).length;
    const { rows } = given("matrix", problem.matrix);
    checkRows(rows);
    this.#columns = columnsOf(problem.matrix, n);
    this.#cost = finite(problem.cost, "cost");
    this.#offset = finite([problem.offset ?? 0], "offset")[0]!;
    this.#bounds = {
      rowLower: boundsOf(problem.rowLower, rows, Number.NEGATIVE_INFINITY, "lower", "rowLower"),
      rowUpper: boundsOf(problem.rowUpper, rows, Number.POSITIVE_INFINITY, "upper", "rowUpper"),
      colLower: boundsOf(problem.colLower, n, 0, "lower", "colLower"),
      colUpper: boundsOf(problem.colUpper, n, Number.POSITIVE_INFINITY, "upper", "colUpper"),
    };
    this.#basis = [...new Array<number>(n).fill(FREE), ...new Array<number>(rows).fill(BASIC)];
  }

  /** Rows of A. */
  get rows(): number {
    return this.#bounds.rowLower.length;
  }

  /** Columns of A. */
  get columns(): number {
    return this.#cost.length;
  }

  /** Appends rows; they enter with their activity basic, so the basis stays dual feasible. */
  addRows(matrix: LpMatrix, lower: ArrayLike<number>, upper: ArrayLike<number>): void {
    this.#alive();
    const first = this.rows;
    checkRows(first + given("matrix", matrix).rows);
    const added = columnsOf(matrix, this.columns);
    const low = boundsOf(given("lower", lower), matrix.rows, 0, "lower");
    const high = boundsOf(given("upper", upper), matrix.rows, 0, "upper");
    for (const [j, column] of added.entries()) {
      const mine = this.#columns[j]!;
      for (const [e, row] of column.rows.entries()) {
        mine.rows.push(first + row);
        mine.values.push(column.values[e]!);
      }
    }
    this.#bounds.rowLower.push(...low);
    this.#bounds.rowUpper.push(...high);
    this.#basis.push(...new Array<number>(matrix.rows).fill(BASIC));
  }

  /** Appends columns, nonbasic: the basis stays primal feasible where their bound is 0. */
  addColumns(matrix: LpMatrix, cost: ArrayLike<number>, lower: ArrayLike<number>, upper: ArrayLike<number>): void {
    this.#alive();
    if (given("matrix", matrix).rows !== this.rows)
      throw new LearnLossError("SHAPE", `The columns have ${matrix.rows} rows: give ${this.rows}.`);
    const added = columnsOf(matrix, given("cost", cost).length);
    const costs = finite(cost, "cost");
    const low = boundsOf(given("lower", lower), cost.length, 0, "lower");
    const high = boundsOf(given("upper", upper), cost.length, 0, "upper");
    const rows = this.#basis.splice(this.columns);
    for (const [j, column] of added.entries()) {
      this.#basis.push(FREE);
      this.#columns.push(column);
      this.#cost.push(costs[j]!);
      this.#bounds.colLower.push(low[j]!);
      this.#bounds.colUpper.push(high[j]!);
    }
    this.#basis.push(...rows);
  }

  /** Sets the cost of a column; the basis stays primal feasible. @throws SHAPE, NON_FINITE, DISPOSED */
  changeCost(column: number, cost: number): void {
    this.#alive();
    this.#index(column, this.columns, "Column");
    this.#cost[column] = finite([cost], "cost")[0]!;
  }

  /** They may be infinite. @throws SHAPE, BOUNDS */
  changeColumnBounds(column: number, lower: number, upper: number): void {
    this.#change(column, lower, upper, "col");
  }

  /** They may be infinite. @throws SHAPE, BOUNDS */
  changeRowBounds(row: number, lower: number, upper: number): void {
    this.#change(row, lower, upper, "row");
  }

  /** Where the last solve ended; at first all rows are basic. A copy. */
  getBasis(): LpBasis {
    return Uint8Array.from(this.#basis);
  }

  /** @throws SHAPE; a basis that is singular or has too many or few basic entries is mended when solving */
  setBasis(basis: ArrayLike<number>): void {
    this.#alive();
    const list = Array.from(given("basis", basis));
    if (list.length !== this.#basis.length || list.some((s) => s !== 0 && s !== 1 && s !== 2 && s !== 3)) {
      throw new LearnLossError(
        "SHAPE",
        `The basis has ${list.length} entries: give ${this.#basis.length} of 0, 1, 2 or 3.`,
      );
    }
    this.#basis = list;
  }

  /** @throws OPTION, OUT_OF_MEMORY */
  solve(options: LpOptions = {}): LpOutcome {
    this.#alive();
    checkNames(options, { tolerance: true, maxIterations: true, timeLimit: true, seed: true });
    const { timeLimit = Number.POSITIVE_INFINITY, tolerance = 1e-9, seed = 0 } = options;
    const most = iterationLimit(options.maxIterations ?? 10_000 + 50 * (this.columns + this.rows));
    checkOption(tolerance > 0 && tolerance <= 1e-3, "tolerance", tolerance, "a number in (0, 1e-3]");
    checkOption(timeLimit > 0, "timeLimit", timeLimit, "a positive number of milliseconds");
    checkOption(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31, "seed", seed, "an integer from 0 to 2³¹ − 1");
    const began = performance.now();
    const crossed = crossedBounds(this.#model());
    const elapsed = () => performance.now() - began;
    if (crossed) return { ...crossed, iterations: 0, milliseconds: elapsed(), basis: this.getBasis() };
    const arena = new Arena(this.#kernels);
    try {
      const simplex = new ScaledSimplex(arena, this.#model(), this.#basis, seed);
      const outcome = this.#run(simplex, { tolerance, most, timeLimit, seed, elapsed });
      return { ...outcome, milliseconds: elapsed(), basis: this.getBasis() };
    } finally {
      arena.dispose();
    }
  }

  /** The simplex method on a scaled copy; what it finds is judged in the problem as given. */
  #run(simplex: ScaledSimplex, { tolerance, most, timeLimit, seed, elapsed }: Limits) {
    let iterations = 0;
    const run = (strictness: number): SimplexEnd => {
      let ended: SimplexEnd;
      do {
        const slice = timeLimit < Number.POSITIVE_INFINITY ? SLICE : MOST_ITERATIONS;
        ended = simplex.run(Math.min(slice, most - iterations), strictness);
        iterations += simplex.iterations;
      } while (ended === "limit" && iterations < most && elapsed() < timeLimit);
      return ended;
    };
    const solution = () => {
      const { x, rowDuals } = simplex.solution();
      const { excess, ...found } = kktOf(simplex.model, x, rowDuals, this.#offset);
      return excess <= Math.max(RESIDUAL, tolerance) ? { x, rowDuals, ...found } : undefined;
    };
    const attempt = () => {
      for (const share of STRICTER) {
        const ended = run(tolerance * share);
        if (ended === "limit") return { status: iterations < most ? "time-limit" : "iteration-limit" } as const;
        if (ended === "infeasible" || ended === "unbounded") {
          const proof =
            ended === "infeasible"
              ? checkDualRay(simplex.model, simplex.dualRay())
              : checkPrimalRay(simplex.model, simplex.primalRay());
          if (proof) return { status: ended, ...proof } as const;
        }
        const found = ended === "optimal" ? solution() : undefined;
        if (found) return { status: "optimal", ...found } as const;
        if (ended !== "optimal") break;
      }
      return { status: "numerical" } as const;
    };
    let outcome = attempt();
    if (outcome.status === "numerical") {
      simplex.restart(seed + 1);
      outcome = attempt();
    }
    this.#basis = simplex.basis;
    return { ...outcome, iterations };
  }

  /** Ends its use: edits and solves throw DISPOSED afterwards. There is no memory to free, as every solve frees its own. */
  dispose(): void {
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #model(): LpModel {
    return { columns: this.#columns, cost: this.#cost, ...this.#bounds };
  }

  #alive(): void {
    if (this.#disposed) throw new LearnLossError("DISPOSED", "This LP was disposed: create a new one.");
  }

  #index(index: number, count: number, what: string): void {
    if (!Number.isInteger(index) || index < 0 || index >= count)
      throw new LearnLossError("SHAPE", `${what} ${index} does not exist: there are ${count}.`);
  }

  #change(index: number, lower: number, upper: number, kind: "row" | "col"): void {
    this.#alive();
    this.#index(index, kind === "row" ? this.rows : this.columns, kind === "row" ? "Row" : "Column");
    const low = boundsOf([lower], 1, 0, "lower")[0]!;
    const high = boundsOf([upper], 1, 0, "upper")[0]!;
    this.#bounds[`${kind}Lower`][index] = low;
    this.#bounds[`${kind}Upper`][index] = high;
  }
}

/** A linear program to be solved again after each edit. It holds no Wasm memory between solves. @throws as `solveLp` */
export function createLp(problem: LpProblem): Lp {
  return new Lp(problem);
}

/** Solves a linear program once. @throws SHAPE, NON_FINITE, BOUNDS, TOO_LARGE, OPTION, OUT_OF_MEMORY */
export function solveLp(problem: LpProblem, options: LpOptions = {}): LpOutcome {
  return new Lp(problem).solve(options);
}

function checkOption(holds: boolean, name: string, given: number, expected: string): void {
  if (!holds) throw new LearnLossError("OPTION", `${name} is ${given}: give ${expected}.`);
}

function checkRows(rows: number): void {
  if (!Number.isInteger(rows) || rows < 0) throw new LearnLossError("SHAPE", `The matrix has ${rows} rows.`);
  if (rows > MOST_ROWS)
    throw new LearnLossError("TOO_LARGE", `The LP has ${rows} rows: this dense basis takes up to ${MOST_ROWS}.`);
}
