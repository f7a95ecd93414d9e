import { sharedKernels } from "./kernels.ts";
import { load as loadLp } from "./lp.ts";

/**
 * Uses modules that the host compiled, for runtimes and content security policies that forbid compiling from bytes:
 * `learnloss/kernels.wasm`, and `learnloss/lp.wasm` for proposals and certificates. Call it before anything else of
 * learnloss; what exists already keeps the instance that it has.
 */
export function load(modules: { readonly module: WebAssembly.Module; readonly lp?: WebAssembly.Module }): void {
  sharedKernels.load(modules.module);
  if (modules.lp) loadLp({ module: modules.lp });
}
