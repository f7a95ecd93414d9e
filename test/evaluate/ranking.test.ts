import { describe, expect, test } from "vitest";
import { Ranking } from "../../src/evaluate/ranking.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { type Kernels, kernels } from "../../src/wasm/kernels.ts";
import { scalar, shippedBuilds } from "../reference/kernel-builds.ts";
import * as reference from "../reference/metrics.ts";

const builds = [...shippedBuilds, ["scalar", scalar] as const];

/** A score of row i, whose label is 0 or 1. */
type Draw = (random: Random, label: number, i: number) => number;

/** What is easy and what is hard for buckets of one width. */
const draws: Record<string, Draw> = {
  "overlapping classes": (random, label) => random.normal() + label,
  "classes apart": (random, label) => random.normal() + 50 * label,
  "classes the wrong way round": (random, label) => random.normal() - 50 * label,
  "all equal": () => 0.1,
  "nine levels": (random) => random.below(9) / 9,
  "all equal but for one": (_, __, i) => (i === 1 ? 1e9 : 0.1),
  "spread but for one": (random, _, i) => (i === 1 ? 1e12 : random.normal()),
  "two clusters": (random) => random.below(2) + 1e-9 * random.normal(),
  "two clusters of ties": (random) => random.below(2) + 1e-9 * random.below(3),
  "powers of two": (random) => 2 ** (random.below(2000) - 1000),
  "powers of two, of both signs": (random) => (random.below(2) - 0.5) * 2 ** (random.below(200) - 100),
  "neighbours among doubles": (random) => 1 + random.below(40) * 2 ** -52,
  denormals: (random) => random.below(50) * 5e-324,
  "both zeros": (random) => [0, -0, 1, -1][random.below(4)]!,
  infinities: (random) => [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, random.normal()][random.below(3)]!,
  "infinities alone": (random) => [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][random.below(2)]!,
  "a range that overflows": (random) => (2 * random.uniform() - 1) * 1.7e308,
  ascending: (_, __, i) => i,
  descending: (_, __, i) => -i,
};

interface Example {
  readonly scores: Float64Array;
  readonly labels: Float64Array;
  readonly weights: Float64Array;
}

function example(draw: Draw, rows: number, share: number, seed: number): Example {
  const random = new Random(seed, rows);
  const labels = Float64Array.from({ length: rows }, () => (random.uniform() < share ? 1 : 0));
  return {
    labels,
    scores: labels.map((label, i) => draw(random, label, i)),
    weights: labels.map(() => random.below(4) / 2 + random.below(2) * random.uniform()),
  };
}

function errorOf({ scores, labels, weights }: Example, weighted: boolean, k: Kernels = kernels()): number {
  const arena = new Arena(k);
  const error = new Ranking(arena, labels, 2, weighted ? weights : undefined).error(1, arena.copy(scores));
  arena.dispose();
  return error;
}

function plainError({ scores, labels, weights }: Example, weighted: boolean): number {
  return reference.aucError({
    scores: Array.from(scores, (score) => [score]),
    labels: [...labels],
    weights: [...(weighted ? weights : weights.map(() => 1))],
    groups: [],
    classes: 2,
  });
}

/** The same by ranks, for many rows of weight 1. */
function errorByRanks({ scores, labels }: Example): number {
  const order = Array.from(scores.keys()).sort((i, j) =>
    scores[i]! < scores[j]! ? -1 : Number(scores[i]! > scores[j]!),
  );
  let [right, below, positives] = [0, 0, 0];
  for (let from = 0; from < order.length; ) {
    let to = from;
    let tied = 0;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) tied += labels[order[to++]!]!;
    right += tied * (below + 0.5 * (to - from - tied));
    below += to - from - tied;
    positives += tied;
    from = to;
  }
  return 1 - right / (positives * below);
}

describe.each(builds)("%s: the AUC", (_, kernel) => {
  test.skipIf(!kernel).each(Object.entries(draws))("of %s is that of all pairs", (_, draw) => {
    for (const rows of [1, 2, 3, 5, 16, 41, 200]) {
      for (const share of [0.5, 0.06, 0.9]) {
        const rowsOf = example(draw, rows, share, 7);
        // Weights of 1: both count halves of pairs, which is exact.
        expect(errorOf(rowsOf, false, kernel), `${rows} rows, ${share}`).toBe(plainError(rowsOf, false));
        const error = errorOf(rowsOf, true, kernel);
        expect(error, `${rows} weighted rows, ${share}`).toBeCloseTo(plainError(rowsOf, true), 13);
        expect(error).toBe(errorOf(rowsOf, true));
      }
    }
  });

  test.skipIf(!kernel).each(Object.entries(draws))("of %s is that of ranks, of many rows", (_, draw) => {
    for (const share of [0.5, 0.01, 0.9]) {
      const rowsOf = example(draw, 6000, share, 3);
      expect(errorOf(rowsOf, false, kernel), `${share}`).toBe(errorByRanks(rowsOf));
      // A row of weight w is as many rows of weight 1.
      const counts = Array.from(rowsOf.labels, (_, i) => 1 + ((7 * i) % 3));
      const repeated = (values: Float64Array) =>
        Float64Array.from(counts.flatMap((count, i) => new Array<number>(count).fill(values[i]!)));
      const many = { ...rowsOf, scores: repeated(rowsOf.scores), labels: repeated(rowsOf.labels) };
      const weighted = { ...rowsOf, weights: Float64Array.from(counts) };
      expect(errorOf(weighted, true, kernel), `${share}, weighted`).toBe(errorByRanks(many));
    }
  });

  test.skipIf(!kernel)("is NaN where a score is, ½ without a pair", () => {
    const { scores, labels, weights } = example(draws["overlapping classes"]!, 700, 0.3, 5);
    for (const i of [0, 1, 350, 699, labels.indexOf(0), labels.indexOf(1), labels.lastIndexOf(1)]) {
      for (const weighted of [false, true]) {
        expect(errorOf({ scores: scores.with(i, Number.NaN), labels, weights }, weighted, kernel)).toBeNaN();
        for (const one of [0, 1]) {
          const alone = { scores, labels: labels.map(() => one), weights };
          expect(errorOf(alone, weighted, kernel)).toBe(0.5);
          expect(errorOf({ ...alone, scores: scores.with(i, Number.NaN) }, weighted, kernel)).toBeNaN();
        }
      }
    }
    expect(errorOf({ scores, labels, weights: labels.map((label) => label) }, true, kernel)).toBe(0.5);
  });

  test.skipIf(!kernel)("is found in the scratch that it asks for, whatever is there", () => {
    const k = kernel!;
    for (const draw of Object.values(draws)) {
      for (const rows of [1, 2, 3, 4, 5, 8, 9, 64, 65, 3000]) {
        const { scores } = example(draw, rows, 0.5, 2);
        const arena = new Arena(k);
        const weights = arena.copy(scores.map(() => 1));
        const order = arena.copy(Int32Array.from(scores.keys()));
        const bytes = k.aucScratchBytes(rows);
        const scratch = arena.bytes(bytes + 256);
        const beyond = () => arena.viewI32(scratch + bytes, 64);
        for (const last of [scores.at(-1)!, Number.NaN]) {
          const x = arena.copy(scores.with(-1, last));
          for (const first of [0, rows >> 1, rows]) {
            arena.viewI32(scratch, bytes / 4 + 64).fill(0x7f7f7f7f);
            const error = k.aucError(rows, x, order, first, rows, weights, scratch);
            if (Number.isNaN(last)) expect(error).toBeNaN();
            else expect(error).toBeLessThan(1.01);
            expect(beyond().every((value) => value === 0x7f7f7f7f)).toBe(true);
          }
        }
        arena.dispose();
      }
    }
  });
});

test.each([2, 3, 4])(
  "the AUC of %i outputs is the mean of one class against the rest, by its probability",
  (classes) => {
    const random = new Random(1, 8);
    const rows = 150;
    const labels = Float64Array.from({ length: rows }, () => random.below(classes));
    const scores = Float64Array.from({ length: rows * classes }, () => 3 * random.normal());
    // What all scores of a row share says nothing of its classes.
    const shared = Float64Array.from({ length: rows }, () => 10 * random.normal());
    for (const i of scores.keys()) scores[i]! += shared[i % rows]!;
    const weights = labels.map(() => random.uniform());
    const arena = new Arena(kernels());
    const error = new Ranking(arena, labels, classes, weights).error(classes, arena.copy(scores));
    arena.dispose();
    const each = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: classes }, (_, c) => scores[c * rows + i]!),
    );
    const plain = { scores: each, labels: [...labels], weights: [...weights], groups: [], classes };
    expect(error).toBeCloseTo(reference.aucError(plain), 13);
  },
);
