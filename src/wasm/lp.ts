import type { Abi } from "./lp-abi.ts";
import { binary } from "./lp-binary.ts";
import { decodeBinary, type Instance, instantiateModule } from "./module.ts";

/** The LP engine of assembly/lp.ts in one Wasm instance; arenas of `arena.ts` own its memory. */
export type LpKernels = Instance<Abi>;

let shared: LpKernels | undefined;

/** The instance that everything shares, compiled at first use. */
export function lpKernels(): LpKernels {
  shared ??= instantiateModule<Abi>(decodeBinary(binary));
  return shared;
}
