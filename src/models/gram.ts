import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** Least passes of a solve, with a warm start. */
const SOLVE = 2;

/** What Gram reads of an objective. */
interface Summed {
  readonly pointer: Pointer;
  readonly rows: number;
  readonly columns: number;
}

/** Passes before this solve, and in it. */
interface Spent {
  readonly before: number;
  readonly here: number;
}

/**
 * Second moments of an objective's rows, by which squared losses are minimized for hardly anything more than they cost
 * (assembly/losses/gram.ts, assembly/inner/moment-descent.ts).
 */
export class Gram {
  /** Whether there are fewer rows than columns: a gradient by second moments costs more than one by the rows. */
  readonly wide: boolean;
  readonly #arena: Arena<Kernels>;
  readonly #objective: Summed;
  #moments: Pointer = 0;
  /** Rows that the moments have been formed of so far. */
  #rows = 0;
  #used = false;

  constructor(arena: Arena<Kernels>, objective: Summed) {
    this.#arena = arena;
    this.#objective = objective;
    this.wide = objective.rows < objective.columns;
  }

  /** Passes, spent or ahead, from which on they pay: their cost, four times that if `wide`; Infinity if unusable or in use. */
  get passes(): number {
    const { pointer, columns } = this.#objective;
    const unusable = this.#used || this.#arena.kernels.objectiveGramBytes(pointer) === 0;
    if (unusable) return Number.POSITIVE_INFINITY;
    return this.wide ? columns + 3 : (columns + 3) / 4;
  }

  /**
   * Whether to begin to use them: once `passes` are spent (so that all costs at most twice what the better way would have), or at
   * once, if the solves to come will cost as much. For wide data, only once this solve alone has spent them.
   */
  pays({ before, here }: Spent, solves = 1): boolean {
    return this.wide ? here >= this.passes : Math.max(before + here, SOLVE * solves) >= this.passes;
  }

  /** Some 10 ms of forming them, where they pay. Returns whether that is done. */
  form(): boolean {
    const { pointer, rows } = this.#objective;
    const k = this.#arena.kernels;
    if (this.#moments === 0) this.#moments = this.#arena.raw(k.objectiveGramBytes(pointer));
    if (this.#rows < rows) this.#rows = k.objectiveFormGram(pointer, this.#moments, this.#rows);
    return this.#rows === rows;
  }

  /** Uses them, formed in whole if need be: gradients are of f64 arithmetic from now on. */
  use(): void {
    while (!this.form());
    this.#used = true;
    this.#arena.kernels.objectiveUseGram(this.#objective.pointer, this.#moments);
  }

  /** Gradients are those of the rows again. */
  leave(): void {
    this.#used = false;
    this.#arena.kernels.objectiveUseGram(this.#objective.pointer, 0);
  }
}
