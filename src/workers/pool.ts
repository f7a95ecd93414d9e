import workerpool from "workerpool";
import type { Dataset } from "../data/dataset.ts";
import { type ErrorCode, LearnLossError } from "../errors.ts";
import type { LinearLoss } from "../features/loss.ts";
import { checkFitOptions, FIT_NAMES, type FitOptions, type FitResult } from "../fit.ts";
import type { SolverTask, TrainingSolver, Workers } from "../inner/training-solver.ts";
import { LinearModel } from "../models/linear.ts";
import { checkNames } from "../option-names.ts";
import type { Arena } from "../wasm/arena.ts";
import { sharedKernels } from "../wasm/kernels.ts";
import type { CompiledModule } from "../wasm/module.ts";
import type { Answer, Arguments, WorkerMethods } from "./protocol.ts";
import { type Call, RemoteSolver } from "./remote-solver.ts";

/**
 * Whether threads are web workers. Those of Bun are: in its node:worker_threads only `parentPort` hears what is posted
 * (1.4.5, oven-sh/bun#43459), while workerpool listens to the global scope, as it finds one: every call would hang. Not
 * those of Deno, where workerpool does not load in web workers.
 */
const WEB_WORKERS = workerpool.platform === "browser" || "Bun" in globalThis;

/** Options of a `Pool`. */
export interface PoolOptions {
  /** Threads. @default one per core */
  readonly workers?: number;
  /**
   * The worker's script. Bundlers that do not find it by themselves want to be told: `learnloss/worker` is its module.
   * @default the file beside this one
   */
  readonly script?: string | URL;
}

/**
 * Threads that train: independent fits side by side, and the folds of `tune({ folds, workers: pool })`. A dataset is
 * posted to a worker once (through shared memory where the host has it) and the compiled WebAssembly once; results are
 * those of one thread, bit for bit, but for the passes of folds: they are summed in another order, and squared loss counts
 * others. Dispose of it: threads do not end by themselves.
 */
export class Pool implements Workers {
  readonly #lanes: readonly Lane[];
  readonly #datasets = new WeakMap<Dataset, Posted>();
  /** A dataset that nobody here has any more leaves the workers too. */
  readonly #forgotten = new FinalizationRegistry<number>((id) => {
    for (const lane of this.#lanes) lane.drop(id);
  });
  readonly #waiting: (() => void)[] = [];
  #handles = 0;
  #ids = 0;
  #disposed = false;

  constructor(options: PoolOptions = {}) {
    checkNames(options, { workers: true, script: true });
    const { workers = cores(), script = besideThis() } = options;
    if (!(Number.isInteger(workers) && workers > 0)) {
      throw new LearnLossError("OPTION", `The number of workers is ${workers}: give a whole number from 1.`);
    }
    const path = location(script);
    this.#lanes = Array.from({ length: workers }, () => new Lane(path));
  }

  /** Threads. */
  get size(): number {
    return this.#lanes.length;
  }

  /**
   * `fit` in a worker: call it for many fits at once, each begins when a worker is free.
   *
   * @throws as `fit`, WORKER when a worker ended before its fit, DISPOSED
   */
  async fit(options: FitOptions): Promise<FitResult> {
    checkNames(options, FIT_NAMES);
    // Nothing but what was checked is posted: what cannot be cloned would leave the worker waiting for good.
    const { train, signal, loss, ...rest } = checkFitOptions(options);
    signal?.throwIfAborted();
    const lane = await this.#idle(signal);
    try {
      this.#alive(); // a turn has passed
      signal?.throwIfAborted();
      const id = lane.hold(this.#posted(train));
      const result = await lane.call("fit", [id, { ...rest, loss: parts(loss) }], signal);
      return { ...result, loss, model: new LinearModel(result.model) };
    } finally {
      lane.busy = false;
      this.#waiting.shift()?.();
    }
  }

  /** For `tune`: a solver that stays in one worker. */
  solver(arena: Arena, task: SolverTask): TrainingSolver {
    this.#alive();
    const { dataset, ...options } = task;
    const handle = ++this.#handles;
    const lane = this.#lanes[handle % this.#lanes.length]!;
    const opened = lane.call("open", [handle, lane.hold(this.#posted(dataset)), options]);
    opened.catch(() => {}); // the first training tells
    const call: Call = (method, args, signal) => opened.then(() => lane.call(method, args, signal));
    const columns = task.selected?.length ?? dataset.columns;
    const rows = task.order.length - (task.to - task.from);
    return new RemoteSolver(arena, { theta: task.outputs * (columns + 1), scores: task.outputs * rows }, handle, call);
  }

  /** A lane without a fit, when there is one. */
  async #idle(signal: AbortSignal | undefined): Promise<Lane> {
    for (;;) {
      this.#alive();
      const lane = this.#lanes.find(({ busy }) => !busy);
      if (lane) {
        lane.busy = true;
        return lane;
      }
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        };
        const abort = () => {
          const at = this.#waiting.indexOf(go);
          if (at >= 0) this.#waiting.splice(at, 1);
          reject(signal!.reason);
        };
        this.#waiting.push(go);
        signal?.addEventListener("abort", abort, { once: true });
      });
    }
  }

  #posted(dataset: Dataset): Posted {
    const known = this.#datasets.get(dataset);
    if (known) return known;
    const posted = { id: ++this.#ids, dataset: shareable(dataset) };
    this.#datasets.set(dataset, posted);
    this.#forgotten.register(dataset, posted.id);
    return posted;
  }

  #alive(): void {
    if (this.#disposed) throw disposed();
  }

  /** Ends all threads at once, and what they do; harmless when called again. Resolves when they are gone. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
    await Promise.all(this.#lanes.map((lane) => lane.end()));
  }

  [Symbol.dispose](): void {
    void this.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** A pool of threads; dispose of it when done. */
export function createPool(options?: PoolOptions): Pool {
  return new Pool(options);
}

interface Posted {
  readonly id: number;
  readonly dataset: Dataset;
}

/** One worker with what it holds: a fold's solver, its curvature included, stays where it is. */
class Lane {
  busy = false;
  readonly #script: string;
  readonly #held = new Set<number>();
  #pool: workerpool.Pool;
  #module: CompiledModule | undefined;
  #ended = false;
  /** While what a worker left behind is told so. */
  #crash: unknown;

  constructor(script: string) {
    this.#script = script;
    this.#pool = this.#start();
  }

  #start(): workerpool.Pool {
    return workerpool.pool(this.#script, {
      maxWorkers: 1,
      workerType: WEB_WORKERS ? "web" : "thread",
      workerOpts: { type: "module" },
    });
  }

  /**
   * The worker ended by itself, or never began: whatever waits for it fails, what comes next has a new one. (workerpool
   * would keep the former waiting for good, and not say that the worker is gone.)
   */
  #crashed(reason: unknown): void {
    const gone = this.#pool;
    this.#module = undefined;
    this.#held.clear();
    this.#pool = this.#start();
    this.#crash = reason;
    void gone.terminate(true); // rejects what waits before it returns
    this.#crash = undefined;
  }

  /** Sends the kernels that are in use here and a dataset ahead of what needs them, once. */
  hold({ id, dataset }: Posted): number {
    const { module } = sharedKernels;
    const [loaded, held] = [this.#module === module, this.#held.has(id)];
    this.#module = module;
    this.#held.add(id);
    if (!loaded) this.call("load", [module]).catch(() => {});
    if (!held) this.call("hold", [id, dataset]).catch(() => {});
    return id;
  }

  drop(id: number): void {
    if (!this.#ended && this.#held.delete(id)) this.call("drop", [id]).catch(() => {});
  }

  /** An abort rejects at once, and the worker ends this call's work at its next step. */
  call<M extends keyof WorkerMethods>(method: M, args: Arguments<M>, signal?: AbortSignal): Promise<Answer<M>> {
    return new Promise<Answer<M>>((resolve, reject) => {
      signal?.throwIfAborted();
      const channel = signal && new MessageChannel();
      const task = this.#send(method, channel ? [...args, channel.port2] : args, channel && [channel.port2]);
      const abort = () => {
        reject(signal!.reason);
        channel!.port1.postMessage("abort");
      };
      signal?.addEventListener("abort", abort);
      task
        .then(resolve, (error) => reject(this.#ended ? disposed() : rebuilt(this.#crash ?? error)))
        .then(() => {
          signal?.removeEventListener("abort", abort);
        });
    });
  }

  #send(method: keyof WorkerMethods, args: readonly unknown[], transfer: Transferable[] = []) {
    if (this.#ended) throw disposed();
    const pool = this.#pool;
    try {
      const task = pool.exec(method, [...args], { transfer });
      task.catch((error) => {
        if (error instanceof workerpool.TerminateError && pool === this.#pool && !this.#ended) this.#crashed(error);
      });
      return task;
    } catch (error) {
      this.#crashed(error); // of another origin, or not of the scripts that a policy trusts
      throw rebuilt(error);
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#pool.terminate(true);
  }
}

function disposed(): LearnLossError {
  return new LearnLossError("DISPOSED", "This pool was disposed: create a new one.");
}

/** What a worker threw, which arrives without its class; one that is none of ours is the worker's failure. */
function rebuilt(error: unknown): LearnLossError {
  const { name, code, message } = error as { name?: string; code?: ErrorCode; message?: string };
  if (name === "LearnLossError") return new LearnLossError(code!, message ?? "");
  return new LearnLossError(
    "WORKER",
    `A worker failed: ${message?.trim().split("\n")[0]}. Try again; if none begins, give createPool the \`script\` of learnloss/worker.`,
    { cause: error },
  );
}

/** A `LinearLoss` travels as what its constructor takes. */
function parts({ lossName: name, features, lambda }: LinearLoss): ConstructorParameters<typeof LinearLoss> {
  return [name, features, lambda];
}

function cores(): number {
  return globalThis.navigator?.hardwareConcurrency ?? workerpool.cpus;
}

/** By another name: webpack takes the address of anything that is relative to import.meta.url for a file to find. */
const HERE = import.meta.url;

/** Node starts threads from paths, browsers from addresses. @throws OPTION for what is no address */
function location(script: string | URL): string {
  const { href, protocol, pathname } = address(script);
  if (protocol !== "file:") return href;
  return decodeURIComponent(pathname).replace(/^\/([A-Za-z]:)/, "$1");
}

function address(script: unknown): URL {
  try {
    if (typeof script === "string" || Object.prototype.toString.call(script) === "[object URL]")
      return new URL(script as string | URL, HERE);
  } catch {}
  throw new LearnLossError("OPTION", `script is ${String(script)}: give the URL of learnloss/worker.`);
}

/** @throws OPTION in a bundle that does not know where it is: CommonJS, for one */
function besideThis(): URL {
  if (import.meta.url) return new URL("./worker.js", import.meta.url);
  throw new LearnLossError("OPTION", "This bundle does not know where it is: give the `script` of the workers.");
}

/** The dataset with its large arrays in shared memory where the host has it; elsewhere without what surrounds them. */
function shareable(dataset: Dataset): Dataset {
  const { rows, columns, x, y, weights, groups, groupNames, columnNames, shape } = dataset;
  const matrix: Dataset["x"] =
    x.kind === "dense"
      ? { kind: "dense", values: alone(x.values) }
      : { kind: "csr", values: alone(x.values), indices: alone(x.indices), starts: alone(x.starts) };
  return {
    rows,
    columns,
    x: matrix,
    y,
    ...(weights ? { weights } : {}),
    ...(groups ? { groups } : {}),
    ...(groupNames ? { groupNames } : {}),
    ...(columnNames ? { columnNames } : {}),
    ...(shape ? { shape } : {}),
  };
}

function alone<A extends Float32Array | Float64Array | Int32Array>(array: A): A {
  const { buffer, byteLength } = array;
  const Shared = globalThis.SharedArrayBuffer;
  if (Shared && buffer instanceof Shared) return array;
  if (!Shared) return byteLength === buffer.byteLength ? array : (array.slice() as A);
  const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => A)(new Shared(byteLength));
  copy.set(array);
  return copy;
}
