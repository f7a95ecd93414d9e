import { expect, test } from "vitest";
import { type FigureInput, featureSpace, lambdaPath, type SeenPoint } from "../../src/report/figures.ts";

/** A model of a training whose λ is 0.001 times its number. */
const seen = (trial: number, error: number): SeenPoint => ({
  trial,
  iteration: 0,
  passes: trial + 1,
  error,
  lambda: { logLoss: 1, l2: 0.001 * (trial + 1) },
  features: { logLoss: error, l2: 1 + trial },
});

const input = (...points: SeenPoint[]): FigureInput => ({
  metric: "log-loss",
  points,
  trainings: points.map(({ trial, lambda }) => ({ trial, lambda, failed: false })),
  lambda: points[0]?.lambda,
  error: points[0]?.error,
  dataFeatures: ["logLoss"],
});

test("what follows the chosen training is told as it was: no better, better on its way, or nothing is claimed", () => {
  const chosen = seen(0, 0.5);
  const caption = (...later: SeenPoint[]) => lambdaPath(input(chosen, ...later)).caption;
  expect(caption(seen(1, 0.7), seen(2, 0.5))).toContain("What follows the chosen one was no better.");
  expect(caption(seen(1, 0.4), seen(1, 0.7))).toMatch(/ended better; training 2 passed .* 0\.4 on its way/);
  expect(caption(seen(1, 0.4))).not.toContain("better");
  expect(caption()).not.toContain("better");
});

test("of trainings with one λ the chosen one is that of the model that was chosen", () => {
  const again = (trial: number, error: number) => ({ ...seen(trial, error), lambda: seen(0, 1).lambda });
  const points = [again(0, 0.8), again(1, 0.5), again(2, 0.6), again(2, 0.55)];
  const { svg, caption } = lambdaPath({ ...input(...points), error: 0.5 });
  expect(caption).toContain("What follows the chosen one was no better.");
  const [first, second] = [0.8, 0.5].map((error) => lambdaPath({ ...input(...points), error }).svg);
  expect(svg).toBe(second);
  expect(first).not.toBe(second);
});

test("the line is said to be the least of the models seen, which need not be minimizers", () => {
  const { caption } = featureSpace(input(seen(0, 0.5), seen(1, 0.4)));
  expect(caption).not.toContain("minimizer");
  expect(caption).toContain("no model seen lies below");
});
