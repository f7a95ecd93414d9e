import { afterAll, describe, expect, test, vi } from "vitest";
import { classWeights, createTuner, data, groupWeights, l1, l2, fit as minimize, tune } from "../../src/index.ts";
import { Solver } from "../../src/inner/solver.ts";
import { Random } from "../../src/random.ts";
import { createPool } from "../../src/workers.ts";
import { blobs } from "../reference/blobs.ts";

/** Node's threads read JavaScript only, Vite serves the browser's. */
const inNode = typeof process === "object" && process.versions?.node !== undefined;
const script = new URL(inNode ? "../../dist/workers/worker.js" : "../../src/workers/worker.ts", import.meta.url);

const rows = blobs(150, 8, 3, 3);
const pool = createPool({ workers: 2, script });
afterAll(() => pool.dispose());

/** Large enough to be at work when somebody aborts. */
const long = {
  model: "softmax",
  train: blobs(10_000, 60, 5, 1),
  loss: { l1: 1e-7 },
  tolerance: 1e-13,
  iterations: 1e6,
} as const;

describe("fits in workers", () => {
  test("are those of one thread, bit for bit, whatever worker they meet", async () => {
    const strengths = [1, 0.1, 0.01, 1e-3, 1e-4];
    const options = (strength: number) => ({
      model: "softmax" as const,
      train: rows,
      loss: { l1: strength, l2: 1e-3 },
    });
    const there = await Promise.all(strengths.map((strength) => pool.fit(options(strength))));
    for (const [i, strength] of strengths.entries()) {
      const here = await minimize(options(strength));
      expect({ ...there[i], milliseconds: 0 }).toEqual({ ...here, milliseconds: 0 });
      expect(there[i]!.model.predict(rows)).toEqual(here.model.predict(rows));
    }
  });

  test("learned losses and sparse rows of text labels arrive whole", async () => {
    const learned = await tune({ model: "softmax", train: rows, validation: rows, features: classWeights(rows) });
    const texts = { ...rows, y: Array.from(rows.y as Float64Array, (y) => `class ${y}`) };
    const train = data.sparse({
      values: Float64Array.from([1, 2, 3, 4, 5, 6]),
      indices: Int32Array.from([0, 1, 0, 2, 1, 2]),
      starts: Int32Array.from([0, 2, 3, 4, 6]),
      columns: 3,
      y: ["a", "b", "a", "b"],
    });
    for (const options of [
      { model: "softmax", train: rows, loss: learned.loss },
      { model: "softmax", train: texts, loss: { l2: 0.1 } },
      { model: "logistic", train, loss: { l2: 0.1 } },
    ] as const) {
      const [here, there] = [await minimize(options), await pool.fit(options)];
      expect({ ...there, milliseconds: 0 }).toEqual({ ...here, milliseconds: 0 });
    }
  });

  test("rows with weights, and the names of columns and groups, arrive whole: what is warned of, too", async () => {
    const random = new Random(7);
    const x = Array.from({ length: 60 }, () => [random.normal(), 1, 1e5 * random.normal()]);
    const train = data.dense({
      x,
      y: x.map(([a]) => Number(a! + random.normal() > 0)),
      weights: x.map((_, i) => i % 4),
      columnNames: ["age", "unit", "income"],
      groups: x.map((_, i) => i % 3),
      groupNames: ["north", "south", "west"],
    });
    const features = { ...groupWeights(train), l2: l2() };
    const { loss } = await tune({ model: "logistic", train, validation: train, features, trials: 2 });
    for (const options of [
      { model: "logistic", train, loss },
      { model: "logistic", train, loss: { l1: 0.01 } },
    ] as const) {
      const [here, there] = [await minimize(options), await pool.fit(options)];
      expect(here.warnings.join()).toMatch(/unit.*income|income.*unit/);
      expect({ ...there, milliseconds: 0 }).toEqual({ ...here, milliseconds: 0 });
      expect(there.objective).not.toBe(
        (await pool.fit({ ...options, train: { ...train, weights: new Float64Array(60).fill(1) } })).objective,
      );
    }
  });

  test("an error arrives with its code, and the worker goes on", async () => {
    const options = { model: "softmax", train: rows } as const;
    await expect(pool.fit({ ...options, tolerance: 2 })).rejects.toMatchObject({ code: "OPTION" });
    await expect(pool.fit({ ...options, loss: { l2: -1 } })).rejects.toMatchObject({ code: "LAMBDA" });
    await expect(pool.fit({ model: "softmax" } as never)).rejects.toMatchObject({ code: "TYPE" });
    await expect(pool.fit(undefined as never)).rejects.toMatchObject({ code: "OPTION" });
    const one = blobs(30, 2, 1, 1);
    await expect(pool.fit({ ...options, train: one })).rejects.toMatchObject({ code: "ONE_CLASS" });
    expect((await pool.fit({ ...options, loss: { l2: 1 } })).status).toBe("converged");
  });

  test("what the options hold for other functions stays here; what cannot be posted is refused by name", async () => {
    const options = { model: "softmax", train: rows, loss: { l2: 1 } } as const;
    const bag = { ...options, metric: () => 1 };
    expect((await pool.fit(bag)).objective).toBe((await minimize(options)).objective);
    await expect(pool.fit({ ...options, precision: (() => "f64") as never })).rejects.toMatchObject({ code: "OPTION" });
    const again = await Promise.all([pool.fit(options), pool.fit(options)]);
    expect(again.map(({ status }) => status)).toEqual(["converged", "converged"]);
  });

  test("an abort rejects with its reason before anything else has a turn, at work and in the queue; the pool goes on", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const running = [1, 2, 3].map(() => pool.fit({ ...long, signal: controller.signal }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const outcomes = Promise.allSettled(running);
    controller.abort(reason);
    // Before anything else has a turn, let alone an answer of a worker.
    const turn = new Promise((resolve) => setTimeout(resolve, 0, "a turn"));
    expect(await Promise.race([outcomes, turn])).toEqual(running.map(() => ({ status: "rejected", reason })));
    const after = await Promise.all([1, 2].map((l2) => pool.fit({ model: "softmax", train: rows, loss: { l2 } })));
    expect(after.map(({ status }) => status)).toEqual(["converged", "converged"]);
  });

  test("dispose ends what is at work, and nothing starts after it", async () => {
    const other = createPool({ workers: 1, script });
    const running = [other.fit(long), other.fit(long)];
    const outcomes = Promise.allSettled(running);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await other.dispose();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "DISPOSED" } });
    await expect(other.fit(long)).rejects.toMatchObject({ code: "DISPOSED" });
    await other.dispose();
  });

  test("what is disposed or aborted in the same breath does not begin", async () => {
    const other = createPool({ workers: 1, script });
    const controller = new AbortController();
    const reason = new Error("enough");
    const early = other.fit({ ...long, signal: controller.signal });
    controller.abort(reason);
    await expect(early).rejects.toBe(reason);
    const late = other.fit(long);
    await Promise.all([other.dispose(), expect(late).rejects.toMatchObject({ code: "DISPOSED" })]);
  });

  test("a pool, or a tuner with one, that is disposed of while folds train: DISPOSED", async () => {
    const setting = { model: "softmax", train: rows, folds: 3, features: { l1: l1(), l2: l2() } } as const;
    const lasting = createPool({ workers: 2, script });
    for (const event of ["trial", "checkpoint", "progress"] as const) {
      for (const count of [1, 2]) {
        for (const what of ["pool", "tuner"] as const) {
          // Tuners come and go, their pool stays.
          const other = what === "pool" ? createPool({ workers: 2, script }) : lasting;
          const tuner = createTuner({ ...setting, workers: other });
          let heard = 0;
          tuner.on(event, () => {
            if (++heard !== count) return;
            if (what === "pool") void other.dispose();
            else tuner.dispose();
          });
          await expect(tuner.run()).rejects.toMatchObject({ code: "DISPOSED" });
          tuner.dispose();
          if (what === "pool") await other.dispose();
        }
      }
    }
    await lasting.dispose();
  });

  test("a script that is not there fails every fit, by name, and lets the pool be disposed", async () => {
    const other = createPool({ workers: 1, script: new URL("no-such-worker.js", script) });
    const options = { model: "softmax", train: rows, loss: { l2: 1 } } as const;
    for (const outcome of await Promise.allSettled([other.fit(options), other.fit(options)]))
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "WORKER" } });
    await expect(
      tune({ model: "softmax", train: rows, folds: 3, features: { l2: l2() }, workers: other }),
    ).rejects.toMatchObject({ code: "WORKER" });
    await other.dispose();
  });

  test("the number of workers is checked, and that their script is an address", () => {
    for (const workers of [0, -1, 1.5, Number.NaN]) {
      expect(() => createPool({ workers })).toThrow(expect.objectContaining({ code: "OPTION" }));
    }
    for (const script of ["http://[bad", 7, null]) {
      const options = { script: script as string };
      expect(() => createPool(options)).toThrow(expect.objectContaining({ code: "OPTION" }));
    }
  });

  test("a script that the host refuses to begin fails every fit by name", async () => {
    const other = createPool({ workers: 1, script: "https://learnloss.invalid/worker.js" });
    const options = { model: "softmax", train: rows, loss: { l2: 1 } } as const;
    const refused = { code: "WORKER", message: expect.stringContaining("`script`") };
    for (let fits = 0; fits < 2; fits++) await expect(other.fit(options)).rejects.toMatchObject(refused);
    const setting = { model: "softmax", train: rows, folds: 3, features: { l2: l2() }, workers: other } as const;
    await expect(tune(setting)).rejects.toMatchObject(refused);
    await other.dispose();
  });
});

describe("folds in workers", () => {
  const setting = { train: rows, folds: 5, seed: 5 } as const;

  test("the whole study is that of one thread, bit for bit", async () => {
    // Columns that are not read: a zero after each.
    const values = Float64Array.from({ length: 150 * 16 }, (_, e) => (e % 2 === 0 ? rows.x.values[e / 2]! : 0));
    const wide = data.dense({ x: values, columns: 16, y: rows.y });
    // Sparse rows of more columns than rows: the solver's iterates live over rows, and to look at θ is work.
    const sparse = data.sparse({
      values: rows.x.values,
      indices: Int32Array.from({ length: 150 * 8 }, (_, e) => 40 * (e % 8) + (Math.floor(e / 8) % 40)),
      starts: Int32Array.from({ length: 151 }, (_, i) => 8 * i),
      columns: 320,
      y: rows.y,
    });
    for (const [train, features, metric] of [
      [sparse, { l2: l2() }, undefined],
      [rows, { l1: l1(), l2: l2() }, undefined],
      [rows, { ...classWeights(rows), l2: l2() }, "macro-f1"],
      [wide, { l1: l1(), l2: l2() }, undefined],
    ] as const) {
      const options = { ...setting, model: "softmax", train, features, ...(metric ? { metric } : {}) } as const;
      const here = await tune(options);
      const there = await tune({ ...options, workers: pool });
      const { passes, trainingPasses, milliseconds, best, loss, ...rest } = there;
      expect({ ...here, ...{ passes, trainingPasses, milliseconds, best, loss } }).toEqual(there);
      expect(rest.error).toBe(here.error);
      expect(loss.lambda).toEqual(here.loss.lambda);
      expect({ ...best, passes: 0 }).toEqual({ ...here.best, passes: 0 });
      // The same work, summed in another order.
      expect(passes / here.passes).toBeCloseTo(1, 12);
    }
  });

  test("so is that of a regression whose second moments are formed in pieces", async () => {
    const random = new Random(7);
    const columns = 220;
    let last = 0;
    const x = Float64Array.from({ length: 1500 * columns }, (_, e) => {
      last = (e % columns === 0 ? 0 : 0.9 * last) + random.normal();
      return last;
    });
    const y = Float64Array.from({ length: 1500 }, (_, i) => x[i * columns]! - x[i * columns + 1]! + random.normal());
    const train = data.dense({ x, columns, y });
    const weak = { l1: l1({ min: 1e-7, max: 1e-5 }), l2: l2({ min: 1e-8, max: 1e-6 }) };
    const options = { model: "squared", train, folds: 3, features: weak, tolerance: 1e-7, precision: "f64" } as const;
    const watched = async (workers?: typeof pool) => {
      using tuner = createTuner({ ...options, ...(workers ? { workers } : {}) });
      const seen: [trial: number, error: number, passes: number][] = [];
      tuner.on("checkpoint", ({ trial, error, passes }) => seen.push([trial, error, passes]));
      return { ...(await tuner.run()), seen };
    };
    const midway = vi.spyOn(Solver.prototype, "midway", "get");
    const here = await watched();
    expect(midway.mock.results.some(({ value }) => value)).toBe(true);
    midway.mockRestore();
    const there = await watched(pool);
    // Only the proof at the end is dearer there: the second moments are the workers'.
    expect(there.seen.map(([trial, error]) => [trial, error])).toEqual(
      here.seen.map(([trial, error]) => [trial, error]),
    );
    for (const [i, [, , passes]] of there.seen.entries()) expect(passes / here.seen[i]![2]).toBeCloseTo(1, 12);
    expect(there.loss.lambda).toEqual(here.loss.lambda);
    expect(there.error).toBe(here.error);
    expect(there.model.coefficients).toEqual(here.model.coefficients);
  });

  test("threads for a tuning without folds, which would use none, are refused", async () => {
    const options = { model: "softmax", train: rows, validation: rows, features: { l2: l2() }, workers: pool } as const;
    await expect(tune(options)).rejects.toMatchObject({ code: "OPTION", message: expect.stringContaining("`folds`") });
  });

  test("an abort rejects with its reason, and the workers are free for others", async () => {
    const controller = new AbortController();
    const running = tune({
      model: "softmax",
      train: long.train,
      folds: 4,
      features: { l1: l1(), l2: l2() },
      tolerance: 1e-6,
      workers: pool,
      signal: controller.signal,
    });
    const outcome = running.catch((error) => error);
    await new Promise((resolve) => setTimeout(resolve, 150));
    controller.abort(new Error("enough"));
    expect(await outcome).toMatchObject({ message: "enough" });
    expect((await pool.fit({ model: "softmax", train: rows, loss: { l2: 1 } })).status).toBe("converged");
  });
});
