// L1, L2 and group norms of softmax, logistic and linear regression: every penalty at once, tuned on validation rows.
import assert from "node:assert/strict";
import { data, type Features, groupNorm, l1, l2, type ModelKind, tune } from "learnloss";

/** 150 rows to train on, the others judge; columns standardized by the training rows. */
async function task(model: ModelKind, file: string, target: string, features: Features) {
  const rows = await data.csv(new URL(`../data/${file}`, import.meta.url), { target });
  const { train, validation } = data.split(rows, { validation: rows.rows - 150, seed: 1 });
  const scaling = data.standardization(train);
  return {
    model,
    train: data.standardize(train, scaling),
    validation: data.standardize(validation, scaling),
    features,
  };
}

const tasks = {
  "digits (softmax), L1 and L2": await task("softmax", "digits.csv.gz", "digit", { l1: l1(), l2: l2() }),
  // Whole pixels are in the model or out of it, for all digits at once.
  "digits (softmax), groups and L2": await task("softmax", "digits.csv.gz", "digit", { group: groupNorm(), l2: l2() }),
  "breast cancer (logistic), L1 and L2": await task("logistic", "breast-cancer.csv", "diagnosis", {
    l1: l1(),
    l2: l2(),
  }),
  "diabetes (linear), L1 and L2": await task("squared", "diabetes.csv", "progression", {
    l1: l1({ max: 100 }),
    l2: l2({ max: 10 }),
  }),
};

export const figure = {
  x: { label: "penalties, as multiples of the ones chosen", log: true },
  y: { label: "validation error, as a multiple of the chosen one's", log: true },
  series: [] as { label: string; kind: "line"; points: [number, number][] }[],
};

for (const [name, setting] of Object.entries(tasks)) {
  const tuned = await tune(setting);
  console.log(`${name}: ${tuned.metric} ${tuned.error.toPrecision(4)}, ${tuned.passes.toFixed(0)} passes`);
  console.log(`  minimize ${tuned.loss}`);

  // The chosen penalties are at the bottom of the valley: all of them weaker or stronger is no better.
  const points: [number, number][] = [];
  for (let exponent = -2; exponent <= 2; exponent += 0.25) {
    const fixed = Object.entries(setting.features).map(([feature, bounds]) => {
      const value = tuned.lambda[feature]! * 10 ** exponent;
      return [feature, { ...bounds, min: value, max: value }];
    });
    const { error } = await tune({ ...setting, features: Object.fromEntries(fixed) });
    points.push([10 ** exponent, error / tuned.error]);
  }
  figure.series.push({ label: name, kind: "line", points });
  const best = Math.min(...points.map(([, ratio]) => ratio));
  console.log(
    `  the best of ${points.length} multiples of them, 0.01 to 100 times: ${((best - 1) * 100).toFixed(1)} % from their error`,
  );
  assert(best > 0.98, `${name}: a multiple of the penalties is better by more than 2 %`);
}
