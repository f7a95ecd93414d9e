import { describe, expect, test } from "vitest";
import { data } from "../../src/index.ts";
import { blobs } from "../reference/blobs.ts";

type Resizing = new (bytes: number, options?: { maxByteLength: number }) => ArrayBuffer;
const Resizable = ArrayBuffer as Resizing;
const Shared = globalThis.SharedArrayBuffer as unknown as Resizing | undefined;

/** Buffers that others may change: those of shared memory and those that are resized, where the host has them. */
const buffers: [string, (bytes: number) => ArrayBuffer][] = [
  ["that may be resized", (bytes) => new Resizable(bytes, { maxByteLength: 2 * bytes })],
  ...(Shared ? ([["that are shared", (bytes) => new Shared(bytes)]] as [string, typeof plain][]) : []),
];
const plain = (bytes: number) => new ArrayBuffer(bytes);

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

describe.each(buffers)("buffers %s", (_, buffer) => {
  test("hold files as any others do, gzipped or not", async () => {
    const inside = (bytes: Uint8Array) => {
      const there = new Uint8Array(buffer(bytes.length));
      there.set(bytes);
      return there;
    };
    const csv = new TextEncoder().encode("a,y\n1,2\n3,4\n");
    const svm = new TextEncoder().encode("1 1:2\n0 2:1\n");
    for (const pack of [async (bytes: Uint8Array<ArrayBuffer>) => bytes, gzipped]) {
      const [table, sparse] = [await pack(csv), await pack(svm)];
      expect(await data.csv(inside(table), { target: "y" })).toEqual(await data.csv(table, { target: "y" }));
      expect(await data.libsvm(inside(sparse))).toEqual(await data.libsvm(sparse));
    }
  });

  test("are copied: what happens to them afterwards is no matter", () => {
    const x = new Float64Array(buffer(48)).fill(1);
    const { values } = data.dense({ x, columns: 2, y: [1, 2, 3] }).x;
    x.fill(7);
    (x.buffer as { resize?: (bytes: number) => void }).resize?.(8);
    expect([...values]).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

test("what was transferred is refused by name, whatever reads it", async () => {
  const bytes = new Uint8Array(80);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  const gone = expect.objectContaining({ code: "TYPE", message: expect.stringContaining("detached") });
  for (const reading of [
    data.csv(bytes, { target: "y" }),
    data.npy(bytes, { y: bytes }),
    data.idx(bytes, { y: bytes }),
  ])
    await expect(reading).rejects.toEqual(gone);
});

test("arrays of types whose constructors take something else are taken as what they extend", () => {
  class Named extends Float64Array {
    readonly title: string;
    constructor({ title, size }: { title: string; size: number }) {
      super(size);
      this.title = title;
    }
  }
  const { rows, columns, x, y } = blobs(60, 4, 3, 1);
  const named = new Named({ title: "x", size: rows * columns });
  named.set(x.values);
  const dataset = data.dense({ x: named, columns, y });
  const parts = data.split(dataset, { validation: 0.5, seed: 1 });
  expect(parts).toEqual(
    data.split(data.dense({ x: x.values as Float64Array, columns, y }), { validation: 0.5, seed: 1 }),
  );
  expect(data.take(dataset, [3, 1]).x).toEqual(data.take(blobs(60, 4, 3, 1), [3, 1]).x);
});
