import { LearnLossError } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import { columnsOf, type Dataset, type DenseMatrix, dense } from "./dataset.ts";
import { bytesPer, isElementType, readElements } from "./elements.ts";
import { readBytes, type Source } from "./read.ts";

const MAGIC = "\x93NUMPY";

/**
 * Reads a dataset from NumPy's .npy files: X with a row per example, numbers of any type, in C or Fortran order; y numbers
 * or text. What has more than two dimensions is flattened row by row, and has the others as `shape`.
 *
 * @throws PARSE for a file that is no .npy or was cut short, TYPE for complex numbers, dates and objects, SHAPE when y is
 *   not one value per row, IO, and what `dense` throws
 */
export async function npy(
  source: Source,
  options: { readonly y: Source; readonly weights?: Source },
): Promise<Dataset> {
  checkNames(options, { y: true, weights: true });
  const { rows, columns, shape, x } = await npyRows(source);
  const y = await readArray(options.y, "y");
  const weights = options.weights && numbers(await readArray(options.weights, "weights"), "weights");
  for (const [name, array] of Object.entries({ y, ...(weights ? { weights } : {}) })) {
    if (array.values.length !== rows) {
      throw new LearnLossError(
        "SHAPE",
        `${name} has shape (${array.shape.join(", ")}) when expected (${rows}), one value per row of X.`,
      );
    }
  }
  return {
    ...dense({ x: x.values, columns, y: y.values, ...(weights ? { weights: weights.values } : {}) }),
    ...(shape ? { shape } : {}),
  };
}

/** X alone: what a model is applied to. @throws as `npy` */
export async function npyRows(
  source: Source,
): Promise<Pick<Dataset, "rows" | "columns" | "shape"> & { readonly x: DenseMatrix }> {
  const { shape, values } = numbers(await readArray(source, "X"), "X");
  const [rows = 1, ...rest] = shape;
  return { rows, ...columnsOf(rest), x: { kind: "dense", values } };
}

/** Whether bytes begin as a .npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 6)) === MAGIC;
}

interface NumPyArray<Values = Float32Array | Float64Array | string[]> {
  readonly shape: readonly number[];
  readonly values: Values;
}

/** @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
async function readArray(source: Source, name: string): Promise<NumPyArray> {
  const bytes = await readBytes(source);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || !isNpy(bytes)) {
    throw new LearnLossError("PARSE", `${name} is not a .npy file: write it with numpy.save.`);
  }
  const long = bytes[6]! > 1;
  const start = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(long ? 12 : 10, start));
  const type = /'descr':\s*'([<>|=])?(\w+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d, ]*)\)/.exec(header)?.[1];
  if (order === undefined || sizes === undefined || start > bytes.length) {
    throw new LearnLossError("PARSE", `The header of ${name} cannot be read: write the file with numpy.save.`);
  }
  const shape = (sizes.match(/\d+/g) ?? []).map(Number);
  const count = shape.reduce((product, n) => product * n, 1);
  const element = type?.[2] === "b1" ? "u1" : (type?.[2] ?? "");
  const characters = /^U(\d+)$/.exec(element)?.[1];
  if (characters === undefined && !isElementType(element)) {
    const given = /'descr':\s*('[^']*'|\[)/.exec(header)?.[1] ?? "nothing known";
    throw new LearnLossError("TYPE", `${name} has the dtype ${given}: save it as numbers, such as float32 or int64.`);
  }
  const size = characters === undefined ? bytesPer(element as "f8") : 4 * Number(characters);
  if (bytes.length !== start + count * size) {
    throw new LearnLossError(
      "PARSE",
      `${name} has ${bytes.length - start} bytes of data when expected ${count * size} for (${shape.join(", ")}): it was cut short or is damaged.`,
    );
  }
  const little = type?.[1] !== ">";
  const values =
    characters === undefined
      ? readElements(bytes, start, count, element as "f8", little)
      : Array.from({ length: count }, (_, i) => textAt(view, start + i * size, size, little));
  if (/^[iu]8$/.test(element) && (values as Float64Array).some((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    throw new LearnLossError("TYPE", `${name} holds integers beyond 2^53: save it as float64, or labels as text.`);
  }
  return { shape, values: order === "True" && shape.length > 1 ? rowsFirst(values, shape) : values };
}

function numbers({ shape, values }: NumPyArray, name: string): NumPyArray<Float32Array | Float64Array> {
  if (!Array.isArray(values)) return { shape, values };
  throw new LearnLossError("TYPE", `${name} holds text: encode it as numbers.`);
}

/** UTF-32, ended by zeros. */
function textAt(view: DataView, at: number, size: number, littleEndian: boolean): string {
  let text = "";
  for (let i = at; i < at + size; i += 4) {
    const code = view.getUint32(i, littleEndian);
    if (code === 0) break;
    text += code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  }
  return text;
}

/** Fortran order (the first index runs fastest) to C order. */
function rowsFirst<V extends NumPyArray["values"]>(values: V, shape: readonly number[]): V {
  const result = values.slice() as V;
  const strides = shape.map((_, d) => shape.slice(0, d).reduce((product, n) => product * n, 1));
  const index = new Int32Array(shape.length);
  for (let to = 0; to < values.length; to++) {
    result[to] = values[strides.reduce((sum, stride, d) => sum + stride * index[d]!, 0)]!;
    for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0;
  }
  return result;
}
