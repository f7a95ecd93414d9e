import { checkNames } from "../option-names.ts";
import { kernels, sharedKernels } from "./kernels.ts";
import { load as loadLp } from "./lp.ts";
import { type CompiledModule, decodeBinary } from "./module.ts";

/** Which kernels run: "simd" gives the same bits on every machine, "relaxed-simd" is faster and may not. */
export type KernelBuild = "simd" | "relaxed-simd";

/** Options of `load`. */
export interface LoadOptions {
  /**
   * True fetches the relaxed-SIMD build and uses it where the engine has relaxed SIMD; elsewhere the default stays. It
   * multiplies and adds in one instruction where the machine has one, so results agree from machine to machine to
   * rounding only. False goes back to the default. Ignored beside `module`, which is used whichever build it is.
   */
  readonly relaxed?: boolean;
  /**
   * `learnloss/kernels.wasm` or `learnloss/kernels-relaxed.wasm`, compiled by the host: for runtimes that
   * forbid compiling from bytes; these need no other entry than `learnloss`. In use when `load` returns, awaited or not.
   */
  readonly module?: CompiledModule;
  /** `learnloss/lp.wasm`, compiled by the host, for proposals and certificates. */
  readonly lp?: CompiledModule;
}

/** f32x4.relaxed_madd of three zeros, dropped: the smallest module that needs relaxed SIMD. */
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 20, 1, 18, 0, 65, 0, 253, 17, 65, 0, 253, 17, 65, 0,
  253, 17, 253, 133, 2, 26, 11,
]);

/** Whether the engine compiles relaxed SIMD: Node ≥ 22, Chrome ≥ 114, Firefox ≥ 145. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_PROBE);
}

/**
 * Chooses the Wasm of everything created from now on; what exists already keeps what it has. Without it the default
 * build is compiled at first use.
 *
 * @returns which kernels run now
 * @throws OPTION for a module that is another, and for a slip in a name
 */
export async function load(options: LoadOptions = {}): Promise<KernelBuild> {
  checkNames(options, { relaxed: true, module: true, lp: true });
  if (options.lp !== undefined) loadLp({ module: options.lp });
  if (options.module !== undefined) sharedKernels.load(options.module);
  else if (options.relaxed && hasRelaxedSimd()) {
    const { binary } = await import("./kernels-relaxed-binary.ts");
    sharedKernels.build(decodeBinary(binary));
  } else if (options.relaxed !== undefined) sharedKernels.build(undefined);
  return kernels().relaxedSimd() === 1 ? "relaxed-simd" : "simd";
}
