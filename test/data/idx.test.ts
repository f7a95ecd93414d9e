import { expect, test } from "vitest";
import { idx } from "../../src/data/index.ts";

const code = (expected: string, message = /./) =>
  expect.objectContaining({ code: expected, message: expect.stringMatching(message) });

/** An IDX file: magic, sizes, data; everything big-endian. */
function file(type: number, sizes: readonly number[], data: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + 4 * sizes.length + data.length));
  view.setUint32(0, (type << 8) | sizes.length);
  for (const [d, size] of sizes.entries()) view.setUint32(4 + 4 * d, size);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(data, 4 + 4 * sizes.length);
  return bytes;
}

const bytesOf = (
  values: readonly number[],
  set: "setInt16" | "setInt32" | "setFloat32" | "setFloat64",
  size: number,
) => {
  const view = new DataView(new ArrayBuffer(size * values.length));
  for (const [i, value] of values.entries()) view[set](i * size, value);
  return new Uint8Array(view.buffer);
};

const y = file(8, [3], [7, 0, 9]);
const pixels = Array.from({ length: 12 }, (_, i) => 20 * i);

test.each([
  ["bytes", 8, pixels, pixels],
  ["int16", 0x0b, bytesOf(pixels, "setInt16", 2), pixels],
  ["int32", 0x0c, bytesOf(pixels, "setInt32", 4), pixels],
  ["float32", 0x0d, bytesOf(pixels, "setFloat32", 4), pixels],
  ["float64", 0x0e, bytesOf(pixels, "setFloat64", 8), pixels],
  ["signed bytes", 9, Array.from(pixels, (v) => v & 255), pixels.map((v) => (v > 127 ? v - 256 : v))],
] as const)("images of %s", async (_, type, data, expected) => {
  const images = await idx(file(type, [3, 2, 2], data), { y });
  expect([images.rows, images.columns, images.shape]).toEqual([3, 4, [2, 2]]);
  expect(Array.from(images.x.values)).toEqual(expected);
  expect(images.y).toEqual(Float64Array.of(7, 0, 9));
});

test.each([
  ["fewer labels than images", file(8, [3, 4], pixels), file(8, [2], [1, 2]), "SHAPE", /expected 3/],
  ["labels with two dimensions", file(8, [3, 4], pixels), file(8, [3, 1], [1, 2, 3]), "SHAPE", /3 × 1/],
  ["a file cut short", file(8, [3, 4], pixels).subarray(0, 20), y, "PARSE", /cut short/],
  ["sizes that no file has", file(8, [2 ** 32 - 1, 2 ** 32 - 1], pixels), y, "PARSE", /4294967295/],
  ["an unknown number type", file(7, [3, 4], pixels), y, "TYPE", /0x7/],
  ["another file", new TextEncoder().encode("a,b\n1,2\n"), y, "PARSE", /not an IDX file/],
  ["an empty file", new Uint8Array(0), y, "PARSE", /not an IDX file/],
  ["no images", file(8, [0, 4], []), file(8, [0], []), "EMPTY", /empty/],
] as const)("refused: %s", async (_, images, labels, expected, message) => {
  await expect(idx(images, { y: labels })).rejects.toThrow(code(expected, message));
});
