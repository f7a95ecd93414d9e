import { given, LearnLossError } from "../errors.ts";
import { columnsOf, type Dataset, type DenseMatrix, dense } from "./dataset.ts";
import { bytesPer, type ElementType, readElements } from "./elements.ts";
import { readBytes, type Source } from "./read.ts";

/** The third byte of an IDX file (http://yann.lecun.com/exdb/mnist: "the IDX file format"). */
const TYPES: Readonly<Record<number, ElementType>> = { 8: "u1", 9: "i1", 11: "i2", 12: "i4", 13: "f4", 14: "f8" };

/**
 * Reads a dataset from a pair of IDX files, as MNIST and its kin come, plain or gzipped: X with a row per image, its
 * pixels in order, and the labels. Values stay as they are: `rescale` by 255 for bytes.
 *
 * @throws PARSE for a file that is no IDX or was cut short, TYPE for an unknown number type, SHAPE when the labels are not
 *   one per row, IO, and what `dense` throws
 */
export async function idx(source: Source, options: { readonly y: Source }): Promise<Dataset> {
  const { rows, columns, shape, x } = await idxRows(source);
  const y = decode(await readBytes(given("idx", options).y), "y");
  if (y.shape.length !== 1 || y.shape[0] !== rows) {
    throw new LearnLossError("SHAPE", `The labels have shape ${y.shape.join(" × ")} when expected ${rows}.`);
  }
  return { ...dense({ x: x.values, columns, y: y.values }), ...(shape ? { shape } : {}) };
}

/** X alone: what a model is applied to. @throws as `idx` */
export async function idxRows(
  source: Source,
): Promise<Pick<Dataset, "rows" | "columns" | "shape"> & { readonly x: DenseMatrix }> {
  const { shape, values } = decode(await readBytes(source), "X");
  const [rows = 0, ...rest] = shape;
  return { rows, ...columnsOf(rest), x: { kind: "dense", values } };
}

/** Whether bytes begin as an IDX file does, which no text does. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && bytes[2]! in TYPES;
}

interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

function decode(bytes: Uint8Array, name: string): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = bytes[3] ?? 0;
  const start = 4 + 4 * dimensions;
  if (bytes[0] !== 0 || bytes[1] !== 0 || dimensions === 0 || bytes.length < start) {
    throw new LearnLossError("PARSE", `${name} is not an IDX file: it must begin with two zero bytes.`);
  }
  const type = TYPES[bytes[2]!];
  if (!type) {
    throw new LearnLossError(
      "TYPE",
      `${name} holds numbers of type 0x${bytes[2]!.toString(16)}: IDX knows 0x8, 0x9, 0xb, 0xc, 0xd and 0xe.`,
    );
  }
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const count = shape.reduce((product, n) => product * n, 1);
  if (bytes.length !== start + count * bytesPer(type)) {
    throw new LearnLossError(
      "PARSE",
      `${name} has ${bytes.length - start} bytes of data when expected ${count * bytesPer(type)} for ${shape.join(" × ")}: it was cut short or is damaged.`,
    );
  }
  return { shape, values: readElements(bytes, start, count, type, false) };
}
