// Numbers of binary files, in any type and byte order, as the floats that datasets hold.

/** The number types of .npy and IDX files: kind and bytes. */
export type ElementType = "u1" | "i1" | "u2" | "i2" | "u4" | "i4" | "u8" | "i8" | "f2" | "f4" | "f8";

const ARRAYS = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f2: Uint16Array, // Float16Array is newer than Node 24
  f4: Float32Array,
  f8: Float64Array,
} as const satisfies Record<ElementType, unknown>;

/** Whether this machine has the low bytes first. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export function bytesPer(type: ElementType): number {
  return Number(type[1]);
}

export function isElementType(type: string): type is ElementType {
  return Object.hasOwn(ARRAYS, type);
}

/** `count` numbers from byte `offset` on: f32 where that is exact, otherwise f64. */
export function readElements(
  bytes: Uint8Array,
  offset: number,
  count: number,
  type: ElementType,
  littleEndian: boolean,
): Float32Array | Float64Array {
  const size = bytesPer(type);
  const turned = size > 1 && littleEndian !== LITTLE_ENDIAN;
  let there = bytes.subarray(offset, offset + count * size);
  if (turned || there.byteOffset % size !== 0) there = new Uint8Array(there);
  if (turned) for (let at = 0; at < there.length; at += size) there.subarray(at, at + size).reverse();
  const elements = new ARRAYS[type](there.buffer as ArrayBuffer, there.byteOffset, count);
  if (elements instanceof BigUint64Array || elements instanceof BigInt64Array) {
    return Float64Array.from(elements, Number); // rounded to the nearest double beyond 2⁵³
  }
  if (type === "f2") return Float32Array.from(elements as Uint16Array, halfPrecision);
  return type === "f4" || size < 4 ? new Float32Array(elements) : new Float64Array(elements);
}

/** The number of 16 bits: a sign, five bits of exponent, ten of the fraction (IEEE 754 binary16). */
function halfPrecision(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
