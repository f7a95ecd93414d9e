import { type Augmentation, checkImage } from "../features/augmentation.ts";
import { alternativesOf, type Change, checkTransformation } from "../features/transformation.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Rows } from "./objective.ts";
import { type Stencil, stencilsOf } from "./stencil.ts";

/** The numbers of assembly/augmentation/stages.ts. */
const STAGES = { stencil: 0, contrast: 1, cutout: 2, noise: 3 } as const;

/** Rows that lie side by side in lanes, and rows of a panel. */
const PACK = 8;
export const BLOCK = 32;

interface Stage {
  readonly kind: keyof typeof STAGES;
  readonly stencil?: Stencil;
  readonly amount?: number;
}

/**
 * The rows of a dataset under every transformation of an augmentation, made in Wasm a panel at a time: rows × (1 +
 * transformations) of them, of which only the given ones are held, in lanes.
 */
export class RowGenerator {
  /** The record of assembly/augmentation/generator.ts. */
  readonly pointer: Pointer;
  /** The training row that each generated row is made of. */
  readonly sources: Int32Array;
  /** The transformation of each generated row, numbered from 1; 0 for rows as they are. */
  readonly transformations: Int32Array;
  readonly #arena: Arena<Kernels>;
  readonly #columns: number;
  readonly #width: 4 | 8;

  /** @throws SHAPE, OPTION when the rows are not such images; TYPE for what is not an augmentation */
  constructor(arena: Arena<Kernels>, dataset: Rows, augmentation: Augmentation, width: 4 | 8) {
    const { image, seed, transformations } = augmentation;
    const { rows, columns } = dataset;
    checkImage(image, dataset);
    const count = transformations.length + 1;
    const alternatives = [[[]], ...transformations.map((t) => alternativesOf(checkTransformation("augmentation", t)))];
    const sequences = alternatives.flat().map((changes) => changes.flatMap((change) => stagesOf(change, augmentation)));
    const stages = sequences.flat();
    const k = arena.kernels;
    this.#arena = arena;
    this.#columns = columns;
    this.#width = width;
    this.pointer = arena.bytes(k.generatorBytes(stages.length));
    k.generatorInit(
      this.pointer,
      rows,
      columns,
      count,
      seed,
      this.#pack(dataset),
      arena.copy(ends(alternatives.map(({ length }) => length))),
      arena.copy(ends(sequences.map(({ length }) => length))),
      arena.bytes(k.generatorWorkBytes(columns, width)),
    );
    for (const [index, { kind, stencil, amount = 0 }] of stages.entries()) {
      const held = (values: Float64Array) => arena.copy(width === 8 ? values : Float32Array.from(values));
      k.generatorSetStage(
        this.pointer,
        index,
        STAGES[kind],
        stencil ? arena.copy(stencil.starts) : 0,
        stencil ? arena.copy(stencil.indices) : 0,
        stencil ? held(stencil.weights) : 0,
        stencil ? held(stencil.biases) : 0,
        amount,
        image.low,
        image.high,
        image.width,
        image.height,
        image.channels,
      );
    }
    this.sources = new Int32Array(rows * count);
    this.transformations = new Int32Array(rows * count);
    let at = 0;
    for (let first = 0; first < rows; first += BLOCK) {
      for (let t = 0; t < count; t++) {
        for (let i = first; i < Math.min(first + BLOCK, rows); i++) {
          this.sources[at] = i;
          this.transformations[at++] = t;
        }
      }
    }
  }

  /** X as [group of 8 rows][column][8 rows], sparse rows filled up. */
  #pack({ rows, columns, x }: Rows): Pointer {
    const arena = this.#arena;
    const length = Math.ceil(rows / PACK) * PACK * columns;
    const pointer = arena.bytes(length * this.#width);
    const packed = this.#width === 8 ? arena.viewF64(pointer, length) : arena.viewF32(pointer, length);
    for (let i = 0; i < rows; i++) {
      const row = Math.floor(i / PACK) * PACK * columns + (i % PACK);
      if (x.kind === "dense") {
        for (let j = 0; j < columns; j++) packed[row + j * PACK] = x.values[i * columns + j]!;
      } else {
        for (let e = x.starts[i]!; e < x.starts[i + 1]!; e++) packed[row + x.indices[e]! * PACK] = x.values[e]!;
      }
    }
    return pointer;
  }

  /** Generated rows first … first + count − 1, at most 32. A copy. */
  panel(first: number, count: number): Float32Array | Float64Array {
    const pointer = this.#arena.kernels.generatorPanel(this.pointer, this.#width, first, count);
    const length = count * this.#columns;
    return (this.#width === 8 ? this.#arena.viewF64(pointer, length) : this.#arena.viewF32(pointer, length)).slice();
  }
}

function stagesOf(change: Change, { image }: Augmentation): readonly Stage[] {
  switch (change.kind) {
    case "contrast":
      return [{ kind: "contrast", amount: change.factor }];
    case "cutout":
      return [{ kind: "cutout", amount: change.side }];
    case "noise":
      return [{ kind: "noise", amount: change.deviation * (image.high - image.low) }];
    default:
      return stencilsOf(change, image).map((stencil) => ({ kind: "stencil", stencil }));
  }
}

/** 0, and where each of so many pieces of these lengths ends. */
function ends(lengths: readonly number[]): Int32Array {
  const sums = new Int32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) sums[i + 1] = sums[i]! + length;
  return sums;
}
