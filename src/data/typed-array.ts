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
