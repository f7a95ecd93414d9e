import { LearnLossError } from "../errors.ts";
import { type CompiledModule, compile, decodeBinary, type Instance, instantiateModule } from "./module.ts";

/** Names of a module's exports; of what is no module none. */
function exportsOf(module: CompiledModule): string[] {
  try {
    return WebAssembly.Module.exports(module).map(({ name }) => name);
  } catch {
    return [];
  }
}

const all: SharedInstance<object>[] = [];

/** The one instance of a module that everything shares: compiled at first use, built anew after `renew`. */
export class SharedInstance<Abi extends object> {
  readonly #binary: string;
  readonly #mark: string;
  #module: CompiledModule | Uint8Array | undefined;
  #instance: Instance<Abi> | undefined;

  /**
   * @param binary in base64
   * @param mark an export that only this module has
   */
  constructor(binary: string, mark: string) {
    this.#binary = binary;
    this.#mark = mark;
    all.push(this as SharedInstance<object>);
  }

  get(): Instance<Abi> {
    this.#instance ??= instantiateModule<Abi>(this.#module ?? decodeBinary(this.#binary));
    return this.#instance;
  }

  /** The compiled module, to be posted to other threads. */
  get module(): CompiledModule {
    const module = this.#module ?? decodeBinary(this.#binary);
    const compiled = module instanceof Uint8Array ? compile(module) : module;
    this.#module = compiled;
    return compiled;
  }

  /**
   * Uses a module that the host compiled.
   *
   * @throws OPTION for another module, or none
   */
  load(module: CompiledModule): void {
    if (!exportsOf(module).includes(this.#mark)) {
      throw new LearnLossError(
        "OPTION",
        `That is no compiled WebAssembly module with ${this.#mark}: \`module\` is learnloss/kernels.wasm, \`lp\` is learnloss/lp.wasm.`,
      );
    }
    this.build(module);
  }

  /** Uses another build of ours; undefined goes back to the default. */
  build(module: CompiledModule | Uint8Array | undefined): void {
    this.#module = module;
    this.#instance = undefined;
  }

  /** The next `get` builds another instance; whoever uses `old` keeps it until it is done. */
  renew(old: object): void {
    if (this.#instance === old) this.#instance = undefined;
  }

  /** @see outOfTrap */
  abandon(): void {
    this.#instance = undefined;
  }
}

/** Memory never shrinks: an instance that filled it is replaced, and collected with its last user. */
export function renew(instance: object): void {
  for (const shared of all) shared.renew(instance);
}

/**
 * What to throw for an error. After a trap no instance's memory can be trusted: all are built anew at their next use.
 * Studies live outside and survive.
 */
export function outOfTrap(error: unknown): unknown {
  if (!(error instanceof WebAssembly.RuntimeError)) return error;
  for (const shared of all) shared.abandon();
  return new LearnLossError(
    "TRAP",
    `WebAssembly stopped (${error.message}): a defect of learnloss, please report it. What was told to the study is safe; create a new tuner.`,
    { cause: error },
  );
}
