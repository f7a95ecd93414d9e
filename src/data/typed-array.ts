import { LearnLossError } from "../errors.ts";

interface TypedArrays {
  Uint8Array: Uint8Array;
  Int32Array: Int32Array;
  Float32Array: Float32Array;
  Float64Array: Float64Array;
}

/**
 * Whether a value is a typed array of one of these types, of whatever realm: `instanceof` knows those of one, and an iframe
 * or the sandbox of a test runner is another.
 */
export function isTyped<Name extends keyof TypedArrays>(value: unknown, ...names: Name[]): value is TypedArrays[Name] {
  return ArrayBuffer.isView(value) && names.some((name) => name === (value as Uint8Array)[Symbol.toStringTag]);
}

const PLAIN = { Uint8Array, Int32Array, Float32Array, Float64Array };

/**
 * The array, if its buffer is there; one that is shared or may be resized is copied: it may change under our hands, and
 * browsers neither decode nor decompress it. Of a type that extends these a view is of the plain one: `subarray` and `slice`
 * would call a constructor that may take something else.
 *
 * @throws TYPE
 */
export function attached<A extends TypedArrays[keyof TypedArrays]>(values: A, name: string): A {
  const { buffer, byteOffset, length } = values;
  if (detached(buffer)) {
    throw new LearnLossError(
      "TYPE",
      `The buffer of ${name} is detached (it was transferred): give the array that is in use.`,
    );
  }
  const Plain = PLAIN[values[Symbol.toStringTag]];
  const changing = buffer[Symbol.toStringTag] === "SharedArrayBuffer" || (buffer as { resizable?: boolean }).resizable;
  if (changing) return new Plain(values) as A;
  if (Object.getPrototypeOf(values) === Plain.prototype) return values;
  return new Plain(buffer as ArrayBuffer, byteOffset, length) as A;
}

/** `ArrayBuffer.detached` is younger than Node 20; an empty buffer is not detached. */
function detached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).length < 0;
  } catch {
    return true;
  }
}
