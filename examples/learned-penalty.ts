// The shape of the penalty is learned, p(w) = Σ_b λ_b·max(0, |w| − t_b) + λ·½w²: on tumors, with all products of two
// measurements as columns. What was learned is stored, and reused on wines, which have too few rows to tune anything on.
import assert from "node:assert/strict";
import { convexPenalty, data, fit, LinearLoss, l2, tune } from "learnloss";

/** Standardized columns and all their products, standardized. */
async function products(file: string, target: string) {
  const raw = await data.csv(new URL(`../data/${file}`, import.meta.url), { target });
  const { x, columns } = data.standardize(raw, data.standardization(raw));
  const rows = Array.from({ length: raw.rows }, (_, i) => {
    const row = Array.from((x.values as Float64Array).subarray(i * columns, (i + 1) * columns));
    return [...row, ...row.flatMap((a, j) => row.slice(j).map((b) => a * b))];
  });
  const wide = data.dense({ x: rows, y: raw.y });
  return data.standardize(wide, data.standardization(wide));
}

const tumors = await products("breast-cancer.csv", "diagnosis");
const wines = await products("wine.csv", "cultivar");
/** Geometric mean: ratios of errors on a hundred rows vary by a half from split to split. */
const mean = (ratios: number[]) => Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
const ratios = { own: [] as number[], default: [] as number[], ridge: [] as number[] };
const reusedErrors: number[] = [];
let stored = "";
for (let seed = 1; seed <= 10; seed++) {
  const { train, validation } = data.split(tumors, { validation: tumors.rows - 150, seed });
  const learned = await tune({ model: "softmax", train, validation, features: convexPenalty({ knots: 8 }) });
  const ridge = await tune({ model: "softmax", train, validation, features: { l2: l2() } });
  ratios.own.push(learned.error / ridge.error);
  if (seed === 1) stored = JSON.stringify(learned.loss);

  const reusable = LinearLoss.fromJSON(JSON.stringify(learned.loss));
  for (let part = 1; part <= 20; part++) {
    const wine = data.split(wines, { validation: wines.rows - 60, seed: part });
    const test = async (loss: LinearLoss | { l2: number }) =>
      (await fit({ model: "softmax", train: wine.train, loss, tolerance: 1e-5 })).model.error(wine.validation);
    const reused = await test(reusable);
    reusedErrors.push(reused);
    ratios.default.push(reused / (await test({ l2: 1 / wine.train.rows })));
    ratios.ridge.push(reused / (await test(ridge.loss)));
  }
}

const against = (values: number[]) =>
  `${(100 * (mean(values) - 1)).toFixed(0)} %, less in ${values.filter((ratio) => ratio < 1).length} of ${values.length}`;
console.log(
  "log loss with the learned penalty, geometric means of 10 splits of the tumors and, for each, 20 of the wines",
);
console.log(`  on tumors, where it was learned: ${against(ratios.own)} against L2 that was tuned as well`);
console.log(`  on wines: ${against(ratios.default)} against L2 of 1/rows`);
console.log(`  on wines: ${against(ratios.ridge)} against the L2 that was tuned on tumors`);

/** The least mean log loss on the wines that any weight of one norm has. */
async function hindsight(lossOf: (weight: number) => { l1: number } | { l2: number }): Promise<number> {
  const means = [0.001, 0.003, 0.01, 0.03].map(async (weight) => {
    const errors = Array.from({ length: 20 }, async (_, i) => {
      const { train, validation } = data.split(wines, { validation: wines.rows - 60, seed: i + 1 });
      return (await fit({ model: "softmax", train, loss: lossOf(weight), tolerance: 1e-5 })).model.error(validation);
    });
    return mean(await Promise.all(errors));
  });
  return Math.min(...(await Promise.all(means)));
}
const [bestL1, bestL2] = [await hindsight((l1) => ({ l1 })), await hindsight((l2) => ({ l2 }))];
console.log(
  `  on wines: ${mean(reusedErrors).toFixed(3)}; in hindsight the best L1 has ${bestL1.toFixed(3)}, the best L2 ${bestL2.toFixed(3)}`,
);
console.log(`stored: ${stored.slice(0, 60)}…`);

const loss = LinearLoss.fromJSON(stored);
const grid = Array.from({ length: 81 }, (_, i) => i / 40);
const scaled = (p: (w: number) => number) => grid.map((w): [number, number] => [w, p(w) / p(2)]);
export const figure = {
  x: { label: "|w|" },
  y: { label: "penalty, as a share of that of |w| = 2" },
  series: [
    { label: "learned", kind: "line", width: 3, points: scaled((w) => loss.penalty(w)) },
    { label: "L1", kind: "line", dashed: true, points: scaled((w) => w) },
    { label: "L2", kind: "line", dashed: true, points: scaled((w) => w * w) },
  ],
} as const;

// Wines want all of their columns, tumors few: what was learned there is no worse here than the usual L2 all the same, and
// better than any L1.
assert(mean(ratios.own) < 0.8 && mean(ratios.ridge) < 0.95 && mean(ratios.default) < 1.03);
assert(Math.max(...ratios.own) < 1.01 && mean(reusedErrors) < bestL1);
