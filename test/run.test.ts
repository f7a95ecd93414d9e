import { describe, expect, test, vi } from "vitest";
import { classWeights, createTuner, l1, l2, type Progress, tune } from "../src/index.ts";
import { Refit } from "../src/tuning/refit.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { blobs } from "./reference/blobs.ts";
import { byLooks } from "./reference/by-looks.ts";

const code = (expected: string) => expect.objectContaining({ name: "LearnLossError", code: expected });
const train = blobs(90, 12, 3, 1);
const validation = blobs(150, 12, 3, 2);
const setting = { model: "softmax", train, validation, features: { l1: l1(), l2: l2() } } as const;

describe("a run", () => {
  test("improvements get better and better; the last one is the best", async () => {
    using tuner = createTuner(setting);
    const errors: number[] = [];
    const run = tuner.run();
    for await (const { error } of run) errors.push(error);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(errors.at(-1)).toBe(tuner.best!.error);
    expect((await run).best.error).toBe(tuner.best!.error);
  });

  test("leaving the loop stops the work, and the run can be awaited then", async () => {
    using tuner = createTuner(setting);
    const run = tuner.run();
    for await (const _ of run) break;
    const { status, passes } = await run;
    expect(status).toBe("stopped");
    expect((await tuner.run()).passes).toBeGreaterThan(passes);
  });

  test.each([
    ["passes", { passes: 20 }],
    ["trials", { trials: 2 }],
  ] as const)("a budget of %s ends it normally, and another run goes on to the same end", async (status, budget) => {
    using tuner = createTuner(setting);
    expect((await tuner.run(budget)).status).toBe(status);
    const rest = await tuner.run();
    expect(rest.status).toBe("complete");
    const whole = await tune(setting);
    expect([rest.lambda, rest.error]).toEqual([whole.lambda, whole.error]);
  });

  // Exploration goes on for as long as it may, on any machine.
  const large = { ...setting, train: blobs(3000, 60, 6, 1), validation: blobs(500, 60, 6, 2), explore: true };

  test("time ends it normally, at the first look at the clock after it", async () => {
    using tuner = createTuner(large);
    await tuner.run({ passes: 1e-9 }); // to a first model, which no time ends before
    await byLooks(async (looks) => {
      expect((await tuner.run({ time: 60 })).status).toBe("time");
      expect(looks()).toBeLessThan(90); // some to begin, to tell of progress and to conclude
    });
  });

  test.each([
    ["time", { time: Number.MIN_VALUE }],
    ["passes", { passes: 1e-9 }],
  ] as const)("however little %s there is, a first model is seen", async (status, budget) => {
    const result = await tune({ ...setting, ...budget });
    expect(result.status).toBe(status);
    expect(result.error).toBeLessThanOrEqual(Math.log(3) * (1 + 1e-6));
  });

  test("listeners hear what is suspicious of the data, once, and that nothing could be learned", async () => {
    using tuner = createTuner({ ...setting, validation: train, metric: () => 1 });
    const heard: string[] = [];
    tuner.on("warning", ({ message }) => heard.push(message));
    const { warnings } = await tuner.run({ passes: 30 });
    expect(heard).toEqual(warnings);
    expect(heard.map((message) => message.split(":")[0])).toEqual(["LEAK", "FLAT"]);
    await tuner.run({ passes: 30 });
    expect(heard.slice(2).map((message) => message.split(":")[0])).toEqual(["FLAT"]);
  });

  test("progress tells what is spent, what may be, and how fast", async () => {
    using tuner = createTuner(setting);
    const seen: Progress[] = [];
    tuner.on("progress", (progress) => seen.push(progress));
    await tuner.run({ passes: 10, time: 60_000 });
    const first = seen.at(-1)!;
    expect(first.budget).toMatchObject({ trials: Number.POSITIVE_INFINITY, milliseconds: 60_000 });
    expect(first.budget.passes).toBeCloseTo(10, 0);
    const counted = (first.rate * first.milliseconds) / 1000 / first.passes; // per second
    expect(counted).toBeLessThanOrEqual(1);
    expect(counted).toBeGreaterThan(0.9); // but for what was spent before the run, in `createTuner`
    await tuner.run({ trials: 2 });
    const { passes, milliseconds, rate, budget, best } = seen.at(-1)!;
    expect(budget).toEqual({
      passes: Number.POSITIVE_INFINITY,
      trials: first.trials + 2,
      milliseconds: Number.POSITIVE_INFINITY,
    });
    expect(passes).toBeGreaterThan(first.passes);
    expect(milliseconds).toBeGreaterThan(first.milliseconds);
    expect(rate).toBeGreaterThan(0);
    expect(best).toBe(tuner.best!.error);
  });

  test("what listeners do to what they hear changes nothing elsewhere", async () => {
    using undisturbed = createTuner(setting);
    const expected: unknown[] = [];
    for await (const improvement of undisturbed.run()) expected.push({ ...improvement });
    using tuner = createTuner(setting);
    const heard: unknown[] = [];
    for (const listener of ["first", "second"]) {
      tuner.on("progress", ({ budget }) => Object.assign(budget, { passes: 1, trials: 1, milliseconds: 1 }));
      tuner.on("improvement", (improvement) => {
        if (listener === "second") heard.push({ ...improvement, lambda: { ...improvement.lambda } });
        Object.assign(improvement.lambda, { l2: -5 });
        Object.assign(improvement, { error: -5 });
      });
    }
    const run = tuner.run();
    const found: unknown[] = [];
    for await (const improvement of run) found.push(improvement);
    expect((await run).status).toBe("complete");
    expect(found).toEqual(expected);
    expect(heard).toEqual(expected);
  });

  test("aborting rejects with the reason soon; the best stays, and run() may be called again", async () => {
    using tuner = createTuner(large);
    await tuner.run({ passes: 1e-9 }); // to a first model, which an abort does not wait for
    const reason = new Error("enough");
    await byLooks(async (looks) => {
      const controller = new AbortController();
      let aborted = 0;
      tuner.on("trial", () => {
        aborted ||= looks();
        controller.abort(reason);
      });
      await expect(tuner.run({ signal: controller.signal })).rejects.toBe(reason);
      expect(aborted).toBeGreaterThan(0);
      expect(looks() - aborted).toBeLessThan(20); // the slice that it came in
    });
    expect(tuner.best).toBeDefined();
    expect((await tuner.run({ trials: 1 })).trials).toBeGreaterThan(0);
    await expect(tuner.run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("aborting ends the training on all rows, too, and another run ends with its model", async () => {
    using tuner = createTuner({ model: "softmax", train: large.train, folds: 3, features: { l1: l1() } });
    await tuner.run({ passes: 1e-9 });
    const bytes = kernels().allocatedBytes();
    const reason = new Error("enough");
    const training = vi.spyOn(Refit.prototype, "train");
    const throwIfAborted = () => {
      if (training.mock.calls.length > 0) throw reason;
    };
    try {
      const signal = { throwIfAborted } as AbortSignal;
      await byLooks(() => expect(tuner.run({ trials: 2, signal })).rejects.toBe(reason));
    } finally {
      training.mockRestore();
    }
    expect(kernels().allocatedBytes() - bytes).toBeLessThan(large.train.rows * large.train.columns * 4);
    const { status, error, passes, model } = await tuner.run({ time: Number.MIN_VALUE });
    expect([status, error]).toEqual(["time", tuner.best!.error]);
    expect(passes).toBeGreaterThan(tuner.best!.passes);
    expect(model.coefficients).not.toEqual(tuner.best!.coefficients);
  });

  test("a loop that was left standing keeps nobody waiting; what was found in the meantime is taken in order", async () => {
    using tuner = createTuner(setting);
    const run = tuner.run();
    const loop = run[Symbol.asyncIterator]();
    const errors = [((await loop.next()).value as { error: number }).error];
    const result = await run;
    expect(result.status).toBe("complete");
    let last = await loop.next();
    for (; !last.done; last = await loop.next()) errors.push(last.value.error);
    expect(last.value).toBe(result);
    expect(errors.length).toBeGreaterThan(2);
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
    expect(errors.at(-1)).toBe(result.best.error);
    for (const within of [true, false]) {
      using other = createTuner(setting);
      const again = other.run();
      const looped: number[] = [];
      const looping = (async () => {
        for await (const { error } of again) {
          looped.push(error);
          if (within) await again;
        }
      })();
      await again;
      await looping;
      expect(looped).toEqual(errors);
    }
  });

  test("a loop that stands when its tuner is disposed of: the run ends as DISPOSED", async () => {
    for (const early of [true, false]) {
      const tuner = createTuner({ ...setting, explore: true });
      const run = tuner.run();
      const loop = run[Symbol.asyncIterator]();
      await loop.next();
      const outcome = early ? expect(run).rejects.toThrow(code("DISPOSED")) : undefined;
      await new Promise((resolve) => setTimeout(resolve, 10));
      tuner.dispose();
      await (outcome ?? expect(run).rejects.toThrow(code("DISPOSED")));
    }
  });

  test("a run has the catch and the finally of a promise", async () => {
    using tuner = createTuner(setting);
    let ends = 0;
    const { status } = await tuner.run({ trials: 1 }).finally(() => ends++);
    expect([status, ends]).toEqual(["trials", 1]);
    const reason = new Error("enough");
    expect(await tuner.run({ signal: AbortSignal.abort(reason) }).catch((error) => error)).toBe(reason);
  });

  test("one run at a time; none after dispose", async () => {
    const tuner = createTuner(setting);
    const run = tuner.run();
    const first = run[Symbol.asyncIterator]();
    await first.next();
    await expect(tuner.run()).rejects.toThrow(code("CONFLICT"));
    await first.return?.(undefined as never);
    tuner.dispose();
    tuner.dispose();
    expect(() => tuner.run()).toThrow(code("DISPOSED"));
  });

  test("one that a listener breaks off as it begins has not begun; nor does another begin in a listener", async () => {
    const few = { train, validation: blobs(20, 12, 3, 2), features: { ...classWeights(train), l2: l2() } };
    using tuner = createTuner({ model: "softmax", ...few });
    const refused: unknown[] = [];
    let heard = 0;
    tuner.on("warning", () => {
      refused.push(tuner.run().catch((error) => error));
      if (heard++ === 0) throw new Error("a listener's own");
    });
    await expect(tuner.run()).rejects.toThrow("a listener's own");
    expect((await tuner.run()).status).toBe("complete");
    expect(await refused[0]).toEqual(code("CONFLICT"));
  });
});
