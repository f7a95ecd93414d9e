// A missed tumor costs ten false alarms. Three ways to care: class weights learned for the mean cost, decisions for the
// least expected cost instead of the most probable class, and both.
import assert from "node:assert/strict";
import { classWeights, costMatrix, data, l2, type TunerOptions, tune } from "learnloss";

const all = await data.csv(new URL("../data/breast-cancer.csv", import.meta.url), { target: "diagnosis" });
const methods = ["plain", "expected cost", "class weights", "class weights, expected cost"] as const;

/** A dozen missed tumors decide over a split: over five, the ratios below still vary by a third. */
const SPLITS = 12;
const PRICES = [3, 30];

/** Mean cost on test rows of each method at each price of a missed tumor, averaged over the splits. */
async function meanCosts(): Promise<number[][]> {
  const sums = PRICES.map(() => methods.map(() => 0));
  for (let seed = 1; seed <= SPLITS; seed++) {
    const { train: raw, validation: rest } = data.split(all, { validation: 419, seed });
    const scaling = data.standardization(raw);
    const train = data.standardize(raw, scaling);
    const { train: validation, validation: test } = data.split(data.standardize(rest, scaling), {
      validation: 0.5,
      seed,
    });
    const learn = async (options: Pick<TunerOptions, "features" | "metric">) =>
      (await tune({ model: "logistic", train, validation, ...options })).model;
    const weights = { ...classWeights(train), l2: l2() };
    const plain = await learn({ features: { l2: l2() } });
    for (const [p, price] of PRICES.entries()) {
      const costs = { malignant: { benign: price } };
      const likeliest = costMatrix(costs);
      const cheapest = costMatrix(costs, { decision: "least-expected-cost" });
      const errors = [
        plain.error(test, likeliest),
        plain.error(test, cheapest),
        (await learn({ features: weights, metric: likeliest })).error(test, likeliest),
        (await learn({ features: weights, metric: cheapest })).error(test, cheapest),
      ];
      for (const [m, error] of errors.entries()) sums[p]![m]! += error / SPLITS;
    }
  }
  return sums;
}

export const figure = {
  x: { label: "cost of a missed tumor, in false alarms", log: true },
  y: { label: "mean cost on test rows", log: true },
  series: methods.map((label) => ({ label, kind: "line", points: [] as [number, number][] }) as const),
};

const meanCostsByPrice = await meanCosts();
for (const [p, price] of PRICES.entries()) {
  const costs = meanCostsByPrice[p]!;
  for (const [m, cost] of costs.entries()) figure.series[m]!.points.push([price, cost]);
  console.log(`a miss costs ${price}: ${methods.map((name, m) => `${name} ${costs[m]!.toFixed(3)}`).join("; ")}`);
  const [plain, expected, weighted, both] = costs;
  if (price < 10) continue;
  assert(Math.max(expected!, weighted!, both!) < 0.8 * plain!);
}
