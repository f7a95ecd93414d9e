import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fit as minimize } from "../../src/index.ts";
import { createPool } from "../../src/workers.ts";
import { blobs } from "../reference/blobs.ts";

test("a worker that crashes fails what waited for it; the next one is sent all that is needed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "learnloss-"));
  const script = join(folder, "worker.mjs");
  writeFileSync(
    script,
    `import { existsSync, writeFileSync } from "node:fs";
import workerpool from ${JSON.stringify(import.meta.resolve("workerpool"))};
const mark = ${JSON.stringify(join(folder, "crashed"))};
if (existsSync(mark)) await import(${JSON.stringify(new URL("../../dist/workers/worker.js", import.meta.url).href)});
else {
  writeFileSync(mark, "");
  workerpool.worker({ load() {}, hold() {}, fit: () => process.exit(3) });
}`,
  );
  const pool = createPool({ workers: 1, script });
  try {
    const options = { model: "softmax", train: blobs(60, 4, 3, 1), loss: { l2: 0.1 } } as const;
    await expect(pool.fit(options)).rejects.toMatchObject({ code: "WORKER" });
    const again = await pool.fit(options);
    expect(again.model.coefficients).toEqual((await minimize(options)).model.coefficients);
  } finally {
    await pool.dispose();
    rmSync(folder, { recursive: true });
  }
});
