import { expect, test } from "vitest";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";

/** A small deterministic stream, so that the sequence of sizes is the same everywhere. */
function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("blocks are aligned, zeroed and do not overlap", () => {
  const arena = new Arena(kernels());
  const uniform = stream(1);
  const blocks = Array.from({ length: 50 }, () => {
    const bytes = 1 + Math.floor(uniform() * 5000);
    return { pointer: arena.bytes(bytes), bytes };
  });
  blocks.sort((a, b) => a.pointer - b.pointer);
  for (const [i, { pointer, bytes }] of blocks.entries()) {
    expect(pointer % 64).toBe(0);
    const view = new Uint8Array(arena.kernels.memory.buffer, pointer, bytes);
    expect(view.every((byte) => byte === 0)).toBe(true);
    view.fill(255);
    const next = blocks[i + 1];
    if (next) expect(pointer + bytes).toBeLessThanOrEqual(next.pointer);
  }
  arena.dispose();
});

test("arenas released in any order leave nothing behind and memory does not grow", () => {
  const k = kernels();
  const before = k.allocatedBytes();
  const uniform = stream(2);
  let settled = 0;
  for (let round = 0; round < 200; round++) {
    const arenas = Array.from({ length: 5 }, () => {
      const arena = new Arena(k);
      for (let i = 0; i < 8; i++) arena.bytes(Math.floor(uniform() * 20000));
      return arena;
    });
    arenas.sort(() => uniform() - 0.5);
    for (const arena of arenas) arena.dispose();
    expect(k.allocatedBytes()).toBe(before);
    if (round === 20) settled = k.memory.buffer.byteLength;
  }
  expect(k.memory.buffer.byteLength).toBe(settled);
});

test("a disposed arena refuses, disposing twice is harmless, an impossible size is a typed error", () => {
  const arena = new Arena(kernels());
  expect(() => arena.bytes(2 ** 33)).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
  arena.dispose();
  arena.dispose();
  expect(() => arena.f64(1)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
});
