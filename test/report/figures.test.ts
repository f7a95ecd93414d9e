import { expect, test } from "vitest";
import { type FigureInput, featureSpace, lambdaPath, type SeenPoint } from "../../src/report/figures.ts";

/** A model of a training whose λ is 0.001 times its number. */
const seen = (trial: number, error: number, converged: boolean): SeenPoint => ({
  trial,
  iteration: 0,
  passes: trial + 1,
  error,
  converged,
  lambda: { logLoss: 1, l2: 0.001 * (trial + 1) },
  features: { logLoss: error, l2: 1 + trial },
});

const input = (...points: SeenPoint[]): FigureInput => ({
  metric: "log-loss",
  points,
  trainings: points.map(({ trial, lambda }) => ({ trial, lambda, failed: false })),
  lambda: points[0]?.lambda,
  dataFeatures: ["logLoss"],
});

test("what follows the chosen training is told as it was: no better, better on its way, or nothing is claimed", () => {
  const chosen = seen(0, 0.5, true);
  const caption = (...later: SeenPoint[]) => lambdaPath(input(chosen, ...later)).caption;
  expect(caption(seen(1, 0.7, true), seen(2, 0.5, false))).toContain("What follows the chosen one was no better.");
  expect(caption(seen(1, 0.4, false), seen(1, 0.7, true))).toMatch(
    /ended better; training 2 passed .* 0\.4 on its way/,
  );
  expect(caption(seen(1, 0.4, true))).not.toContain("better");
  expect(caption()).not.toContain("better");
});

test("the line is said to be the least of the models seen, which need not be minimizers", () => {
  const { caption } = featureSpace(input(seen(0, 0.5, false), seen(1, 0.4, false)));
  expect(caption).not.toContain("minimizer");
  expect(caption).toContain("no model seen lies below");
});
