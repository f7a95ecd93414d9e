import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** Rows whose scores are judged by their order alone: by the area under the ROC curve. */
export class Ranking {
  readonly #arena: Arena<Kernels>;
  /** Rows in the order of their classes, and where each class begins. */
  readonly #rows: Pointer;
  readonly #starts: Int32Array;
  /** In the order of `#rows`. */
  readonly #weights: Pointer;
  readonly #scratch: Pointer;
  /** Room for the log-odds of every class of several outputs, [output][row]; 0 until it is needed. */
  #logOdds: Pointer = 0;

  /** @param labels a class per row, from 0 to before `classes` */
  constructor(arena: Arena<Kernels>, labels: Float64Array, classes: number, weights?: ArrayLike<number>) {
    this.#arena = arena;
    this.#starts = new Int32Array(classes + 1);
    for (const label of labels) this.#starts[label + 1]!++;
    for (let c = 0; c < classes; c++) this.#starts[c + 1]! += this.#starts[c]!;
    const next = this.#starts.slice();
    const rows = new Int32Array(labels.length);
    for (const [i, label] of labels.entries()) rows[next[label]!++] = i;
    this.#rows = arena.copy(rows);
    this.#weights = weights ? arena.copy(Float64Array.from(rows, (i) => weights[i]!)) : 0;
    this.#scratch = arena.raw(arena.kernels.aucScratchBytes(rows.length));
  }

  /** 1 − AUC from scores, [output][row]; of several outputs the mean of one class against the rest, by its probability. */
  error(outputs: number, scores: Pointer): number {
    if (outputs === 1) return this.#errorOf(1, scores);
    this.#logOdds ||= this.#arena.f64(outputs * this.length);
    this.#arena.kernels.logOdds(this.length, outputs, scores, this.#logOdds);
    return this.errorOfOrder(outputs, this.#logOdds);
  }

  /** The same from what orders the rows for each output, [output][row]. */
  errorOfOrder(outputs: number, orders: Pointer): number {
    if (outputs === 1) return this.#errorOf(1, orders);
    const { length } = this;
    let sum = 0;
    for (let c = 0; c < outputs; c++) sum += this.#errorOf(c, orders + 8 * c * length);
    return sum / outputs;
  }

  get length(): number {
    return this.#starts.at(-1)!;
  }

  #errorOf(c: number, scores: Pointer): number {
    const [first, end] = [this.#starts[c]!, this.#starts[c + 1]!];
    return this.#arena.kernels.aucError(this.length, scores, this.#rows, first, end, this.#weights, this.#scratch);
  }
}
