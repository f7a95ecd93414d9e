import type { ModelKind } from "../../src/models/model-kind.ts";
import { Random } from "../../src/random.ts";

/**
 * Rows that a linear model separates. Columns are far from 0 and have `common` times as much in common as of their own; the
 * last is constant, the one before it the same as the first. Behind them come `others`, which have to do with nothing.
 */
export function separated(
  model: ModelKind,
  rows: number,
  columns: number,
  classes: number,
  common: number,
  seed: number,
  others = 0,
) {
  const random = new Random(seed);
  const outputs = model === "softmax" ? classes : 1;
  const truth = Float64Array.from({ length: classes * columns }, () => random.normal());
  const all = columns + others;
  const values = new Float64Array(rows * all);
  const targets = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const shared = common * random.normal();
    const own = values.subarray(i * all, (i + 1) * all);
    const scores = new Float64Array(classes);
    for (let j = 0; j < columns; j++) {
      const x = shared + random.normal();
      own[j] = 5 * (j % 3) + (1 + (j % 4)) * x;
      for (let c = 0; c < classes; c++) scores[c]! += x * truth[c * columns + j]!;
    }
    own[columns - 2] = own[0]!;
    own[columns - 1] = 7;
    for (let j = columns; j < all; j++) own[j] = random.normal();
    targets[i] = scores.indexOf(Math.max(...scores));
  }
  return { model, dataset: { rows, columns: all, x: { kind: "dense", values } }, targets, outputs } as const;
}
