// Numbers of binary files, in any type and byte order, as the floats that datasets hold.

/** The number types of .npy and IDX files: kind and bytes. */
export type ElementType = "u1" | "i1" | "u2" | "i2" | "u4" | "i4" | "u8" | "i8" | "f4" | "f8";

type Reader = (view: DataView, at: number, littleEndian: boolean) => number;

const READERS: Readonly<Record<ElementType, Reader>> = {
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  // Rounded to the nearest double beyond 2⁵³.
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

export function bytesPer(type: ElementType): number {
  return Number(type[1]);
}

export function isElementType(type: string): type is ElementType {
  return Object.hasOwn(READERS, type);
}

/** `count` numbers from byte `offset` on: f32 where that is exact, otherwise f64. */
export function readElements(
  bytes: Uint8Array,
  offset: number,
  count: number,
  type: ElementType,
  littleEndian: boolean,
): Float32Array | Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const exact = type === "f4" || bytesPer(type) < 4;
  const values = exact ? new Float32Array(count) : new Float64Array(count);
  const read = READERS[type];
  const size = bytesPer(type);
  for (let i = 0, at = offset; i < count; i++, at += size) values[i] = read(view, at, littleEndian);
  return values;
}
