import type { Objective } from "../models/objective.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** A part of a new model below this share of it, per output, is not a new direction. */
const DIRECTION_TOLERANCE = 1e-3;

/**
 * Orthonormal vectors of the models seen, of every output its own: the record of assembly/reduced/basis.ts. Models are outputs ×
 * capacity coefficients of them, the first of which is the intercept.
 */
export class Basis {
  readonly pointer: Pointer;
  readonly capacity: number;
  /** Coefficients of the model that `set` was last given. */
  readonly parts: Pointer;
  readonly #arena: Arena<Kernels>;
  readonly #outputs: number;
  readonly #columns: number;
  readonly #vectors: Pointer;
  /** Columns that a model of the span has a weight of come first; 0: as they come. */
  readonly #columnOf: Pointer;
  readonly #unit: Pointer;

  /** @param asTheyCome whether columns keep their order */
  constructor(
    arena: Arena<Kernels>,
    { outputs, columns }: Pick<Objective, "outputs" | "columns">,
    capacity: number,
    asTheyCome: boolean,
  ) {
    this.#arena = arena;
    this.#outputs = outputs;
    this.#columns = columns;
    this.capacity = capacity;
    this.pointer = arena.bytes(arena.kernels.basisBytes());
    this.#vectors = arena.f64(outputs * capacity * columns);
    this.#columnOf = asTheyCome ? 0 : arena.i32(columns);
    this.parts = arena.f64(this.length);
    this.#unit = arena.f64(this.length);
    this.clear();
  }

  /** Coefficients of a model. */
  get length(): number {
    return this.#outputs * this.capacity;
  }

  /** Coefficients per output that are in use. */
  get size(): number {
    return this.#arena.kernels.basisSize(this.pointer);
  }

  /** Empties the basis but for the intercepts. */
  clear(): void {
    const k = this.#arena.kernels;
    k.basisInit(this.pointer, this.#outputs, this.#columns, this.capacity, this.#vectors, this.#columnOf);
  }

  /** A slot for the next model: a new one, or that of the direction which these coefficients use least. */
  slotBeside(coefficients: Pointer): number {
    if (this.size < this.capacity) return this.size;
    const a = this.#arena.viewF64(coefficients, this.length);
    let least = 1;
    let smallest = Number.POSITIVE_INFINITY;
    for (let j = 1; j < this.capacity; j++) {
      let use = 0;
      for (let c = 0; c < this.#outputs; c++) use += a[c * this.capacity + j]! ** 2;
      if (use < smallest) {
        smallest = use;
        least = j;
      }
    }
    return least;
  }

  /**
   * Makes a slot what is new of a model; undefined where nothing is. An output of which nothing is new keeps the vector that it
   * had there, and `kept` says so: of few columns a span is soon all there is, and would lose a direction.
   */
  set(slot: number, theta: Pointer): { readonly kept: boolean } | undefined {
    const vectors = slot < this.size ? this.#vectorsOf(slot) : [];
    const before = vectors.map((vector) => vector.slice());
    const gained = this.#arena.kernels.basisSet(this.pointer, slot, theta, DIRECTION_TOLERANCE, this.parts);
    let kept = false;
    for (const [c, vector] of vectors.entries()) {
      if (!vector.every((value) => value === 0)) continue;
      vector.set(before[c]!);
      kept = true;
    }
    return gained === 0 ? undefined : { kept };
  }

  /** coefficients ← the projection of θ. */
  project(theta: Pointer, coefficients: Pointer): void {
    this.#arena.kernels.basisProject(this.pointer, theta, coefficients);
  }

  /** θ ← the model of these coefficients. */
  expand(coefficients: Pointer, theta: Pointer): void {
    this.#arena.kernels.basisExpand(this.pointer, coefficients, theta);
  }

  /** θ ← the vectors of one slot, as a model without intercepts. */
  expandSlot(slot: number, theta: Pointer): void {
    const unit = this.#arena.viewF64(this.#unit, this.length);
    unit.fill(0);
    for (let c = 0; c < this.#outputs; c++) unit[c * this.capacity + slot] = 1;
    this.expand(this.#unit, theta);
  }

  /** The vectors of a slot, one per output. */
  #vectorsOf(slot: number): Float64Array[] {
    const at = (c: number) => this.#vectors + 8 * this.#columns * (c * this.capacity + slot);
    return Array.from({ length: this.#outputs }, (_, c) => this.#arena.viewF64(at(c), this.#columns));
  }
}
