import type { Abi } from "./kernels-abi.ts";
import { binary } from "./kernels-binary.ts";
import { decodeBinary, type Instance, instantiateModule } from "./module.ts";

/** The kernels of assembly/index.ts in one Wasm instance; arenas of `arena.ts` own its memory. */
export type Kernels = Instance<Abi>;

let shared: Kernels | undefined;
let compiled: WebAssembly.Module | undefined;

/** The instance that everything shares, compiled at first use. */
export function kernels(): Kernels {
  shared ??= instantiateModule<Abi>(compiled ?? decodeBinary(binary));
  return shared;
}

/**
 * Uses a module that the host compiled (`dist/wasm/kernels.wasm`), for runtimes that forbid compiling from bytes.
 * Call it before anything else of learnloss.
 */
export function load(options: { readonly module: WebAssembly.Module }): void {
  compiled = options.module;
  shared = undefined;
}
