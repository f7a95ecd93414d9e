import { describe, expect, test } from "vitest";
import {
  augmentation,
  classWeights,
  data,
  groupNorm,
  LinearLoss,
  l1,
  l2,
  fit as minimize,
  noise,
  shift,
  tune,
} from "../src/index.ts";
import { blobs } from "./reference/blobs.ts";

const WIDTH = 29;
/** Where 12 columns go among 29: the others are constant. */
const PLACES = Int32Array.from({ length: 12 }, (_, j) => 1 + 2 * j + Math.floor(j / 3));
const CONSTANTS = Float64Array.from({ length: WIDTH }, (_, j) => (j % 4 === 0 ? 3 : 0));

type Rows = ReturnType<typeof blobs>;

/** With constant columns between its own, zeros or not. */
function widened(rows: Rows): Rows {
  const values = new Float64Array(rows.rows * WIDTH);
  for (let i = 0; i < rows.rows; i++) {
    values.set(CONSTANTS, i * WIDTH);
    for (const [j, place] of PLACES.entries()) values[i * WIDTH + place] = rows.x.values[i * 12 + j]!;
  }
  return data.dense({ x: values, columns: WIDTH, y: rows.y });
}

/** The same rows as CSR; zeros are stored in one of ten places. */
function asSparse(rows: Rows): Rows {
  const { columns, x } = rows;
  const kept = Array.from(x.values, (value, e) => ({ value, e })).filter(({ value, e }) => value !== 0 || e % 10 === 0);
  return data.sparse({
    values: Float64Array.from(kept, ({ value }) => value),
    indices: Int32Array.from(kept, ({ e }) => e % columns),
    starts: Int32Array.from({ length: rows.rows + 1 }, (_, i) => kept.filter(({ e }) => e < i * columns).length),
    columns,
    y: rows.y,
  });
}

/** Small values are zeros, so that sparse rows are. */
function thinned(rows: Rows): Rows {
  const values = Float64Array.from(rows.x.values, (value) => (Math.abs(value) < 1 ? 0 : value));
  return data.dense({ x: values, columns: 12, y: rows.y });
}

// Enough nonzeros in a column for as many curvature pairs as there may be: zeros that are stored allow for more.
const rows = thinned(blobs(200, 12, 3, 3));
const validation = thinned(blobs(90, 12, 3, 4));
const forms = { dense: (given: Rows) => given, sparse: asSparse };

/** The weights of the columns that vary, those of the others must be 0. */
function narrowed(coefficients: Float64Array): number[] {
  const outputs = coefficients.length / WIDTH;
  const kept = new Set(PLACES);
  for (const [i, w] of coefficients.entries()) if (!kept.has(i % WIDTH)) expect(w).toBe(0);
  return Array.from({ length: outputs }, (_, c) => Array.from(PLACES, (j) => coefficients[c * WIDTH + j]!)).flat();
}

const losses: Readonly<Record<string, readonly [narrow: LinearLoss, wide: LinearLoss]>> = (() => {
  const plain = (lambda: Record<string, number>): [LinearLoss, LinearLoss] => {
    const loss = new LinearLoss("logLoss", { l1: l1(), l2: l2(), group: groupNorm() }, lambda);
    return [loss, loss];
  };
  // Constant columns are members of groups, too: a group is as large as its user says.
  const own = Array.from({ length: WIDTH }, (_, j) => j % 3);
  const group = groupNorm({ groups: Array.from(PLACES, (j) => own[j]!) });
  const wide = groupNorm({ groups: own });
  return {
    L2: plain({ l1: 0, l2: 0.01, group: 0 }),
    L1: plain({ l1: 0.01, l2: 0, group: 0 }),
    "L1 + L2": plain({ l1: 0.01, l2: 0.01, group: 0 }),
    "a norm per column": plain({ l1: 0, l2: 0.001, group: 0.02 }),
    "norms of groups": [
      new LinearLoss("logLoss", { l2: l2(), group }, { l2: 0.001, group: 0.02 }),
      new LinearLoss("logLoss", { l2: l2(), group: wide }, { l2: 0.001, group: 0.02 }),
    ],
  };
})();

describe("constant columns", () => {
  for (const [form, as] of Object.entries(forms)) {
    for (const [name, [narrow, wide]] of Object.entries(losses).slice(0, 4)) {
      test(`${form}, ${name}: get no weight and change nothing, bit for bit`, async () => {
        for (const precision of ["f32", "f64"] as const) {
          const options = { model: "softmax", precision, tolerance: 1e-7 } as const;
          const plain = await minimize({ ...options, train: as(rows), loss: narrow });
          const other = await minimize({ ...options, train: as(widened(rows)), loss: wide });
          expect(narrowed(other.model.coefficients)).toEqual(Array.from(plain.model.coefficients));
          expect(other.model.intercepts).toEqual(plain.model.intercepts);
          for (const key of ["status", "objective", "features", "passes", "residual", "nonzeros"] as const) {
            expect([key, other[key]]).toEqual([key, plain[key]]);
          }
        }
      });
    }

    test(`${form}: groups of columns count them`, async () => {
      const [narrow, wide] = losses["norms of groups"]!;
      const options = { model: "softmax", tolerance: 1e-8 } as const;
      const plain = await minimize({ ...options, train: as(rows), loss: narrow });
      const other = await minimize({ ...options, train: as(widened(rows)), loss: wide });
      const norm = (w: number[], g: number) =>
        Math.sqrt(w.reduce((sum, value, i) => sum + (PLACES[i % 12]! % 3 === g ? value * value : 0), 0));
      const sizes = [10, 10, 9]; // of 29 columns, by j % 3
      const weights = narrowed(other.model.coefficients);
      const phi = sizes.reduce((sum, size, g) => sum + Math.sqrt(size) * norm(weights, g), 0);
      expect(other.features.group! / phi).toBeCloseTo(1, 12);
      // Larger groups are penalized more.
      expect(other.objective).toBeGreaterThan(plain.objective);
    });

    test(`${form}: a tuning is the same study, with validation rows and folds, bit for bit`, async () => {
      const setting = { model: "softmax", features: { ...classWeights(rows), l1: l1(), l2: l2() }, seed: 2 } as const;
      const outcome = async (wide: boolean, split: "validation" | "folds") => {
        const of = (given: Rows) => as(wide ? widened(given) : given);
        const parts = split === "folds" ? { folds: 3 } : { validation: of(validation) };
        const { model, lambda, error, passes, trials } = await tune({ ...setting, train: of(rows), ...parts });
        const coefficients = wide ? narrowed(model.coefficients) : Array.from(model.coefficients);
        return { coefficients, intercepts: model.intercepts, lambda, error, passes, trials };
      };
      for (const split of ["validation", "folds"] as const) {
        const { passes, ...other } = await outcome(true, split);
        const { passes: expected, ...plain } = await outcome(false, split);
        expect(other).toEqual(plain);
        // Reduced work is counted in passes, which read the zeros that are stored: not the same ones here and there.
        if (form === "dense") expect(passes).toBe(expected);
        else expect(Math.abs(passes / expected - 1)).toBeLessThan(0.02);
      }
    });
  }

  test("columns that vary in the rows that judge only are not seen; a function of scores gets the rows as they were given", async () => {
    const judging = widened(validation);
    const moved = judging.x.values.map((value, e) => (e % WIDTH === 0 ? e : value)) as Float64Array;
    const settings = { model: "softmax", train: widened(rows), features: { l2: l2() }, seed: 1 } as const;
    const plain = await tune({ ...settings, validation: judging });
    const given = data.dense({ x: moved, columns: WIDTH, y: judging.y });
    const other = await tune({ ...settings, validation: given });
    expect(other.error).toBe(plain.error);
    const seen = new Set<unknown>();
    await tune({
      ...settings,
      validation: given,
      metric: ({ values }, dataset) => {
        seen.add(dataset);
        return values[0]! ** 2;
      },
    });
    expect([...seen]).toEqual([given]);
  });

  test("dense and sparse rows have the same minimum, in any order of columns", async () => {
    const { columns, x, y } = widened(rows);
    const turned = data.dense({
      x: Float64Array.from(
        x.values,
        (_, e) => x.values[Math.floor(e / columns) * columns + (columns - 1 - (e % columns))]!,
      ),
      columns,
      y,
    });
    for (const [narrow] of Object.values(losses).slice(0, 4)) {
      const options = { model: "softmax", tolerance: 1e-9, loss: narrow } as const;
      const plain = await minimize({ ...options, train: widened(rows) });
      for (const as of Object.values(forms)) {
        const other = await minimize({ ...options, train: as(turned) });
        expect(other.objective / plain.objective).toBeCloseTo(1, 12);
        for (const [i, w] of other.model.coefficients.entries()) {
          const c = Math.floor(i / WIDTH);
          expect(plain.model.coefficients[c * WIDTH + (WIDTH - 1 - (i % WIDTH))]!).toBeCloseTo(w, 6);
        }
      }
    }
  });

  test("rows that are all the same have a model of intercepts; transformed rows vary where they do not", async () => {
    const y = Float64Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const same = data.dense({ x: new Float64Array(24 * 9).fill(2), columns: 9, y });
    const { model } = await minimize({ model: "logistic", train: same, loss: { l2: 0.1 } });
    expect(model.coefficients).toEqual(new Float64Array(9));
    expect(model.intercepts[0]!).toBeCloseTo(Math.log(1 / 2), 5);
    // One pixel, in the middle; shifts put it beside.
    const x = Float64Array.from({ length: 24 * 9 }, (_, e) =>
      e % 9 === 4 ? (Math.floor(e / 9) % 3 === 0 ? 1 : 0.2) : 0,
    );
    const images = data.dense({ x, columns: 9, y });
    const { model: shifted } = await tune({
      model: "logistic",
      train: images,
      validation: images,
      features: { ...augmentation(images, { shift: shift(1, 0), noise: noise(0.1) }), l2: l2({ min: 0.01, max: 0.1 }) },
    });
    expect(shifted.coefficients[5]).not.toBe(0);
  });
});
