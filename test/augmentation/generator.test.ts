import { describe, expect, test } from "vitest";
import { binary as scalarBinary } from "../../build/kernels-scalar-binary.ts";
import type { Augmentation, ImageShape } from "../../src/features/augmentation.ts";
import {
  alternativesOf,
  blur,
  contrast,
  cutout,
  either,
  mirror,
  noise,
  rotate,
  scale,
  sequence,
  shear,
  shift,
  type Transformation,
} from "../../src/features/transformation.ts";
import { RowGenerator } from "../../src/models/row-generator.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { type Kernels, kernels } from "../../src/wasm/kernels.ts";
import type { Abi } from "../../src/wasm/kernels-abi.ts";
import { decodeBinary, instantiateModule } from "../../src/wasm/module.ts";
import { below, keyOf, transformed } from "../reference/transformed.ts";

const scalar: Kernels = instantiateModule<Abi>(decodeBinary(scalarBinary));

const transformations: readonly Transformation[] = [
  shift(1, 0),
  shift(-0.3, 1.75),
  rotate(10),
  rotate(-137.5),
  rotate(90),
  scale(1.2),
  scale(0.8, 1.5),
  shear(0.3),
  shear(-0.2, 0.4),
  mirror(),
  mirror("vertical"),
  blur(0.6),
  blur(1.3),
  contrast(0.4),
  contrast(1.8),
  noise(0.15),
  cutout(2),
  cutout(3),
  sequence(blur(0.7), rotate(20), noise(0.05), cutout(2)),
  either(rotate(10), rotate(-10), sequence(mirror(), noise(0.1))),
];

function pictures(rows: number, { width, height, channels }: ImageShape, seed = 1) {
  const random = new Random(seed);
  const columns = width * height * channels;
  const values = Float64Array.from({ length: rows * columns }, () => random.uniform() * 2 - 0.5);
  return { rows, columns, x: { kind: "dense" as const, values } };
}

const shape = (width: number, height: number, channels = 1): ImageShape => ({
  width,
  height,
  channels,
  low: -0.5,
  high: 1.5,
});

/** All generated rows, by transformation and row. */
function generate(
  dataset: ReturnType<typeof pictures>,
  augmentation: Augmentation,
  width: 4 | 8 = 8,
  k: Kernels = kernels(),
): (Float32Array | Float64Array)[][] {
  using arena = new Arena(k);
  const generator = new RowGenerator(arena, dataset, augmentation, width);
  const made: (Float32Array | Float64Array)[][] = augmentation.transformations.map(() => []);
  made.push([]);
  // Panels of 7 straddle every boundary.
  for (let first = 0; first < generator.sources.length; first += 7) {
    const count = Math.min(7, generator.sources.length - first);
    const panel = generator.panel(first, count);
    for (let i = 0; i < count; i++) {
      const [group, source] = [generator.transformations[first + i]!, generator.sources[first + i]!];
      made[group]![source] = panel.slice(i * dataset.columns, (i + 1) * dataset.columns);
    }
  }
  return made;
}

/** Row `row` under a transformation, in plain arithmetic. `stage` counts the stages of those before it. */
function expected(values: ArrayLike<number>, row: number, group: number, stage: number, { image, seed }: Augmentation) {
  const alternatives = alternativesOf(transformations[group - 1]!);
  const pick = alternatives.length > 1 ? below(keyOf(keyOf(seed, -1 - group), row), alternatives.length) : 0;
  let next = stage;
  let result: Float64Array = Float64Array.from(values);
  for (const [a, changes] of alternatives.entries()) {
    for (const change of changes) {
      next += change.kind === "blur" ? 2 : 1;
      if (a === pick) result = transformed(result, change, image, row, keyOf(seed, next));
    }
  }
  return { result, next };
}

describe("generated rows", () => {
  for (const [rows, image] of [
    [45, shape(7, 5)],
    [32, shape(8, 8)],
    [3, shape(4, 3, 3)],
    [9, shape(1, 1)],
  ] as const) {
    test("what is allowed of an image is allowed of it transposed", () => {
      const accepted = (make: () => unknown) => {
        try {
          return Boolean(make());
        } catch {
          return false;
        }
      };
      const sizes = [0, 1e-9, 0.01, 0.3, 1, 7, 100, 101, 1e9, Number.NaN, Number.POSITIVE_INFINITY];
      for (const make of [shift, scale, shear]) {
        for (const a of sizes.flatMap((size) => [size, -size])) {
          for (const b of sizes)
            expect(
              accepted(() => make(a, b)),
              `${make.name} ${a}, ${b}`,
            ).toBe(accepted(() => make(b, a)));
        }
      }
    });

    test(`${rows} images of ${image.width} × ${image.height} × ${image.channels} equal the plain reference`, () => {
      const dataset = pictures(rows, image);
      const augmentation = { image, seed: 5, transformations };
      const f64 = generate(dataset, augmentation);
      const f32 = generate(dataset, augmentation, 4);
      let stage = 0;
      for (let group = 0; group <= transformations.length; group++) {
        let next = stage;
        const worst = { f64: 0, f32: 0 };
        for (let i = 0; i < rows; i++) {
          const values = dataset.x.values.subarray(i * dataset.columns, (i + 1) * dataset.columns);
          const reference = group === 0 ? { result: values, next: 0 } : expected(values, i, group, stage, augmentation);
          next = reference.next;
          for (const [j, value] of reference.result.entries()) {
            worst.f64 = Math.max(worst.f64, Math.abs(f64[group]![i]![j]! - value));
            worst.f32 = Math.max(worst.f32, Math.abs(f32[group]![i]![j]! - value));
          }
        }
        expect(worst.f64, `group ${group}`).toBeLessThan(1e-13);
        expect(worst.f32, `group ${group}`).toBeLessThan(2e-6);
        stage = next;
      }
    });
  }

  test("the SIMD build makes the bits of the scalar build", () => {
    const image = shape(7, 5, 2);
    const dataset = pictures(41, image);
    for (const width of [4, 8] as const) {
      const augmentation = { image, seed: 9, transformations };
      expect(generate(dataset, augmentation, width)).toEqual(generate(dataset, augmentation, width, scalar));
    }
  });

  test("a row's images do not depend on what comes after it, nor on the panel", () => {
    const image = shape(6, 6);
    const augmentation = { image, seed: 2, transformations };
    const many = generate(pictures(70, image), augmentation, 4);
    const few = generate(pictures(11, image), augmentation, 4);
    for (const [group, rows] of few.entries()) expect(rows).toEqual(many[group]!.slice(0, 11));
  });

  test("another seed changes the chance and nothing else", () => {
    const image = shape(6, 6);
    const dataset = pictures(20, image);
    const [a, b] = [1, 2].map((seed) => generate(dataset, { image, seed, transformations }));
    for (const [t, transformation] of transformations.entries()) {
      const chance = JSON.stringify(transformation).match(/noise|cutout|either/) !== null;
      if (chance) expect(a![t + 1]).not.toEqual(b![t + 1]);
      else expect(a![t + 1]).toEqual(b![t + 1]);
    }
  });

  test("the same bits in every engine", () => {
    const image = shape(9, 6);
    const made = generate(pictures(21, image), { image, seed: 3, transformations }, 4);
    let hash = 0;
    for (const row of made.flat()) {
      for (const bits of new Uint32Array(row.buffer)) hash = (Math.imul(hash, 31) + bits) >>> 0;
    }
    expect(hash).toBe(1629428669);
  });

  test("turning by 180° mirrors both ways; four quarter turns, and a shift there and back, change nothing", () => {
    const image = shape(6, 6);
    const dataset = pictures(10, image);
    const quarters = sequence(rotate(90), rotate(90), rotate(90), rotate(90));
    const padded = { ...dataset, x: { ...dataset.x, values: dataset.x.values.map((v, j) => (j % 6 < 2 ? -0.5 : v)) } };
    const made = generate(padded, {
      image,
      seed: 0,
      transformations: [
        rotate(180),
        sequence(mirror(), mirror("vertical")),
        quarters,
        sequence(shift(-2, 0), shift(2, 0)),
      ],
    });
    expect(made[1]).toEqual(made[2]);
    expect(made[3]).toEqual(made[0]);
    expect(made[4]).toEqual(made[0]);
  });

  test("noise is nearly normal and free of correlation between pixels, rows and transformations", () => {
    const image = { ...shape(20, 20), low: -100, high: 100 };
    const rows = 250;
    const dataset = { rows, columns: 400, x: { kind: "dense" as const, values: new Float64Array(rows * 400) } };
    const [, a, b] = generate(dataset, { image, seed: 4, transformations: [noise(0.01), noise(0.01)] });
    const z = a!.flatMap((row) => Array.from(row, (value) => value / 2));
    const other = b!.flatMap((row) => Array.from(row, (value) => value / 2));
    const n = z.length;
    const moment = (f: (value: number, i: number) => number) => z.reduce((sum, value, i) => sum + f(value, i), 0) / n;
    // Five standard errors of n = 10⁵ samples.
    expect(Math.abs(moment((v) => v))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(moment((v) => v * v) - 1)).toBeLessThan((5 * Math.sqrt(2)) / Math.sqrt(n));
    expect(Math.abs(moment((v) => v ** 3))).toBeLessThan((5 * Math.sqrt(15)) / Math.sqrt(n));
    expect(moment((v) => v ** 4)).toBeGreaterThan(2.8);
    expect(moment((v) => v ** 4)).toBeLessThan(3);
    for (const lag of [1, 20, 400, 401])
      expect(Math.abs(moment((v, i) => v * z[(i + lag) % n]!))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(moment((v, i) => v * other[i]!))).toBeLessThan(5 / Math.sqrt(n));
  });

  test("a blurred white picture loses what a Gaussian has outside of it, however wide it is", () => {
    const image = { ...shape(8, 6), low: 0, high: 1 };
    const dataset = { rows: 1, columns: 48, x: { kind: "dense" as const, values: new Float64Array(48).fill(1) } };
    for (const deviation of [0.5, 1, 4, 100]) {
      const made = generate(dataset, { image, seed: 0, transformations: [blur(deviation)] });
      const density = (offset: number) => Math.exp(-0.5 * (offset / deviation) ** 2);
      const reach = Math.ceil(3 * deviation);
      const whole = Array.from({ length: 2 * reach + 1 }, (_, i) => density(i - reach)).reduce((a, b) => a + b);
      const inside = (at: number, size: number) =>
        Array.from({ length: size }, (_, u) => (Math.abs(u - at) > reach ? 0 : density(u - at) / whole)).reduce(
          (a, b) => a + b,
        );
      for (const [j, value] of made[1]![0]!.entries())
        expect(value).toBeCloseTo(inside(j % 8, 8) * inside(Math.floor(j / 8), 6), 12);
    }
  });

  test("the harshest contrast and noise leave numbers in f32, of flat pictures too; harsher ones are refused", () => {
    const image = { ...shape(2, 2), low: 0, high: 255 };
    const dataset = {
      rows: 2,
      columns: 4,
      x: { kind: "dense" as const, values: Float64Array.of(7, 7, 7, 7, 0, 9, 255, 1) },
    };
    const [, contrasted, noisy] = generate(
      dataset,
      { image, seed: 0, transformations: [contrast(1e6), noise(1e6)] },
      4,
    );
    expect(contrasted!.map((row) => Array.from(row))).toEqual([
      [7, 7, 7, 7],
      [0, 0, 255, 0],
    ]);
    expect(noisy!.every((row) => row.every((value) => value >= 0 && value <= 255))).toBe(true);
    for (const change of [contrast, noise])
      expect(() => change(1e300)).toThrow(expect.objectContaining({ code: "OPTION" }));
  });

  test("either gives each alternative its share", () => {
    const image = shape(2, 1);
    const dataset = { rows: 3000, columns: 2, x: { kind: "dense" as const, values: new Float64Array(6000) } };
    for (let i = 0; i < 3000; i++) dataset.x.values[2 * i] = 1;
    const made = generate(dataset, { image, seed: 6, transformations: [either(mirror(), rotate(0), shift(5, 0))] });
    const counts = [0, 0, 0];
    for (const [left, right] of made[1]!) counts[right === 1 ? 0 : left === 1 ? 1 : 2]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(3000 * (2 / 9)));
  });
});
