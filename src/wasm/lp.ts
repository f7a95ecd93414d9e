import { checkNames } from "../option-names.ts";
import type { Abi } from "./lp-abi.ts";
import { binary } from "./lp-binary.ts";
import type { CompiledModule, Instance } from "./module.ts";
import { SharedInstance } from "./shared.ts";

/** The LP engine of assembly/lp.ts in one Wasm instance; arenas of `arena.ts` own its memory. */
export type LpKernels = Instance<Abi>;

const shared = new SharedInstance<Abi>(binary, "l1FitInit");

/** The instance that everything shares, compiled at first use. */
export function lpKernels(): LpKernels {
  return shared.get();
}

/** Uses an LP engine that the host compiled (`learnloss/lp.wasm`); call it before anything else of `learnloss/lp`. */
export function load(options: { readonly module: CompiledModule }): void {
  checkNames(options, { module: true });
  shared.load(options.module);
}
