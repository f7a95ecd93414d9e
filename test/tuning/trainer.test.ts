import { expect, test } from "vitest";
import { encodeTargets } from "../../src/data/targets.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { l2 } from "../../src/index.ts";
import { type Goal, type Seen, Trainer, train } from "../../src/tuning/trainer.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";

/** A training of few rows with an L2 of λ: how it ended, and what was seen on its way. */
function training(lambda: number, seed: number, goal: Goal) {
  using arena = new Arena(kernels());
  const space = new FeatureSpace({ l2: l2({ min: 1e-9 }) }, "softmax");
  const [rows, validation] = [blobs(60, 40, 3, seed), blobs(300, 40, 3, seed + 50)];
  const { outputs, train: own, others } = encodeTargets("softmax", rows, validation);
  const targets = { outputs, train: own, validation: others[0]! };
  const options = { model: "softmax", metric: "log-loss", tolerance: 1e-4, precision: "f64" } as const;
  const trainer = new Trainer(arena, space, { ...options, train: rows, validation, targets, rowGroups: undefined });
  const course: Seen[] = [];
  const work = train([trainer], Float64Array.of(1, lambda), [0], goal, (seen) => course.push(seen));
  let step = work.next();
  while (!step.done) step = work.next();
  const { error, iteration } = step.value;
  const least = Math.min(...course.map((seen) => seen.error));
  return { error, iteration, least, converged: !trainer.running };
}

test("a training that over-fits is given up once e is a quarter above its least, others go on to the tolerance", () => {
  for (let seed = 1; seed <= 4; seed++) {
    const whole = training(1e-7, seed, {});
    expect(whole.converged).toBe(true);
    expect(whole.error).toBeGreaterThan(1.3 * whole.least);
    const ended = training(1e-7, seed, { settle: 0.005 });
    expect(ended.converged).toBe(false);
    expect(ended.error).toBeGreaterThan(1.25 * ended.least);
    expect(ended.iteration).toBeLessThan(whole.iteration);
    for (const lambda of [1e-3, 1e-1]) {
      expect(training(lambda, seed, { settle: 0.005 })).toEqual(training(lambda, seed, {}));
    }
  }
});
