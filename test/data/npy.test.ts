import { expect, test } from "vitest";
import { npy } from "../../src/data/index.ts";
import { npyFile } from "../reference/npy-file.ts";

const code = (expected: string, message = /./) =>
  expect.objectContaining({ code: expected, message: expect.stringMatching(message) });

const base64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const HALVES = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5];
const WHOLE = HALVES.map((value) => 2 * value);
const y = npyFile("'<i8'", "(4,)", BigInt64Array.of(3n, 1n, 3n, 2n));

/** np.array(HALF_VALUES, "<f2").view("<u2"): what is largest, smallest and subnormal, and what is rounded. */
const HALF_BITS = [0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0xfbff, 0x400, 1, 0x83ff, 0x3555, 0x2e66, 0x63d1];
const HALF_VALUES = [
  ...[0, -0, 1, -2, 65504, -65504, 2 ** -14, 2 ** -24, -1023 * 2 ** -24],
  ...[0.333251953125, 0.0999755859375, 1000.5],
];
const turned = (bits: number) => ((bits & 255) << 8) | (bits >> 8);

/** numpy.save(…, np.array(["a", "bé", "😀c", "a"])) and of np.arange(12).reshape(4, 3) / 2 in big-endian float32. */
const TEXT = base64(
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPFUyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAphAAAAAAAAAGIAAADpAAAAAPYBAGMAAABhAAAAAAAAAA==",
);
const BIG_ENDIAN = base64(
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPmY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAPwAAAD+AAAA/wAAAQAAAAEAgAABAQAAAQGAAAECAAABAkAAAQKAAAECwAAA=",
);

test.each([
  ["float64", npyFile("'<f8'", "(4, 3)", Float64Array.from(HALVES)), HALVES],
  ["float32", npyFile("'<f4'", "(4, 3)", Float32Array.from(HALVES)), HALVES],
  ["float16", npyFile("'<f2'", "(4, 3)", Uint16Array.from(HALF_BITS)), HALF_VALUES],
  ["big-endian float16", npyFile("'>f2'", "(4, 3)", Uint16Array.from(HALF_BITS, turned)), HALF_VALUES],
  ["big-endian float32", BIG_ENDIAN, HALVES],
  ["bytes", npyFile("'|u1'", "(4, 3)", Uint8Array.from(WHOLE)), WHOLE],
  ["int16", npyFile("'<i2'", "(4, 3)", Int16Array.from(WHOLE)), WHOLE],
  ["int64", npyFile("'<i8'", "(4, 3)", BigInt64Array.from(WHOLE, BigInt)), WHOLE],
  ["flags", npyFile("'|b1'", "(4, 1)", Uint8Array.of(1, 0, 1, 0)), [1, 0, 1, 0]],
  [
    "Fortran order",
    npyFile(
      "'<f8'",
      "(4, 3)",
      Float64Array.from([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], (v) => v / 2),
      true,
    ),
    HALVES,
  ],
  // np.asfortranarray(np.arange(12).reshape(4, 3, 1)) and .reshape(4, 1, 3)
  ["three dimensions", npyFile("'<i4'", "(4, 1, 3)", Int32Array.from(WHOLE)), WHOLE],
  [
    "three dimensions in Fortran order",
    npyFile("'<i4'", "(4, 1, 3)", Int32Array.of(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11), true),
    WHOLE,
  ],
])("X as %s", async (name, x, expected) => {
  const data = await npy(x, { y });
  expect(Array.from(data.x.values)).toEqual(expected);
  expect([data.rows, data.columns]).toEqual([4, expected.length / 4]);
  const rest = name.startsWith("three dimensions") ? [1, 3] : undefined;
  expect(data.shape).toEqual(rest);
  expect(data.y).toEqual(Float64Array.of(3, 1, 3, 2));
});

test("labels as text, sample weights, gzipped files", async () => {
  const x = npyFile("'<f8'", "(4, 3)", Float64Array.from(HALVES));
  const stream = new Blob([x as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
  const gzipped = new Uint8Array(await new Response(stream).arrayBuffer());
  const data = await npy(gzipped, { y: TEXT, weights: npyFile("'<f4'", "(4,)", Float32Array.of(1, 2, 0, 1)) });
  expect(data.y).toEqual(["a", "bé", "😀c", "a"]);
  expect(data.weights).toEqual(Float64Array.of(1, 2, 0, 1));
  expect(Array.from(data.x.values)).toEqual(HALVES);
});

const x = npyFile("'<f8'", "(4, 3)", Float64Array.from(HALVES));
test.each([
  ["complex numbers", npyFile("'<c8'", "(4, 3)", Float32Array.from([...HALVES, ...HALVES])), y, "TYPE", /'<c8'/],
  ["long doubles", npyFile("'<f16'", "(4, 1)", new Float64Array(8)), y, "TYPE", /'<f16'.*float32/],
  ["objects", npyFile("'|O'", "(4,)", Uint8Array.of(1)), y, "TYPE", /'\|O'/],
  ["records", npyFile("[('a', '<f8')]", "(4,)", Float64Array.of(1, 2, 3, 4)), y, "TYPE", /\[/],
  ["text as X", TEXT, y, "TYPE", /text/],
  ["integers beyond 2⁵³", x, npyFile("'<u8'", "(4,)", BigUint64Array.of(1n, 2n, 3n, 2n ** 60n)), "TYPE", /2\^53/],
  ["other rows in y", x, npyFile("'|u1'", "(3,)", Uint8Array.of(1, 2, 3)), "SHAPE", /\(3\) when expected \(4\)/],
  ["a file cut short", x.subarray(0, x.length - 1), y, "PARSE", /95 bytes .* 96/],
  ["a header cut short", x.subarray(0, 60), y, "PARSE", /header/],
  ["another file", new TextEncoder().encode("a,b,c\n1,2,3\n4,5,6\n"), y, "PARSE", /numpy\.save/],
  ["no rows", npyFile("'<f8'", "(0, 3)", new Float64Array(0)), y, "SHAPE", /expected \(0\)/],
  ["NaN of 16 bits", npyFile("'<f2'", "(4, 1)", Uint16Array.of(0, 0x7e00, 0, 0)), y, "NON_FINITE", /row 2/],
  ["infinity of 16 bits", npyFile("'<f2'", "(4, 1)", Uint16Array.of(0, 0, 0xfc00, 0)), y, "NON_FINITE", /row 3/],
  ["NaN", npyFile("'<f8'", "(4, 1)", Float64Array.of(1, NaN, 2, 3)), y, "NON_FINITE", /row 2/],
] as const)("refused: %s", async (_, source, labels, expected, message) => {
  await expect(npy(source, { y: labels })).rejects.toThrow(code(expected, message));
});
