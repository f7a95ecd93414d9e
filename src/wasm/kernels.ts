import type { Abi } from "./kernels-abi.ts";
import { binary } from "./kernels-binary.ts";
import type { Instance } from "./module.ts";
import { SharedInstance } from "./shared.ts";

/** The kernels of assembly/index.ts in one Wasm instance; arenas of `arena.ts` own its memory. */
export type Kernels = Instance<Abi>;

export const sharedKernels: SharedInstance<Abi> = new SharedInstance<Abi>(binary, "relaxedSimd");

/** The instance that everything shares, compiled at first use. */
export function kernels(): Kernels {
  return sharedKernels.get();
}
