import type { LpProblem } from "../../src/outer/lp.ts";
import type { Random } from "../../src/random.ts";

export const INFINITE = Number.POSITIVE_INFINITY;

/** Rows with their bounds, columns with their entries. */
export class LpBuilder {
  readonly cost: number[] = [];
  readonly rowLower: number[] = [];
  readonly rowUpper: number[] = [];
  readonly colLower: number[] = [];
  readonly colUpper: number[] = [];
  readonly #entries: [row: number, value: number][][] = [];

  row(low: number, high: number): number {
    this.rowUpper.push(high);
    return this.rowLower.push(low) - 1;
  }

  column(cost: number, low: number, high: number, entries: [row: number, value: number][]): number {
    this.cost.push(cost);
    this.colLower.push(low);
    this.colUpper.push(high);
    return this.#entries.push(entries) - 1;
  }

  problem(): LpProblem {
    const columnStarts = [0];
    for (const entries of this.#entries) columnStarts.push(columnStarts.at(-1)! + entries.length);
    const all = this.#entries.flat();
    const { cost, rowLower, rowUpper, colLower, colUpper } = this;
    const matrix = {
      rows: rowLower.length,
      columnStarts,
      rowIndices: all.map(([row]) => row),
      values: all.map(([, value]) => value),
    };
    return { cost, matrix, rowLower, rowUpper, colLower, colUpper };
  }
}

export function integer(random: Random, low: number, high: number): number {
  return low + random.below(high - low + 1);
}

/** About 10^U(−e, e), three digits, as people write numbers; read from text, so that every engine has the same. */
export function decade(random: Random, e: number): number {
  const exponent = 2 * e * random.uniform() - e;
  const whole = Math.floor(exponent);
  return Number(`${(1 + 9 * (exponent - whole)).toFixed(2)}e${whole}`);
}

/** base^n by multiplication: the engines' ** differ in the last bit. */
export function power(base: number, n: number): number {
  let result = 1;
  for (let i = 0; i < n; i++) result *= base;
  return result;
}
