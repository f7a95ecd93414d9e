import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import type { Kernels } from "../../src/wasm/kernels.ts";
import { scalar, shippedBuilds } from "../reference/kernel-builds.ts";

function logLoss(k: Kernels, rows: number, outputs: number, scale: number): number {
  const random = new Random(5, rows);
  const arena = new Arena(k);
  const scores = Float64Array.from({ length: rows * outputs }, () => scale * random.normal());
  const labels = Float64Array.from({ length: rows }, () => random.below(Math.max(outputs, 2)));
  const weights = Float64Array.from({ length: rows }, () => random.uniform());
  const loss = k.logLoss(rows, outputs, arena.copy(scores), arena.copy(labels), arena.copy(weights));
  arena.dispose();
  return loss;
}

for (const [build, kernel] of shippedBuilds) {
  test.skipIf(!kernel)(`${build}: the log loss is what it is without SIMD, near and far from the boundary`, () => {
    for (const rows of [1, 2, 3, 64, 101]) {
      for (const outputs of [1, 2, 3, 10]) {
        for (const scale of [1e-3, 1, 30, 1000, 1e200]) {
          const expected = logLoss(scalar, rows, outputs, scale);
          const gap = Math.abs(logLoss(kernel!, rows, outputs, scale) - expected);
          expect(gap, `${rows} × ${outputs}, ${scale}`).toBeLessThan(1e-14 * expected + 1e-15);
        }
      }
    }
  });
}
