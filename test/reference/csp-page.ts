// Runs in a frame with a content security policy of its own (test/wasm/csp.test.ts): tunes, fits in a pool, which compiles
// for its threads without an instance, and posts what came of both.
import { type LearnLossError, l2, tune } from "../../src/index.ts";
import { createPool } from "../../src/workers.ts";
import { blobs } from "./blobs.ts";

const [train, validation] = [blobs(60, 4, 3, 1), blobs(60, 4, 3, 2)];
const tuned = await tune({ model: "softmax", train, validation, features: { l2: l2() } }).then(
  ({ status }) => ({ status }),
  ({ code, message }: LearnLossError) => ({ code, message }),
);
const pool = createPool({ workers: 1, script: new URL("../../src/workers/worker.ts", import.meta.url) });
const inPool = await pool.fit({ model: "softmax", train, loss: { l2: 1 } }).then(
  ({ status }) => status,
  ({ code }: LearnLossError) => code,
);
parent.postMessage({ ...tuned, inPool });
