import { instantiateSync } from "@assemblyscript/loader";
import { LearnLossError } from "../errors.ts";

/** What every module of ours exports besides its kernels. */
export interface HeapAbi {
  allocate(bytes: number): number;
  allocatedBytes(): number;
  release(pointer: number): void;
}

/**
 * A compiled `WebAssembly.Module`. That type has no members, and none of these is known to a project that has the
 * declarations of Node but not those of the DOM.
 */
export type CompiledModule = object;

/** What is needed of a `WebAssembly.Memory`. */
interface Memory {
  readonly buffer: ArrayBuffer;
}

/** The exports of one instance; kernels are plain functions of numbers and pointers. */
export type Instance<Abi> = Abi & HeapAbi & { readonly memory: Memory };

/** i32.const 0, i32x4.splat, drop: the smallest module that needs SIMD128. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 17, 26, 11,
]);

/**
 * Compiles, synchronously: the modules are small, so there is no `init()` to await.
 *
 * @throws NO_SIMD, CSP, OUT_OF_MEMORY
 */
export function compile(bytes: Uint8Array): CompiledModule {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD_PROBE)) {
    throw new LearnLossError(
      "NO_SIMD",
      "This runtime has no WebAssembly SIMD (Node ≥ 16.4, Chrome ≥ 91, Firefox ≥ 89, Safari ≥ 16.4 have): use one of these.",
    );
  }
  return allowed(() => new WebAssembly.Module(bytes as BufferSource));
}

/** An instance of what is compiled already, or now. @throws NO_SIMD, CSP, OUT_OF_MEMORY */
export function instantiateModule<Abi>(module: Uint8Array | CompiledModule): Instance<Abi> {
  const compiled = module instanceof Uint8Array ? compile(module) : module;
  const { exports } = allowed(() => instantiateSync<Record<string, unknown>>(compiled as WebAssembly.Module, {}));
  return exports as unknown as Instance<Abi>;
}

/**
 * Does what a policy may forbid (Chromium and Firefox refuse to compile, WebKit to instantiate), and what wants room:
 * engines reserve gigabytes of addresses for an instance.
 *
 * @throws CSP, OUT_OF_MEMORY
 */
function allowed<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    // Chromium and WebKit name the policy, Firefox says "blocked by CSP".
    const { CompileError } = WebAssembly;
    if (error instanceof CompileError && /Content Security Policy|unsafe-eval|\bCSP\b/i.test(error.message)) {
      throw new LearnLossError(
        "CSP",
        "The page's Content Security Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src.",
        { cause: error },
      );
    }
    if (error instanceof RangeError && /memory/i.test(error.message)) {
      throw new LearnLossError(
        "OUT_OF_MEMORY",
        `There is no room for an instance of WebAssembly (${error.message}): allow the process more address space, or use fewer threads.`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Base64 to bytes, with what both browsers and Node have. */
export function decodeBinary(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
