import type { SolverStatus } from "../inner/solver.ts";
import type { AdjointLimits, Start, TrainingSolver } from "../inner/training-solver.ts";
import type { ObjectiveWeights } from "../models/objective.ts";
import type { Pause } from "../run.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Answer, Arguments, Training, WorkerMethods } from "./protocol.ts";

/** Calls a method of the worker that holds this solver. */
export type Call = <M extends keyof WorkerMethods>(
  method: M,
  args: Arguments<M>,
  signal?: AbortSignal,
) => Promise<Answer<M>>;

/**
 * A solver in a worker. `ahead` has the worker train on; `step` then replays here what happened there, so that whoever
 * watches at the end of it sees what a solver of this thread would show.
 */
export class RemoteSolver implements TrainingSolver {
  readonly #theta: Pointer;
  readonly #arena: Arena;
  readonly #thetaCount: number;
  readonly #scoreCount: number;
  readonly #handle: number;
  readonly #call: Call;
  #pending: Promise<void> | undefined;
  #training: Training | undefined;
  readonly #life = new AbortController();
  #steps = 0;
  #passes = 0;

  constructor(arena: Arena, counts: { readonly theta: number; readonly scores: number }, handle: number, call: Call) {
    this.#arena = arena;
    this.#thetaCount = counts.theta;
    this.#scoreCount = counts.scores;
    this.#handle = handle;
    this.#call = call;
    this.#theta = arena.f64(counts.theta);
  }

  start(from: Start, weights: ObjectiveWeights): void {
    const theta = typeof from === "number" ? from : from.theta;
    const copy = (pointer: Pointer, count: number) => this.#arena.viewF64(pointer, count).slice();
    const origin = theta === 0 ? "null" : theta === this.#theta ? "last" : copy(theta, this.#thetaCount);
    const scores = typeof from === "number" ? undefined : copy(from.scores(), this.#scoreCount);
    this.#training = undefined;
    this.#await(this.#call("start", [this.#handle, origin, weights, scores]));
  }

  ahead(steps: number): void {
    if (this.status === "running") this.#await(this.#call("advance", [this.#handle, steps], this.#life.signal));
  }

  #await(training: Promise<Training>): void {
    this.#pending = training.then((training) => {
      this.#pending = undefined;
      this.#training = training;
      this.#steps = 0;
      this.#passes = training.passes[0]!;
      if (!this.#arena.disposed) this.#arena.viewF64(this.#theta, this.#thetaCount).set(training.theta);
    });
    this.#pending.catch(() => {}); // whoever waits for it is told; nobody may
  }

  step(iterations: number): SolverStatus {
    this.#steps = Math.min(this.#steps + iterations, this.#last);
    this.#passes = this.#training!.passes[this.#steps]!;
    return this.status;
  }

  get #last(): number {
    return this.#training!.passes.length - 1;
  }

  /** θ of the iterate where the worker stopped. */
  get theta(): Pointer {
    if (this.#training && this.#steps === this.#last) this.#passes = Math.max(this.#passes, this.#training.looked);
    return this.#theta;
  }

  get status(): SolverStatus {
    return this.#training && this.#steps === this.#last ? this.#training.status : "running";
  }

  get iterations(): number {
    return this.#training?.iterations[this.#steps] ?? 0;
  }

  get residual(): number {
    return this.#training?.residual ?? Number.POSITIVE_INFINITY;
  }

  get groupLosses(): Float64Array {
    return this.#training?.groupLosses ?? new Float64Array(0);
  }

  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  get passesElsewhere(): number {
    return this.#passes;
  }

  /** Ends what the worker does for it. */
  dispose(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.#call("close", [this.#handle]).catch(() => {}); // a pool that was disposed has closed it already
  }

  *scores(out: Pointer): Generator<Pause> {
    const arena = this.#arena;
    yield this.#call("scores", [this.#handle]).then(({ scores, passes }) => {
      this.#passes = passes;
      if (!arena.disposed) arena.viewF64(out, this.#scoreCount).set(scores);
    });
  }

  *adjoint(right: Pointer, u: Pointer, limits: AdjointLimits): Generator<Pause> {
    const arena = this.#arena;
    const copy = (pointer: Pointer) => arena.viewF64(pointer, this.#thetaCount).slice();
    yield this.#call("adjoint", [this.#handle, copy(right), copy(u), limits]).then((solved) => {
      this.#passes = solved.passes;
      if (!arena.disposed) arena.viewF64(u, this.#thetaCount).set(solved.u);
    });
  }
}
