import type { Judge } from "../evaluate/judge.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { MixedDecisions } from "./mixed-decisions.ts";
import { Mixtures } from "./mixtures.ts";

/** Mixtures of the validation scores of a few models, judged: their errors, for no work on the models. */
export class JudgedMixtures {
  readonly #judge: Judge;
  readonly #scores: Mixtures;
  /** Where the metric is one of decisions for the largest score. */
  readonly #decisions: MixedDecisions | undefined;

  constructor(arena: Arena<Kernels>, judge: Judge, capacity: number) {
    const { metric, validation } = judge;
    const { rows, outputs } = validation;
    this.#judge = judge;
    this.#scores = new Mixtures(arena, outputs * rows, capacity);
    this.#decisions = metric.countsLargest ? new MixedDecisions(arena, rows, outputs, this.#scores) : undefined;
  }

  /** Model `slot` has these scores, [output][row]. */
  set(slot: number, scores: Pointer): void {
    this.#scores.set(slot, scores);
    this.#decisions?.set(slot, scores);
  }

  /** Errors of the mixtures with up to `TOGETHER` sets of weights. */
  errors(sets: readonly Float64Array[]): number[] {
    const { metric, offset } = this.#judge;
    // One alone is mixed in less time than four are decided for.
    const errors =
      this.#decisions && sets.length > 1
        ? this.#decisions.decide(sets).map((given) => metric.ofDecisions(given))
        : this.#scores.mix(sets).map((mixed) => metric.evaluate(mixed));
    return errors.map((error) => error + offset);
  }

  /** What breaks ties of these errors: less than `mostTieBreak`, and as dear as several errors. */
  tieBreaks(sets: readonly Float64Array[]): number[] {
    return this.#scores.mix(sets).map((mixed) => this.#judge.metric.tieBreak(mixed));
  }
}
