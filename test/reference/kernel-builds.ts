import { binary as scalarBinary } from "../../build/kernels-scalar-binary.ts";
import { type Kernels, kernels } from "../../src/wasm/kernels.ts";
import type { Abi } from "../../src/wasm/kernels-abi.ts";
import { binary as relaxedBinary } from "../../src/wasm/kernels-relaxed-binary.ts";
import { hasRelaxedSimd } from "../../src/wasm/load.ts";
import { decodeBinary, instantiateModule } from "../../src/wasm/module.ts";

/** The same kernels without SIMD. */
export const scalar: Kernels = instantiateModule<Abi>(decodeBinary(scalarBinary));

/** The relaxed-SIMD build, where the engine has it. */
export const relaxed: Kernels | undefined = hasRelaxedSimd()
  ? instantiateModule<Abi>(decodeBinary(relaxedBinary))
  : undefined;

/** The builds that are shipped, by name; the relaxed one is undefined where the engine lacks it: skip it visibly. */
export const shippedBuilds: readonly (readonly [name: string, kernels: Kernels | undefined])[] = [
  ["SIMD", kernels()],
  ["relaxed SIMD", relaxed],
];
