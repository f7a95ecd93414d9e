import { expect, test } from "vitest";
import { Objective } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import type { Kernels } from "../../src/wasm/kernels.ts";
import { shippedBuilds } from "../reference/kernel-builds.ts";

/** Two classes, one column, weights 1 and 0: row i has the scores s[i], exactly, and 0. Each row is a group. */
function twoClasses(arena: Arena<Kernels>, scores: Float32Array, label: 0 | 1): Objective {
  const rows = scores.length;
  return new Objective(arena, {
    model: "softmax",
    dataset: { rows, columns: 1, x: { kind: "dense", values: scores } },
    targets: new Float64Array(rows).fill(label),
    outputs: 2,
    precision: "f32",
    rowGroups: { map: Int32Array.from({ length: rows }, (_, i) => i), count: rows },
  });
}

/** Seeded, as f32. */
function scoresBetween(low: number, high: number, count: number): Float32Array {
  const random = new Random(11);
  return Float32Array.from({ length: count }, () => low + (high - low) * random.uniform());
}

const theta = [1, 0, 0, 0];
/** Half the distance of f32 numbers between 1 and 2. */
const UNIT = 2 ** -24;

for (const [name, kernels] of shippedBuilds) {
  test.skipIf(!kernels)(`${name}: f32 losses have the accuracy of an exponential that is right to 1 ulp`, () => {
    const scores = scoresBetween(-87, 20, 40_001);
    scores[0] = 0;
    const arena = new Arena<Kernels>(kernels!);
    for (const label of [0, 1] as const) {
      const objective = twoClasses(arena, scores, label);
      const losses = objective.allGroupLosses(arena.copy(Float64Array.from(theta)));
      const wrong = scores.filter((s, i) => {
        const expected = Math.log1p(Math.exp(-Math.abs(s))) + Math.max(label === 0 ? -s : s, 0);
        // e^−|s| is off by one ulp, two UNITs at most, the logarithm of 1 + e^−|s| by one of f64.
        const bound = 2 * UNIT * Math.exp(-Math.abs(s)) + 2 ** -52 * Math.max(1, expected);
        return !(Math.abs(losses[i]! - expected) < bound);
      });
      expect([...wrong]).toEqual([]);
    }
    arena.dispose();
  });

  test.skipIf(!kernels)(`${name}: f32 slopes are right to a few units of themselves, the label's too`, () => {
    const scores = scoresBetween(-60, 60, 403);
    const arena = new Arena<Kernels>(kernels!);
    for (const label of [0, 1] as const) {
      const objective = twoClasses(arena, scores, label);
      const at = arena.copy(Float64Array.from(theta));
      const out = arena.f64(4);
      for (const [i, s] of scores.entries()) {
        objective.groupGradient(i, at, out);
        const [, , slope, ofReference] = arena.viewF64(out, 4);
        const expected = label === 0 ? -1 / (1 + Math.exp(s)) : 1 / (1 + Math.exp(-s));
        const bound = 5 * UNIT * Math.abs(expected) + 2 ** -52; // 1 is taken from a label's probability in f64
        expect(Math.abs(slope! - expected), `score ${s}`).toBeLessThan(bound);
        expect(slope! + ofReference!).toBe(0);
      }
    }
    arena.dispose();
  });
}

for (const [name, kernels] of shippedBuilds) {
  test.skipIf(!kernels)(`${name}: rows that weigh the same without groups are, bit for bit, rows of one group`, () => {
    const random = new Random(5);
    for (const precision of ["f32", "f64"] as const) {
      for (const rows of [1, 31, 75]) {
        const columns = 3;
        const outputs = 4;
        const values = Float64Array.from({ length: rows * columns }, () => random.normal());
        const options = {
          model: "softmax" as const,
          dataset: {
            rows,
            columns,
            x: { kind: "dense" as const, values: precision === "f32" ? Float32Array.from(values) : values },
          },
          targets: Float64Array.from({ length: rows }, (_, i) => i % outputs),
          outputs,
          precision,
        };
        const arena = new Arena<Kernels>(kernels!);
        const theta = arena.copy(Float64Array.from({ length: outputs * (columns + 1) }, () => random.normal()));
        const evaluate = (objective: Objective) => {
          const out = arena.f64(outputs * (columns + 1));
          return [objective.gradient(theta, out), ...arena.viewF64(out, outputs * (columns + 1))];
        };
        const plain = evaluate(new Objective(arena, options));
        const rowGroups = { map: new Int32Array(rows), count: 1 };
        expect(plain.every(Number.isFinite)).toBe(true);
        expect(evaluate(new Objective(arena, { ...options, rowGroups }))).toEqual(plain);
        arena.dispose();
      }
    }
  });
}
