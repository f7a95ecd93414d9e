import { LearnLossError } from "../errors.ts";
import type { HeapAbi, Instance } from "./module.ts";
import { renew } from "./shared.ts";

/** Address of a block in Wasm memory below 2³²; kernels return those from 2³¹ on as negative numbers. */
export type Pointer = number;

type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/**
 * The Wasm memory of one fit, one tuner or one LP: allocated piece by piece, released as a whole. Views are made for
 * one use: never keep one across a call that may allocate, because growth detaches it.
 */
export class Arena<K extends Instance<object> = Instance<object>> {
  readonly #kernels: K;
  readonly #blocks = new Set<Pointer>();
  readonly #shared = new Map<string, { readonly pointer: Pointer; readonly bytes: number }>();
  readonly #nested = new Set<Arena<K>>();
  #siblings: Set<Arena<K>> | undefined;
  #disposed = false;

  constructor(kernels: K) {
    this.#kernels = kernels;
    leaks.register(this, { heap: kernels, blocks: this.#blocks }, this);
  }

  /** What works on its memory, never on memory that was released. @throws DISPOSED */
  get kernels(): K {
    if (this.#disposed) throw new LearnLossError("DISPOSED", "This object was disposed: create a new one.");
    return this.#kernels;
  }

  /** A block of `size` bytes, aligned to 64, zeroed. */
  bytes(size: number): Pointer {
    const pointer = this.raw(size);
    new Uint8Array(this.kernels.memory.buffer, pointer, unsigned(size)).fill(0);
    return pointer;
  }

  /** The same with whatever was there: for what is about to be written. */
  raw(size: number): Pointer {
    const bytes = unsigned(size);
    const { kernels } = this;
    const pointer = bytes > 0xffff0000 ? 0 : kernels.allocate(bytes) >>> 0;
    if (pointer === 0) {
      renew(kernels);
      throw new LearnLossError(
        "OUT_OF_MEMORY",
        `WebAssembly memory cannot grow by ${bytes} bytes (its limit is 4 GiB): use fewer rows, or Float32Array data.`,
      );
    }
    this.#blocks.add(pointer);
    return pointer;
  }

  /**
   * A block of at least `size` bytes that is the same for all who ask for it for this use, zeroed once: nothing in it
   * outlives the call that wrote it.
   */
  shared(size: number, use = "any"): Pointer {
    const known = this.#shared.get(use);
    const bytes = unsigned(size);
    if (known && bytes <= known.bytes) return known.pointer;
    const pointer = this.bytes(bytes); // who asked for less may still write in the block of then
    this.#shared.set(use, { pointer, bytes });
    return pointer;
  }

  /**
   * Memory of its own, released with this one's at the latest: for work that may be left in the middle, as that of a
   * generator is when a budget ends it.
   */
  nested(): Arena<K> {
    const arena = new Arena(this.kernels);
    arena.#siblings = this.#nested.add(arena);
    return arena;
  }

  /** Gives one block back before the arena ends. */
  free(pointer: Pointer): void {
    if (this.#blocks.delete(pointer)) this.#kernels.release(pointer);
  }

  f64(length: number): Pointer {
    return this.bytes(length * 8);
  }

  i32(length: number): Pointer {
    return this.bytes(length * 4);
  }

  /** A block holding a copy of `array`. */
  copy(array: TypedArray): Pointer {
    const pointer = this.raw(array.byteLength);
    const source = new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
    new Uint8Array(this.kernels.memory.buffer, pointer, array.byteLength).set(source);
    return pointer;
  }

  viewF64(pointer: Pointer, length: number): Float64Array {
    return new Float64Array(this.kernels.memory.buffer, unsigned(pointer), length);
  }

  viewF32(pointer: Pointer, length: number): Float32Array {
    return new Float32Array(this.kernels.memory.buffer, unsigned(pointer), length);
  }

  viewI32(pointer: Pointer, length: number): Int32Array {
    return new Int32Array(this.kernels.memory.buffer, unsigned(pointer), length);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Releases everything; harmless when called again. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    leaks.unregister(this);
    this.#siblings?.delete(this);
    for (const arena of this.#nested) arena.dispose();
    releaseAll({ heap: this.#kernels, blocks: this.#blocks });
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What a kernel returned: addresses and sizes arrive signed. */
function unsigned(size: number): number {
  return size < 0 ? size + 2 ** 32 : size;
}

interface Lease {
  readonly heap: HeapAbi;
  readonly blocks: Set<Pointer>;
}

function releaseAll({ heap, blocks }: Lease): void {
  for (const pointer of blocks) heap.release(pointer);
  blocks.clear();
}

/** An arena that its owner forgot is released when it is collected. */
const leaks = new FinalizationRegistry<Lease>(releaseAll);
