/// <reference lib="esnext.disposable" preserve="true" />
// The entry `learnloss/workers`: trainings side by side in threads.
export { createPool, Pool, type PoolOptions } from "./workers/pool.ts";
