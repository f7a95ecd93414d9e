import { expect, test } from "vitest";
import { createTuner, l1, l2 } from "../../src/index.ts";
import { blobs } from "../reference/blobs.ts";

test("where a model on its way was better than every minimizer, a search begins there in the end", async () => {
  // Few rows for many columns: trainings over-fit, and pass models that are better than where they end.
  for (const seed of [4, 9]) {
    using tuner = createTuner({
      model: "softmax",
      train: blobs(30, 60, 3, seed),
      validation: blobs(60, 60, 3, seed + 90),
      features: { l1: l1(), l2: l2() },
      seed,
    });
    await tuner.run();
    const { trials } = tuner.study;
    const ends = trials.map(({ observations }) => observations.at(-1)!);
    const isSame = (i: number, j: number) => trials[i]!.lambda.every((w, at) => w === trials[j]!.lambda[at]);
    // Trainings at a λ that others have been at before, the one right before excepted, which they may have gone on with.
    const begun = trials.flatMap((_, j) => {
      const least = Math.min(...ends.slice(0, j).map(({ converged, error }) => (converged ? error : Infinity)));
      return [...trials.keys()].slice(0, Math.max(j - 1, 0)).filter((i) => isSame(i, j) && ends[i]!.error < least);
    });
    expect(begun.length, `seed ${seed}`).toBeGreaterThan(0);
    for (const i of begun) expect(ends[i]!.converged).toBe(false);
  }
});
