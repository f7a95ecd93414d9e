import { isCount, LearnLossError } from "./errors.ts";
import { checkNames, type OptionNames } from "./option-names.ts";
import { outOfTrap } from "./wasm/shared.ts";

/**
 * What a run may spend. Reaching a budget ends the run normally, with what was found, not before a first model was seen; a
 * signal rejects.
 */
export interface Budget {
  /** Passes over the training rows, reduced work included. @default Infinity */
  readonly passes?: number;
  /** Trainings, an integer. @default Infinity */
  readonly trials?: number;
  /** Milliseconds. @default Infinity */
  readonly time?: number;
  /** Aborting rejects with `signal.reason`; what was found stays with the tuner, which `tune` disposes of. */
  readonly signal?: AbortSignal;
}

export const BUDGET_NAMES: OptionNames<Budget> = { passes: true, trials: true, time: true, signal: true };

/** @throws OPTION */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.throwIfAborted === "function") return;
  throw new LearnLossError("OPTION", `signal is ${String(signal)}: give an AbortSignal.`);
}

/** @throws BUDGET, OPTION for a signal that is none */
export function checkBudget(budget: Budget): void {
  checkNames(budget, BUDGET_NAMES);
  checkSignal(budget.signal);
  for (const name of ["passes", "trials", "time"] as const) {
    const value = budget[name];
    if (value === undefined || (typeof value === "number" && value > 0 && (name !== "trials" || isCount(value))))
      continue;
    const expected = name === "trials" ? "an integer > 0" : "a positive number";
    throw new LearnLossError("BUDGET", `The budget ${name} is ${value}: give ${expected}, or leave it out.`);
  }
}

/** Milliseconds of work between two turns for everything else, in which a signal may abort; the clock is looked at after every step. */
const SLICE = 10;

/** What a generator of bounded work yields: nothing, or what it waits for. */
// biome-ignore lint/suspicious/noConfusingVoidType: what `yield` without a value yields
export type Pause = void | Promise<unknown>;

/** What a run drives: work in bounded steps, improvements as they come, a result at the end. */
export interface Work<Improvement, Result> {
  begin(budget: Budget): void;
  /** Does a bounded piece of work. Returns false when there is nothing left to do within the budget. */
  step(): boolean;
  /** While work elsewhere must end before the next step. Never rejects: the step throws. */
  readonly waiting?: Promise<unknown> | undefined;
  /** Whether a first model was seen: no budget ends the work before, so that there is always something to show. */
  readonly seen: boolean;
  /** Whether there is an improvement to take. */
  readonly improved: boolean;
  /** Improvements found since the last call. */
  take(): Improvement[];
  /** What is left to do for the result, in bounded pieces. */
  finish(): Generator<void>;
  /** What was found, and what ended the work unless it ended by itself. */
  result(ended: "time" | "stopped" | undefined): Result;
  /** Called once after `begin`, however the run ends. */
  end(): void;
}

/**
 * A piece of anytime work: await it for the result, or iterate over its improvements and await it then. Nothing happens
 * before one of the two starts. A loop has the work wait while it looks at an improvement, unless somebody awaits the run;
 * leaving the loop stops the work.
 */
export class Run<Improvement, Result> implements PromiseLike<Result>, AsyncIterable<Improvement> {
  readonly #work: Work<Improvement, Result>;
  readonly #budget: Budget;
  readonly #outcome: Promise<Result>;
  #settle!: { resolve: (result: Result) => void; reject: (reason: unknown) => void };
  readonly #improving: AsyncGenerator<Improvement, void, void>;
  /** Found, and not yet taken by the loop. */
  readonly #found: Improvement[] = [];
  #started = false;

  constructor(work: Work<Improvement, Result>, budget: Budget) {
    this.#work = work;
    this.#budget = budget;
    this.#outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever iterates sees the error there: that nobody awaits the outcome too is no mistake.
    this.#outcome.catch(() => {});
    this.#improving = this.#improve();
  }

  // biome-ignore lint/suspicious/noThenProperty: a run is awaitable by design
  then<A = Result, B = never>(
    onfulfilled?: ((value: Result) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#toTheEnd().catch(() => {});
    return this.#outcome.then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Result | B> {
    return this.then(null, onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<Result> {
    return this.then().finally(onfinally);
  }

  /** A loop that was left standing would keep whoever awaits the run waiting for good. */
  async #toTheEnd(): Promise<void> {
    if (!this.#started) for await (const _ of this);
    else while (await this.#find());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Improvement, Result, void> {
    if (this.#started)
      throw new LearnLossError("CONFLICT", "This run was started already: call run() again for another.");
    this.#started = true;
    try {
      while (await this.#ready()) yield this.#found.shift()!;
    } finally {
      await this.#improving.return();
    }
    return this.#outcome;
  }

  /** Works until there is an improvement to take. Returns false when there will be none. */
  async #ready(): Promise<boolean> {
    if (this.#found.length === 0) await this.#find();
    return this.#found.length > 0;
  }

  /** Works until another improvement is found. Returns false at the end. */
  async #find(): Promise<boolean> {
    const { done, value } = await this.#improving.next();
    if (done) return false;
    this.#found.push(value);
    return true;
  }

  async *#improve(): AsyncGenerator<Improvement, void, void> {
    const budget = this.#budget;
    const { signal } = budget;
    const start = performance.now();
    const work = this.#work;
    try {
      work.begin(budget);
    } catch (error) {
      this.#settle.reject(error);
      throw error;
    }
    let ended: "time" | "stopped" | undefined = "stopped";
    let failed = false;
    try {
      signal?.throwIfAborted();
      for (let more = true; more; ) {
        const slice = performance.now();
        let now = slice;
        // Its time is asked for each time: it may begin after the run.
        const late = () => work.seen && now - start >= (budget.time ?? Number.POSITIVE_INFINITY);
        while (more && !work.waiting && !work.improved && now - slice < SLICE && !late()) {
          more = work.step();
          now = performance.now();
        }
        const over = more && late();
        for (const improvement of work.take()) yield improvement;
        await (work.waiting ? settled(work.waiting, SLICE) : turn());
        signal?.throwIfAborted();
        if (over) break;
        if (!more) ended = undefined;
      }
      if (ended) ended = "time";
    } catch (error) {
      const reason = outOfTrap(error);
      this.#settle.reject(reason);
      failed = true;
      throw reason;
    } finally {
      // Also reached when the caller leaves the loop: what was found until then can still be awaited.
      try {
        if (!failed) await inSlices(work.finish(), signal);
        this.#settle.resolve(work.result(ended));
      } catch (error) {
        this.#settle.reject(error);
      }
      work.end();
    }
  }
}

/** When everything else had its last turn. */
export interface Slice {
  began: number;
}

export function newSlice(): Slice {
  return { began: performance.now() };
}

/**
 * Does all of the work, with turns for everything else in between. Rejects with the reason of a signal that aborts then.
 *
 * @param slice of short works one after the other the same, or no turn comes in any of them
 */
export async function inSlices(work: Generator<void>, signal?: AbortSignal, slice = newSlice()): Promise<void> {
  for (const _ of work) {
    if (performance.now() - slice.began < SLICE) continue;
    await turn();
    signal?.throwIfAborted();
    slice.began = performance.now();
  }
}

/** Waits, but no longer than so many milliseconds. */
function settled(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Lets everything else that waits have its turn, without the delay of a timer. */
function turn(): Promise<void> {
  const immediate = (globalThis as { setImmediate?: (callback: () => void) => void }).setImmediate;
  if (immediate) return new Promise((resolve) => immediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
