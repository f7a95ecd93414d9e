// Runs in a frame with a content security policy of its own (test/wasm/csp.test.ts): tunes, and posts what came of it.
import { type LearnLossError, l2, tune } from "../../src/index.ts";
import { createPool } from "../../src/workers.ts";
import { blobs } from "./blobs.ts";

try {
  const [train, validation] = [blobs(60, 4, 3, 1), blobs(60, 4, 3, 2)];
  const { status } = await tune({ model: "softmax", train, validation, features: { l2: l2() } });
  parent.postMessage({ status });
} catch (error) {
  const { code, message } = error as LearnLossError;
  // A pool compiles for its threads, without an instance.
  const pool = createPool({ workers: 1 }).fit({ model: "softmax", train: blobs(60, 4, 3, 1) });
  const inPool = await pool.catch(({ code }: LearnLossError) => code);
  parent.postMessage({ code, message, inPool });
}
