import type { ModelKind } from "../../src/models/model-kind.ts";
import type { ObjectiveWeights, Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";

export const kinds: readonly ModelKind[] = ["softmax", "logistic", "squared"];

export const penaltyCases: readonly {
  readonly name: string;
  readonly weights: ObjectiveWeights;
  /** Of the group norm, for problems of 7 columns. */
  readonly columnGroups?: readonly number[];
}[] = [
  { name: "L2", weights: { l2: 0.02 } },
  { name: "L1", weights: { l1: 0.02 } },
  { name: "L1 + L2", weights: { l1: 0.01, l2: 0.03 } },
  { name: "hinges", weights: { l2: 0.01, hinges: { knots: [0, 0.1, 0.3], weights: [0.01, 0.02, 0.05] } } },
  { name: "group norm", weights: { groupNorm: 0.03 } },
  { name: "sparse groups of columns", weights: { l1: 0.01, groupNorm: 0.02 }, columnGroups: [0, 1, 1, 2, 0, 2, 2] },
  {
    name: "everything",
    weights: { l1: 0.005, l2: 0.01, groupNorm: 0.02, hinges: { knots: [0.1, 0.3], weights: [0.02, 0.05] } },
    columnGroups: [0, 0, 1, 1, 1, 0, 0],
  },
];

export interface Problem {
  readonly model: ModelKind;
  readonly dataset: Rows;
  readonly targets: Float64Array;
  readonly outputs: number;
  /** Of the group norm. */
  readonly columnGroups?: readonly number[];
}

function normal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.uniform();
  return sum;
}

/** A noisy problem of a known kind: shifted, unequally scaled, correlated columns; labels from a random model. */
export function exampleProblem(model: ModelKind, rows: number, columns: number, classes: number, seed = 1): Problem {
  const random = new Random(seed);
  const outputs = model === "softmax" ? classes : 1;
  const truth = Float64Array.from({ length: outputs * columns }, () => normal(random));
  const values = new Float64Array(rows * columns);
  const targets = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const common = normal(random);
    const scores = Float64Array.from({ length: outputs }, () => normal(random));
    for (let j = 0; j < columns; j++) {
      const x = common + normal(random);
      values[i * columns + j] = 0.5 + (1 + (j % 3)) * x;
      for (let c = 0; c < outputs; c++) scores[c]! += x * truth[c * columns + j]!;
    }
    if (model === "squared") targets[i] = 3 + scores[0]!;
    else if (model === "logistic") targets[i] = scores[0]! > 0 ? 1 : 0;
    else targets[i] = scores.indexOf(Math.max(...scores));
  }
  return { model, dataset: { rows, columns, x: { kind: "dense", values } }, targets, outputs };
}
