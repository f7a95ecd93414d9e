import type { ModelKind } from "../../src/models/model-kind.ts";
import type { Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";

export type Precision = "f32" | "f64";

export interface Size {
  readonly model: ModelKind;
  readonly rows: number;
  readonly columns: number;
  /** 1 for the logistic and the squared loss. */
  readonly outputs: number;
  readonly precision: Precision;
  /** Share of nonzeros; 1 is dense. @default 1 */
  readonly density?: number;
  /** Multiplies every x: 1e-40 makes f32 denormal. @default 1 */
  readonly scale?: number;
}

export interface Problem extends Size {
  readonly dataset: Rows;
  readonly targets: Float64Array;
  /** W, outputs × columns, then the intercepts. */
  readonly theta: Float64Array;
}

export function nameOf({ model, rows, columns, outputs, precision, density = 1, scale = 1 }: Size): string {
  const kind = density < 1 ? `, CSR ${Number((100 * density).toPrecision(2))} %` : "";
  const small = scale < 1e-37 ? ", denormal" : "";
  return `${model} ${rows}×${columns}${outputs > 1 ? `×${outputs}` : ""} ${precision}${kind}${small}`;
}

/** Seeded, uniform. CSR columns are drawn by gaps, so that the time does not depend on the zeros. */
export function makeProblem(size: Size): Problem {
  const { model, rows, columns, outputs, precision, density = 1, scale = 1 } = size;
  const random = new Random(7);
  const Values = precision === "f64" ? Float64Array : Float32Array;
  const targets = Float64Array.from({ length: rows }, () =>
    model === "squared" ? random.uniform() : Math.floor(random.uniform() * Math.max(outputs, 2)),
  );
  const theta = Float64Array.from({ length: outputs * (columns + 1) }, () => 0.1 * (random.uniform() - 0.5));
  if (density === 1) {
    const values = new Values(rows * columns);
    for (let i = 0; i < values.length; i++) values[i] = scale * (random.uniform() - 0.5);
    return { ...size, targets, theta, dataset: { rows, columns, x: { kind: "dense", values } } };
  }
  const starts = new Int32Array(rows + 1);
  const indices: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = -1; j < columns; ) {
      j += 1 + Math.floor(Math.log(1 - random.uniform()) / Math.log(1 - density));
      if (j < columns) indices.push(j);
    }
    starts[i + 1] = indices.length;
  }
  const values = new Values(indices.length);
  for (let i = 0; i < values.length; i++) values[i] = random.uniform();
  const x = { kind: "csr", values, indices: Int32Array.from(indices), starts } as const;
  return { ...size, targets, theta, dataset: { rows, columns, x } };
}

/** Multiplications and additions of a gradient: two for each value of X and output, forward and backward. */
export function flopsOf({ dataset, outputs }: Problem): number {
  return 4 * dataset.x.values.length * outputs;
}

/** The share of them that we execute: of a dense softmax the last class is a reference that is not computed. */
export function executedShare({ model, dataset, outputs }: Problem): number {
  return model === "softmax" && dataset.x.kind === "dense" ? (outputs - 1) / outputs : 1;
}

export function bytesOf({ dataset: { x } }: Pick<Problem, "dataset">): number {
  return x.values.byteLength + (x.kind === "csr" ? x.indices.byteLength + x.starts.byteLength : 0);
}

/** Largest difference, relative to the largest entry of the reference. */
export function errorOf(gradient: ArrayLike<number>, reference: ArrayLike<number>): number {
  let worst = gradient.length === reference.length ? 0 : Number.POSITIVE_INFINITY;
  let scale = 0;
  for (let i = 0; i < reference.length; i++) {
    const difference = Math.abs(gradient[i]! - reference[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    scale = Math.max(scale, Math.abs(reference[i]!));
  }
  return worst / scale;
}

/**
 * The softmax gradient in plain JavaScript, dense, in f64: typed arrays only, classes inside so that a row of X is read
 * once for all of them. A competitor, and the reference that everybody is judged by.
 */
export function plainGradient({ dataset, outputs, targets, theta }: Problem, gradient: Float64Array): void {
  const { rows, columns } = dataset;
  const x = dataset.x.values;
  const scores = new Float64Array(outputs);
  gradient.fill(0);
  for (let i = 0; i < rows; i++) {
    const row = i * columns;
    let largest = -Infinity;
    for (let c = 0; c < outputs; c++) {
      let sum = theta[outputs * columns + c]!;
      const w = c * columns;
      for (let j = 0; j < columns; j++) sum += x[row + j]! * theta[w + j]!;
      scores[c] = sum;
      if (sum > largest) largest = sum;
    }
    let total = 0;
    for (let c = 0; c < outputs; c++) {
      scores[c] = Math.exp(scores[c]! - largest);
      total += scores[c]!;
    }
    for (let c = 0; c < outputs; c++) {
      const slope = (scores[c]! / total - (targets[i] === c ? 1 : 0)) / rows;
      const g = c * columns;
      for (let j = 0; j < columns; j++) gradient[g + j]! += slope * x[row + j]!;
      gradient[outputs * columns + c]! += slope;
    }
  }
}
