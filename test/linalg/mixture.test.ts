import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { scalar, shippedBuilds } from "../reference/kernel-builds.ts";

const builds = [...shippedBuilds, ["scalar", scalar] as const];

for (const [build, kernel] of builds) {
  test.skipIf(!kernel).each([
    [1, 1, 1],
    [4, 3, 2],
    [37, 9, 9],
    [1003, 20, 13],
  ])(`${build}: four mixtures of vectors of %i elements, room for %i, %i of them`, (length, capacity, count) => {
    const k = kernel ?? kernels();
    const arena = new Arena(k);
    const random = new Random(7, length);
    const normals = (size: number) => Float64Array.from({ length: size }, () => random.normal());
    const vectors = Array.from({ length: count }, () => normals(length));
    const strips = arena.bytes(k.stripBytes(length, capacity));
    for (const [slot, v] of vectors.entries()) {
      k.stripSet(length, capacity, slot, arena.copy(normals(length)), strips); // to be replaced
      k.stripSet(length, capacity, slot, arena.copy(v), strips);
    }
    const weights = normals(4 * count);
    const out = arena.bytes(k.stripBytes(length, 4));
    k.mix(length, capacity, count, 4, arena.copy(weights), strips, out);
    for (let m = 0; m < 4; m++) {
      const mixed = arena.viewF64(out + m * k.stripBytes(length, 1), length);
      const errors = Array.from(mixed, (value, i) => {
        const expected = vectors.reduce((sum, v, j) => sum + weights[4 * j + m]! * v[i]!, 0);
        return Math.abs(value - expected) / (1 + Math.abs(expected));
      });
      expect(Math.max(...errors)).toBeLessThan(1e-13);
    }
    const alone = arena.bytes(k.stripBytes(length, 4));
    k.mix(length, capacity, count, 1, arena.copy(weights), strips, alone);
    expect(arena.viewF64(alone, length)).toEqual(arena.viewF64(out, length));
    arena.dispose();
  });
}
