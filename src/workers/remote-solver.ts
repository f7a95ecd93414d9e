import type { SolverStatus } from "../inner/solver.ts";
import type { AdjointLimits, TrainingAhead, TrainingSolver } from "../inner/training-solver.ts";
import type { Pause } from "../run.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Answer, Training, WorkerMethods } from "./protocol.ts";

/** Calls a method of the worker that holds this solver. */
export type Call = <M extends keyof WorkerMethods>(
  method: M,
  args: Parameters<WorkerMethods[M]>,
  signal?: AbortSignal,
) => Promise<Answer<M>>;

/**
 * A solver in a worker. `start` has the worker train ahead, to the end or to the cap; `step` then replays here what
 * happened there, so that whoever watches sees the same states after the same steps as with a solver of this thread.
 */
export class RemoteSolver implements TrainingSolver {
  /** Of the current iterate. */
  readonly theta: Pointer;
  readonly #arena: Arena;
  readonly #count: number;
  readonly #handle: number;
  readonly #call: Call;
  #pending: Promise<void> | undefined;
  #training: Training | undefined;
  readonly #life = new AbortController();
  #steps = 0;
  #passes = 0;
  #groupLosses: Float64Array = new Float64Array(0);

  constructor(arena: Arena, thetaCount: number, handle: number, call: Call) {
    this.#arena = arena;
    this.#count = thetaCount;
    this.#handle = handle;
    this.#call = call;
    this.theta = arena.f64(thetaCount);
  }

  start(theta: Pointer, ahead: TrainingAhead): void {
    const copy = () => this.#arena.viewF64(theta, this.#count).slice();
    const from = theta === 0 ? "null" : theta === this.theta ? "last" : copy();
    this.#training = undefined;
    this.#pending = this.#call("train", [this.#handle, from, ahead], this.#life.signal).then((training) => {
      this.#pending = undefined;
      this.#training = training;
      this.#steps = 0;
      this.#show();
    });
    this.#pending.catch(() => {}); // whoever waits for it is told; nobody may
  }

  step(iterations: number): SolverStatus {
    const last = this.#training!.passes.length - 1;
    this.#steps = Math.min(this.#steps + iterations, last);
    this.#show();
    return this.status;
  }

  /** What the worker's state was after so many steps; θ at checkpoints and at the end, where somebody looks. */
  #show(): void {
    this.#passes = this.#training!.passes[this.#steps]!;
    const seen = this.#training!.checkpoints.get(this.#steps);
    if (!seen || this.#arena.disposed) return;
    this.#arena.viewF64(this.theta, this.#count).set(seen.theta);
    this.#groupLosses = seen.groupLosses;
  }

  get status(): SolverStatus {
    if (!this.#training) return "running";
    return this.#steps < this.#training.passes.length - 1 ? "running" : this.#training.status;
  }

  get iterations(): number {
    return this.#training?.iterations[this.#steps] ?? 0;
  }

  get groupLosses(): Float64Array {
    return this.#groupLosses;
  }

  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  get passesElsewhere(): number {
    return this.#passes;
  }

  /** Ends what the worker does for it. */
  dispose(): void {
    this.#life.abort();
    this.#call("close", [this.#handle]).catch(() => {}); // a pool that was disposed has closed it already
  }

  *adjoint(right: Pointer, out: Pointer, limits: AdjointLimits): Generator<Pause> {
    const arena = this.#arena;
    const count = this.#count;
    yield this.#call("adjoint", [this.#handle, arena.viewF64(right, count).slice(), limits]).then(({ u, passes }) => {
      this.#passes = passes;
      if (!arena.disposed) arena.viewF64(out, count).set(u);
    });
  }
}
