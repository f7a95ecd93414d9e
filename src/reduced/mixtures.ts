import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** Mixtures that are made at once, for little more than one. */
export const TOGETHER = 4;

/** Up to `capacity` vectors of one length, to be mixed: Σ_j w_j·v_j. */
export class Mixtures {
  readonly #arena: Arena<Kernels>;
  readonly #length: number;
  readonly capacity: number;
  /** In strips, as assembly/linalg/mixture.ts keeps them. */
  readonly vectors: Pointer;
  readonly #mixed: Pointer;
  readonly #weights: Pointer;

  constructor(arena: Arena<Kernels>, length: number, capacity: number) {
    this.#arena = arena;
    this.#length = length;
    this.capacity = capacity;
    this.vectors = arena.bytes(arena.kernels.stripBytes(length, capacity));
    this.#mixed = arena.bytes(arena.kernels.stripBytes(length, TOGETHER));
    this.#weights = arena.f64(capacity * TOGETHER);
  }

  /** Vector `slot` ← v. */
  set(slot: number, v: Pointer): void {
    this.#arena.kernels.stripSet(this.#length, this.capacity, slot, v, this.vectors);
  }

  /** The mixtures with up to `TOGETHER` sets of weights, of the first vectors; valid until the next. */
  mix(sets: readonly Float64Array[]): Pointer[] {
    const weights = this.weights(sets);
    const { kernels } = this.#arena;
    const [count, many] = [sets[0]!.length, sets.length === 1 ? 1 : TOGETHER];
    kernels.mix(this.#length, this.capacity, count, many, weights, this.vectors, this.#mixed);
    const stride = kernels.stripBytes(this.#length, 1);
    return sets.map((_, m) => this.#mixed + m * stride);
  }

  /** The sets side by side, as the kernels read them; valid until the next. */
  weights(sets: readonly Float64Array[]): Pointer {
    const count = sets[0]!.length;
    const weights = this.#arena.viewF64(this.#weights, count * TOGETHER).fill(0);
    for (const [m, set] of sets.entries()) for (let j = 0; j < count; j++) weights[j * TOGETHER + m] = set[j]!;
    return this.#weights;
  }
}
