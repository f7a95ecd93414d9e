import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createTuner, l2 } from "../../src/index.ts";
import { createPool } from "../../src/workers.ts";
import { blobs } from "../reference/blobs.ts";

test("an abort that a long step keeps waiting ends its own fit only: the rows and the solvers of others stay", async () => {
  const folder = mkdtempSync(join(tmpdir(), "learnloss-"));
  const script = join(folder, "worker.mjs");
  const [atWork, released] = [join(folder, "at-work"), join(folder, "released")];
  // The first turn between two steps takes longer than workerpool would let a worker live that is to cancel: a second.
  writeFileSync(
    script,
    `import { existsSync, writeFileSync } from "node:fs";
const { setImmediate } = globalThis;
globalThis.setImmediate = (callback) => {
  globalThis.setImmediate = setImmediate;
  writeFileSync(${JSON.stringify(atWork)}, "");
  while (!existsSync(${JSON.stringify(released)}));
  return setImmediate(callback);
};
await import(${JSON.stringify(new URL("../../dist/workers/worker.js", import.meta.url).href)});`,
  );
  const pool = createPool({ workers: 1, script });
  const train = blobs(60, 4, 3, 1);
  using tuner = createTuner({ model: "softmax", train, folds: 3, features: { l2: l2() }, workers: pool });
  try {
    const long = { model: "softmax", train: blobs(10_000, 60, 5, 1), loss: { l1: 1e-7 }, tolerance: 1e-13 } as const;
    const reason = new Error("enough");
    let aborted: Promise<unknown> | undefined;
    const abortInTurn = async () => {
      const controller = new AbortController();
      const running = expect(pool.fit({ ...long, signal: controller.signal })).rejects.toBe(reason);
      while (!existsSync(atWork)) await sleep(10);
      controller.abort(reason);
      await running;
      await sleep(1300);
      writeFileSync(released, "");
    };
    tuner.on("checkpoint", () => {
      aborted ??= abortInTurn();
    });
    const tuned = await tuner.run();
    await aborted;
    expect(tuned.status).toBe("complete");
    expect((await pool.fit({ ...long, iterations: 1 })).status).toBe("iterations");
  } finally {
    await pool.dispose();
    rmSync(folder, { recursive: true });
  }
});
