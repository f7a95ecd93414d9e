import { expect, test } from "vitest";
import { checkOptions } from "../../src/check-options.ts";
import { classWeights, l2 } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import type { Interpolation } from "../../src/reduced/interpolation.ts";
import { VirtualModels } from "../../src/reduced/virtual-models.ts";
import { hone } from "../../src/tuning/hone.ts";
import { Session } from "../../src/tuning/session.ts";
import { blobs } from "../reference/blobs.ts";

test("one minimizer tells of its neighbors: a model moved along each tangent joins, nearer to the minimizer there", () => {
  const train = blobs(120, 8, 3, 1);
  const features = { ...classWeights(train), l2: l2() };
  const options = { model: "softmax", metric: "error-rate", train, validation: blobs(200, 8, 3, 2), features } as const;
  const session = new Session(checkOptions(options));
  const { arena, space, folds } = session;
  const models = new VirtualModels(arena, space, folds);
  const center = space.normalize(Float64Array.from(space.data, (of) => (of ? 1 : 0.02)));
  // Some of its neighborhood is in the span.
  for (const l2 of [0.1, 0.004, 0.02]) for (const _ of session.train(center.with(3, l2), [0], {}));
  const { chosen } = session.leaders;
  expect(chosen!.converged).toBe(true);
  const joined: { lambda: Float64Array; theta: Float64Array }[] = [];
  const interpolation = {
    rows: 200,
    add: (lambda: Float64Array, _: number, [theta]: readonly number[]) => {
      joined.push({ lambda, theta: arena.viewF64(theta!, 27).slice() });
    },
    *propose() {},
  };
  for (const _ of hone(session, models, interpolation as unknown as Interpolation, new Random(1), false));
  expect(joined.length).toBe(models.free.length);
  // Of the weights: all intercepts may be moved alike.
  const apart = (a: Float64Array, b: Float64Array) => Math.hypot(...a.subarray(0, 24).map((w, i) => w - b[i]!));
  const [fold] = folds;
  for (const { lambda, theta } of joined) {
    expect(space.normalize(lambda)).toEqual(lambda);
    fold!.trainer.start(lambda, 0);
    fold!.trainer.solver.step(10_000);
    const there = fold!.current();
    expect(apart(theta, there)).toBeLessThan(0.75 * apart(chosen!.theta, there));
  }
  session.dispose();
});
