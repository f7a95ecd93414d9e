import { expect, test } from "vitest";
import { libsvm } from "../../src/data/index.ts";
import { fit as minimize } from "../../src/index.ts";
import { blobs } from "../reference/blobs.ts";
import { leastTime } from "../reference/least-time.ts";

const code = (expected: string, message = /./) =>
  expect.objectContaining({ code: expected, message: expect.stringMatching(message) });

test("labels, entries, comments, qid, empty lines, any line ending", async () => {
  const data = await libsvm("+1 1:0.5 3:-2e-1 # a comment\r\n\n-1 qid:7 2:1\n+1\n# nothing\n-1 1:.5 4:1.");
  expect(data).toMatchObject({ rows: 4, columns: 4, y: Float64Array.of(1, -1, 1, -1) });
  expect(data.x).toEqual({
    kind: "csr",
    values: Float64Array.of(0.5, -0.2, 1, 0.5, 1),
    indices: Int32Array.of(0, 2, 1, 0, 3),
    starts: Int32Array.of(0, 2, 3, 3, 5),
  });
});

test("`columns` makes rows that judge as wide as those that train", async () => {
  expect((await libsvm("1 1:2\n0 2:1\n", { columns: 10 })).columns).toBe(10);
});

test("the same fit as from dense rows", async () => {
  const dense = blobs(80, 6, 3, 1);
  const { rows, columns, x, y } = dense;
  const line = (i: number) =>
    `${y[i]} ${Array.from({ length: columns }, (_, j) => `${j + 1}:${x.values[i * columns + j]}`).join(" ")}\n`;
  const train = await libsvm(Array.from({ length: rows }, (_, i) => line(i)).join(""));
  const options = { model: "softmax", loss: { l1: 1e-3, l2: 1e-2 }, tolerance: 1e-8 } as const;
  const [a, b] = [await minimize({ ...options, train }), await minimize({ ...options, train: dense })];
  expect(Math.abs(a.objective / b.objective - 1)).toBeLessThan(1e-10);
  expect(a.nonzeros).toBe(b.nonzeros);
});

test.each([
  ["index 0", "1 0:1\n", "PARSE", /Line 1: "0:1"/],
  ["an index of 2⁴⁰", "1 1:1\n0 1099511627776:1\n", "PARSE", /Line 2.*2\^28/],
  ["indices that do not ascend", "1 2:1 1:1\n", "PARSE", /Line 1: index 1 comes after 2/],
  ["an index twice", "1 2:1 2:1\n", "PARSE", /ascend/],
  ["a value that is no number", "1 2:x\n", "PARSE", /"x"/],
  ["a value that is missing", "1 2:\n", "PARSE", /index 2/],
  ["an entry without a colon", "1 2\n", "PARSE", /"2"/],
  ["two labels", "1,2 2:1\n", "PARSE", /label is "1,2"/],
  ["hexadecimal", "0x10 2:1\n", "PARSE", /label/],
  ["overflow", "1 2:1e999\n", "NON_FINITE", /row 1/],
  ["an index above `columns`", "1 9:1\n", "SHAPE", /index 9 .* 8/],
  ["nothing", "\n\n", "EMPTY", /empty/],
  ["labels only", "1\n2\n", "EMPTY", /empty/],
] as const)("refused: %s", async (name, text, expected, message) => {
  const options = name.includes("columns") ? { columns: 8 } : {};
  await expect(libsvm(text, options)).rejects.toThrow(code(expected, message));
});

test("a long number takes no longer than it is", async () => {
  const spent = async (length: number) => {
    const began = performance.now();
    await expect(libsvm(`1 1:${"1".repeat(length)}x\n`)).rejects.toThrow(expect.objectContaining({ code: "PARSE" }));
    return performance.now() - began;
  };
  // In proportion 8 times as long, by the square 64 times; browsers' clocks tell no less than 0.1 ms.
  const beyond = await leastTime(20, async () => (await spent(160_000)) - 24 * (await spent(20_000)));
  expect(beyond).toBeLessThan(20);
});
