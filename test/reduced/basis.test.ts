import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { Basis } from "../../src/reduced/basis.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";

const size = { outputs: 2, columns: 20 };
const thetaCount = 42;

function normals(random: Random, length: number, scale = 1): Float64Array {
  return Float64Array.from({ length }, () => scale * random.normal());
}

/** B_cᵢ·B_cⱼ, largest distance from the identity over all outputs. */
function skew(arena: Arena<ReturnType<typeof kernels>>, basis: Basis): number {
  const theta = arena.f64(thetaCount);
  const vectors = Array.from({ length: basis.size - 1 }, (_, j) => {
    basis.expandSlot(j + 1, theta);
    return arena.viewF64(theta, thetaCount).slice();
  });
  let most = 0;
  for (const [i, v] of vectors.entries()) {
    for (const [j, w] of vectors.entries()) {
      for (let c = 0; c < size.outputs; c++) {
        let sum = 0;
        for (let at = c * size.columns; at < (c + 1) * size.columns; at++) sum += v[at]! * w[at]!;
        most = Math.max(most, Math.abs(sum - (i === j ? 1 : 0)));
      }
    }
  }
  return most;
}

test.each([true, false])("vectors of models that are nearly parallel are orthonormal to rounding: %s", (asTheyCome) => {
  using arena = new Arena(kernels());
  for (const apart of [1, 1e-1, 1e-2, 2e-3]) {
    const random = new Random(3, 1);
    const basis = new Basis(arena, size, 12, asTheyCome);
    const first = normals(random, thetaCount);
    for (let i = 0; i < 11; i++) {
      const beside = normals(random, thetaCount, i === 0 ? 0 : apart);
      expect(basis.set(i + 1, arena.copy(first.map((w, k) => w + beside[k]!)))).toEqual({ kept: false });
    }
    expect(basis.size).toBe(12);
    expect(skew(arena, basis)).toBeLessThan(1e-14);
  }
});

test("what is nothing new takes no slot, and any model of the span is what its coefficients say", () => {
  using arena = new Arena(kernels());
  const random = new Random(4, 1);
  const basis = new Basis(arena, size, 6, true);
  const models = [1, 2, 3].map((slot) => {
    const model = normals(random, thetaCount);
    basis.set(slot, arena.copy(model));
    return model;
  });
  const mixed = models[0]!.map((w, i) => 0.3 * w - 2 * models[1]![i]! + models[2]![i]!);
  expect(basis.set(4, arena.copy(mixed))).toBeUndefined();
  expect(basis.size).toBe(4);
  const [a, back] = [arena.f64(basis.length), arena.f64(thetaCount)];
  basis.project(arena.copy(mixed), a);
  basis.expand(a, back);
  for (const [i, w] of arena.viewF64(back, thetaCount).entries()) expect(w).toBeCloseTo(mixed[i]!, 13);
});

test("a full basis gives up the direction that a model uses least: it stays what it is up to that", () => {
  using arena = new Arena(kernels());
  const random = new Random(5, 1);
  const capacity = 6;
  const [a, back] = [arena.f64(size.outputs * capacity), arena.f64(thetaCount)];
  for (let trial = 0; trial < 30; trial++) {
    const basis = new Basis(arena, size, capacity, true);
    for (let i = 1; i < capacity; i++) {
      expect(basis.slotBeside(a)).toBe(i);
      basis.set(i, arena.copy(normals(random, thetaCount)));
    }
    // Some directions are used much, one hardly.
    const parts = normals(random, basis.length).map((part, i) => part * 10 ** ((i + trial) % capacity));
    arena.viewF64(a, basis.length).set(parts);
    basis.expand(a, back);
    const model = arena.viewF64(back, thetaCount).slice();
    basis.set(basis.slotBeside(a), arena.copy(normals(random, thetaCount)));
    expect(basis.size).toBe(capacity);
    basis.project(arena.copy(model), a);
    basis.expand(a, back);
    const lost = Math.hypot(...arena.viewF64(back, thetaCount).map((w, i) => w - model[i]!));
    const uses = [1, 2, 3, 4, 5].map((j) => Math.hypot(parts[j]!, parts[capacity + j]!));
    expect(lost).toBeLessThanOrEqual(Math.min(...uses) * (1 + 1e-9));
  }
});
