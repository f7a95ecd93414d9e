/** Radius in log λ: at first, at most, and where a search ends (0.3 of it if the center is a minimizer). */
const RADIUS = { first: 1, most: 4, least: 0.15 };

/** Share of a promise that is believed, a moving mean of what earlier ones kept: weight of the latest; least share. */
const FAITH = { last: 0.5, least: 0.05 };

/** How far from a center of log λ the span is searched, and how much of what it promises there is believed. */
export class TrustRegion {
  radius: number = RADIUS.first;
  #faith = 1;
  readonly #doubts: boolean;

  /** @param doubts whether promises that were not kept lower what the next ones count */
  constructor(doubts: boolean) {
    this.#doubts = doubts;
  }

  /** What is believed of a promised gain. */
  believed(gain: number): number {
    return this.#faith * gain;
  }

  /** Whether it is too small to search on around a center, whose training ended or not. */
  exhausted(ended: boolean): boolean {
    return this.radius < RADIUS.least * (ended ? 0.3 : 1);
  }

  /** Whether a step ended inside of the region: one that the region cut short promises more behind it. */
  contains(step: number): boolean {
    return step < 0.8 * this.radius;
  }

  /** At least as wide as in the beginning. */
  reopen(): void {
    this.radius = Math.max(this.radius, RADIUS.first);
  }

  /** As wide as it may become. */
  open(): void {
    this.radius = RADIUS.most;
  }

  /** `kept`: the share of its promise that a step kept. */
  learn(kept: number, step: number): void {
    if (this.#doubts) {
      this.#faith = Math.min(Math.max(this.#faith + FAITH.last * (kept - this.#faith), FAITH.least), 1);
    }
    if (kept < 0.25) this.radius = 0.4 * Math.min(this.radius, step);
    else if (kept > 0.75 && !this.contains(step)) this.radius = Math.min(2 * this.radius, RADIUS.most);
  }
}
