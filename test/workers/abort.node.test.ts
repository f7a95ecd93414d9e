import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTuner, l2 } from "../../src/index.ts";
import { createPool } from "../../src/workers.ts";
import { blobs } from "../reference/blobs.ts";

test("an abort that a long step keeps waiting ends its own fit only: the rows and the solvers of others stay", async () => {
  const folder = mkdtempSync(join(tmpdir(), "learnloss-"));
  const script = join(folder, "worker.mjs");
  // The first turn between two steps takes longer than workerpool would let a worker live that is to cancel.
  writeFileSync(
    script,
    `const { setImmediate } = globalThis;
globalThis.setImmediate = (callback) => {
  globalThis.setImmediate = setImmediate;
  const end = performance.now() + 1800;
  while (performance.now() < end);
  return setImmediate(callback);
};
await import(${JSON.stringify(new URL("../../dist/workers/worker.js", import.meta.url).href)});`,
  );
  const pool = createPool({ workers: 1, script });
  const train = blobs(60, 4, 3, 1);
  using tuner = createTuner({ model: "softmax", train, folds: 3, features: { l2: l2() }, workers: pool });
  try {
    const long = { model: "softmax", train: blobs(10_000, 60, 5, 1), loss: { l1: 1e-7 }, tolerance: 1e-13 } as const;
    let aborted: Promise<unknown> | undefined;
    tuner.on("checkpoint", () => {
      aborted ??= expect(pool.fit({ ...long, signal: AbortSignal.timeout(400) })).rejects.toMatchObject({
        name: "TimeoutError",
      });
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
