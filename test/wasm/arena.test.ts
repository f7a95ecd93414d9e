import { expect, test } from "vitest";
import { Solver } from "../../src/inner/solver.ts";
import { WorkingSetSolver } from "../../src/inner/working-set-solver.ts";
import { Objective, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { type Kernels, kernels } from "../../src/wasm/kernels.ts";
import { binary } from "../../src/wasm/kernels-binary.ts";
import { decodeBinary, instantiateModule } from "../../src/wasm/module.ts";
import { exampleProblem } from "../reference/example-problem.ts";

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

test("nested arenas end with the outer one at the latest, and alone before", () => {
  const k: Kernels = instantiateModule(decodeBinary(binary));
  const outer = new Arena(k);
  outer.f64(100);
  const before = k.allocatedBytes();
  const inner = outer.nested();
  inner.f64(1000);
  inner.nested().f64(1000);
  inner.dispose();
  expect(k.allocatedBytes()).toBe(before);
  const left = outer.nested();
  left.nested().f64(1000);
  outer.dispose();
  expect(k.allocatedBytes()).toBe(0);
  expect(left.disposed).toBe(true);
});

test("arenas released in any order leave nothing behind and memory does not grow", () => {
  // Memory of its own: of one that other files have used, a page may end wherever the largest round comes to.
  const k: Kernels = instantiateModule(decodeBinary(binary));
  const uniform = stream(2);
  const rounds = Array.from({ length: 200 }, () => ({
    sizes: Array.from({ length: 5 }, () => Array.from({ length: 8 }, () => Math.floor(uniform() * 20000))),
    order: Array.from({ length: 5 }, () => uniform()),
  }));
  const grown = [1, 2].map(() => {
    for (const { sizes, order } of rounds) {
      const arenas = sizes.map((own, i) => {
        const arena = new Arena(k);
        for (const size of own) arena.bytes(size);
        return { arena, at: order[i]! };
      });
      for (const { arena } of arenas.sort((a, b) => a.at - b.at)) arena.dispose();
      expect(k.allocatedBytes()).toBe(0);
    }
    return k.memory.buffer.byteLength;
  });
  expect(grown[1]).toBe(grown[0]);
});

test("a disposed arena refuses, disposing twice is harmless, an impossible size is a typed error", () => {
  const arena = new Arena(kernels());
  expect(() => arena.bytes(2 ** 33)).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
  arena.dispose();
  arena.dispose();
  expect(() => arena.f64(1)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
});

/** Minimizers with kinks and without, of a memory whose blocks lie where `filled` says. */
function fits(filled: number) {
  const k: Kernels = instantiateModule(decodeBinary(binary)); // its own: it goes with the test
  const arena = new Arena(k);
  if (filled > 0) arena.raw(filled); // not touched, so that nothing has to be there
  const { dataset, ...problem } = exampleProblem("softmax", 60, 40, 3);
  const sizes = [k.allocatedBytes() >>> 0];
  const found = [Solver, WorkingSetSolver].flatMap((kind) => {
    const objective = new Objective(arena, { ...problem, dataset });
    const solver = new kind(arena, objective, { tolerance: 1e-6 });
    return [{ l1: 0.02 }, { l2: 0.02 }].map((weights: ObjectiveWeights) => {
      objective.setWeights(weights);
      solver.start(0);
      while (solver.status === "running") solver.step(10);
      return [...arena.viewF64(solver.theta, objective.thetaCount), ...solver.groupLosses];
    });
  });
  sizes.push(k.allocatedBytes() >>> 0);
  arena.dispose();
  return { found, sizes, left: k.allocatedBytes() };
}

test("blocks above 2 GiB are as good as any", (context) => {
  let high: ReturnType<typeof fits>;
  try {
    high = fits(2 ** 31 + 2 ** 16);
  } catch (error) {
    if ((error as { code?: string }).code !== "OUT_OF_MEMORY") throw error;
    return context.skip("there is no room for 2 GiB of WebAssembly memory");
  }
  expect(high.sizes[0]).toBeGreaterThan(2 ** 31);
  expect(high.found).toEqual(fits(0).found);
  expect(high.left).toBe(0);
});

test("an arena that filled all of the 4 GiB overlaps nothing", (context) => {
  const arena = new Arena<Kernels>(instantiateModule(decodeBinary(binary)));
  const first = arena.raw(64);
  const room = 2 ** 32 - first - 64 - 64; // up to the last byte
  try {
    arena.raw(room - 2 ** 17);
  } catch {
    return context.skip("there is no room for 4 GiB of WebAssembly memory");
  }
  const blocks = [first];
  expect(() => {
    for (let i = 0; i < 2 ** 12; i++) blocks.push(arena.raw(64));
  }).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
  expect(new Set(blocks).size).toBe(blocks.length);
  arena.dispose();
});
