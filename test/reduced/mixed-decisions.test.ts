import { describe, expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { MixedDecisions } from "../../src/reduced/mixed-decisions.ts";
import { Mixtures } from "../../src/reduced/mixtures.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { scalar, shippedBuilds } from "../reference/kernel-builds.ts";

const builds = [...shippedBuilds, ["scalar", scalar] as const];

interface Example {
  readonly rows: number;
  readonly outputs: number;
  /** [model][output][row]. */
  readonly scores: readonly Float64Array[];
  readonly sets: readonly Float64Array[];
}

/** Decisions by mixtures in f32 and by those in f64, of every set. */
function decided({ rows, outputs, scores, sets }: Example, k = kernels()) {
  const arena = new Arena(k);
  const mixtures = new Mixtures(arena, rows * outputs, scores.length + 2);
  const decisions = new MixedDecisions(arena, rows, outputs, mixtures);
  for (const [slot, values] of scores.entries()) {
    const pointer = arena.copy(values);
    mixtures.set(slot, pointer);
    decisions.set(slot, pointer);
  }
  const quick = decisions.decide(sets).map((pointer) => arena.viewI32(pointer, rows).slice());
  const exact = mixtures.mix(sets).map((mixed) => {
    const out = arena.i32(rows);
    k.decide(rows, outputs, mixed, out);
    return arena.viewI32(out, rows).slice();
  });
  arena.dispose();
  return { quick, exact };
}

function example(rows: number, outputs: number, models: number, size: number): Example {
  const random = new Random(3, rows * outputs + models);
  const normals = (length: number, scale: number) => Float64Array.from({ length }, () => scale * random.normal());
  return {
    rows,
    outputs,
    scores: Array.from({ length: models }, () => normals(rows * outputs, 5)),
    sets: Array.from({ length: 4 }, () => normals(models, size)),
  };
}

const sizes = [
  [1, 1, 1],
  [7, 2, 3],
  [8, 3, 1],
  [9, 1, 5],
  [29, 10, 12],
  [333, 4, 40],
] as const;

describe.each(builds)("%s: mixtures decide in f32 as they do in f64", (_, kernel) => {
  test.skipIf(!kernel).each(sizes)("for %i rows of %i outputs, %i models", (rows, outputs, models) => {
    for (const size of [1e-3, 1, 1e4, 1e12, 1e30]) {
      const { quick, exact } = decided(example(rows, outputs, models, size), kernel);
      expect(quick).toEqual(exact);
    }
  });

  test.skipIf(!kernel)("for fewer than four sets", () => {
    const some = example(29, 10, 12, 1);
    for (const count of [1, 2, 3]) {
      const { quick, exact } = decided({ ...some, sets: some.sets.slice(0, count) }, kernel);
      expect(quick).toHaveLength(count);
      expect(quick).toEqual(exact);
    }
  });

  test.skipIf(!kernel)("where scores tie, or differ by less than f32 can tell", () => {
    const { rows, outputs, scores, sets } = example(61, 5, 9, 1);
    for (const apart of [0, 1e-16, 1e-12, 1e-9, 1e-7, 1e-5]) {
      // All outputs of a row are the first one's but for a hair.
      const near = scores.map((values) =>
        values.map((value, at) => values[at % rows]! + apart * value * (at < rows ? 0 : 1)),
      );
      const { quick, exact } = decided({ rows, outputs, scores: near, sets }, kernel);
      expect(quick).toEqual(exact);
    }
  });

  test.skipIf(!kernel)("where large weights cancel", () => {
    const { rows, outputs, scores } = example(61, 5, 2, 1);
    const [first, second] = scores;
    const beside = first!.map((value, at) => value + 1e-7 * second![at]!);
    const sets = [1, 1e3, 1e6, 1e9].map((far) => Float64Array.of(1 - far, far));
    const { quick, exact } = decided({ rows, outputs, scores: [first!, beside], sets }, kernel);
    expect(quick).toEqual(exact);
  });

  test.skipIf(!kernel)("of scores that f32 does not hold, and of weights that are no numbers", () => {
    for (const scale of [1e-60, 1e-42, 1e25, 1e60, 1e300]) {
      const { scores, ...rest } = example(29, 3, 6, 1);
      const { quick, exact } = decided({ ...rest, scores: scores.map((s) => s.map((x) => scale * x)) }, kernel);
      expect(quick).toEqual(exact);
    }
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const some = example(29, 3, 6, 1);
      const { quick, exact } = decided({ ...some, sets: [some.sets[0]!.with(2, value), some.sets[1]!] }, kernel);
      expect(quick).toEqual(exact);
      if (Number.isNaN(value)) expect(quick[0]!.every((given) => given === -1)).toBe(true);
    }
  });
});
