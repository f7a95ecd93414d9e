import { LearnLossError } from "../errors.ts";
import type { Features } from "../features/feature.ts";
import type { TunerEvents } from "../tune.ts";

type Listeners<F extends Features> = { readonly [E in keyof TunerEvents<F>]: ((detail: TunerEvents<F>[E]) => void)[] };

/**
 * What a tuner tells its listeners, between two pieces of work: they may throw or dispose of it, and the work goes on from where
 * it is. Each has a copy of its own.
 */
export class News<F extends Features> {
  readonly #listeners: Listeners<F> = { trial: [], checkpoint: [], improvement: [], warning: [], progress: [] };
  /** What listeners have not been told yet. */
  readonly #untold: (() => void)[] = [];

  /** @throws OPTION for an event that there is not */
  on<E extends keyof TunerEvents<F>>(event: E, listener: (detail: TunerEvents<F>[E]) => void): void {
    if (!Object.hasOwn(this.#listeners, event) || typeof listener !== "function") {
      const events = Object.keys(this.#listeners).join(", ");
      throw new LearnLossError(
        "OPTION",
        `on(${String(event)}, ${typeof listener}): give one of ${events} and a function.`,
      );
    }
    this.#listeners[event].push(listener);
  }

  /** For the listeners, at the next `deliver`. */
  emit<E extends keyof TunerEvents<F>>(event: E, detail: TunerEvents<F>[E]): void {
    for (const listener of this.#listeners[event]) {
      const copy = copied(detail);
      this.#untold.push(() => listener(copy));
    }
  }

  /** Between two pieces of work. */
  deliver(): void {
    for (let tell = this.#untold.shift(); tell; tell = this.#untold.shift()) tell();
  }
}

/** A copy of what is told: values, and records of them. `structuredClone` is not in every engine that has SIMD. */
function copied<T>(detail: T): T {
  if (typeof detail !== "object" || detail === null) return detail;
  return Object.fromEntries(Object.entries(detail).map(([name, value]) => [name, copied(value)])) as T;
}
