import { expect, test } from "vitest";
import { convexPenalty, createTuner, l1, l2, type Tuner, type TunerEvents } from "../src/index.ts";
import { Arena } from "../src/wasm/arena.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { blobs } from "./reference/blobs.ts";

const train = blobs(90, 12, 3, 1);
const validation = blobs(60, 12, 3, 2);
const features = { l1: l1(), l2: l2({ min: 1e-3 }) };
// 20 validation rows tell more than three weights apart: a warning.
const suspicious = convexPenalty({ knots: 4 });
const settings = {
  "a validation set": { model: "softmax", train, validation, features },
  folds: { model: "softmax", train, folds: 3, features },
  exploration: { model: "softmax", train, validation, features, explore: true },
  "on the fly": { model: "softmax", train, validation, features, schedule: "on-the-fly" },
  "errors that step": { model: "softmax", train, validation, features, metric: "error-rate" },
} as const;

/** Frees a tuner's memory, and has it at once in use for something else: what tells whether that stays as it is. */
function watch(tuner: Tuner) {
  const arena = new Arena(kernels());
  let blocks: { readonly pointer: number; readonly bytes: number }[] = [];
  return {
    dispose() {
      if (blocks.length > 0) return;
      const most = kernels().allocatedBytes();
      tuner.dispose();
      blocks = Array.from({ length: 64 }, () => ({ pointer: arena.raw(most / 32), bytes: most / 32 }));
      for (const { pointer, bytes } of blocks) new Uint8Array(kernels().memory.buffer, pointer, bytes).fill(0x55);
    },
    check() {
      expect(blocks.length).toBeGreaterThan(0);
      for (const { pointer, bytes } of blocks) {
        const view = new Uint8Array(kernels().memory.buffer, pointer, bytes);
        expect(view.findIndex((byte) => byte !== 0x55)).toBe(-1);
      }
      arena.dispose();
    },
  };
}

const disposed = expect.objectContaining({ code: "DISPOSED" });
const events: (keyof TunerEvents)[] = ["trial", "checkpoint", "improvement", "progress"];

for (const [name, setting] of Object.entries(settings)) {
  for (const event of events) {
    for (const count of [1, 3]) {
      test(`${name}: disposed of by a listener of ${event} ${count}, a run ends as DISPOSED and touches nothing`, async () => {
        const tuner = createTuner(setting) as unknown as Tuner;
        const watched = watch(tuner);
        let heard = 0;
        tuner.on(event, () => {
          if (++heard === count) watched.dispose();
        });
        await expect(tuner.run()).rejects.toEqual(disposed);
        watched.check();
        expect(() => tuner.run()).toThrow(disposed);
      });
    }
  }

  test(`${name}: disposed of in the loop, by a turn of its own, or with its study`, async () => {
    const looped = createTuner(setting) as unknown as Tuner;
    const first = watch(looped);
    const loop = async () => {
      for await (const _ of looped.run()) first.dispose();
    };
    await expect(loop()).rejects.toEqual(disposed);
    first.check();

    const left = createTuner(setting) as unknown as Tuner;
    const second = watch(left);
    const run = left.run();
    for await (const _ of run) {
      second.dispose();
      break;
    }
    await expect(run).rejects.toEqual(disposed);
    second.check();

    const turned = createTuner(setting) as unknown as Tuner;
    const third = watch(turned);
    setTimeout(() => third.dispose(), 0);
    const [outcome] = await Promise.allSettled([turned.run()]);
    if (outcome.status === "rejected") expect(outcome.reason).toEqual(disposed);
    third.dispose(); // where it was over before
    third.check();

    using studied = createTuner(setting);
    studied.on("improvement", () => studied.study.dispose());
    await expect(studied.run()).rejects.toEqual(disposed);
    await expect(studied.run()).rejects.toEqual(disposed);
  });
}

test("a metric that disposes of its tuner", async () => {
  let watched: ReturnType<typeof watch> | undefined;
  let asked = 0;
  const metric = ({ values }: { readonly values: Float64Array }) => {
    if (++asked === 5) watched?.dispose();
    return Math.abs(values[0]!);
  };
  const tuner = createTuner({ model: "softmax", train, validation, features, metric });
  watched = watch(tuner as unknown as Tuner);
  await expect(tuner.run()).rejects.toEqual(disposed);
  watched.check();
});

test("a warning that is answered by disposing", async () => {
  const few = blobs(20, 12, 3, 2);
  const tuner = createTuner({ model: "softmax", train, validation: few, features: suspicious }) as unknown as Tuner;
  const watched = watch(tuner);
  tuner.on("warning", () => watched.dispose());
  await expect(tuner.run()).rejects.toEqual(disposed);
  watched.check();
});

test.each([...events, "warning"] as const)("after a listener of %s threw, a run goes on from there", async (event) => {
  const few = blobs(20, 12, 3, 2);
  const setting = { model: "softmax", train, validation: few, features: suspicious } as const;
  using undisturbed = createTuner(setting);
  const { error, lambda, passes } = await undisturbed.run();
  using tuner = createTuner(setting);
  let [heard, thrown] = [0, 0];
  tuner.on(event, () => {
    if (++heard % 2 === 1 && thrown++ < 3) throw new Error("a listener's own");
  });
  let result: Awaited<ReturnType<typeof tuner.run>> | undefined;
  while (!result) {
    result = await tuner.run().then(
      (ended) => ended,
      (reason: unknown) => void expect((reason as Error).message).toBe("a listener's own"),
    );
  }
  expect(thrown).toBeGreaterThan(0);
  expect(result).toMatchObject({ status: "complete", error, lambda, passes });
});

test("what a metric throws ends all runs: none of them is complete", async () => {
  let asked = 0;
  const metric = () => {
    if (++asked === 5) throw new Error("a metric's own");
    return 1 / asked;
  };
  using tuner = createTuner({ model: "softmax", train, validation, features, metric });
  for (let run = 0; run < 2; run++) await expect(tuner.run()).rejects.toThrow("a metric's own");
});
