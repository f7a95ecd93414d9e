import type { Seen } from "./trainer.ts";

/** A model that led, with its λ. */
export interface Leader {
  readonly lambda: Float64Array;
  /** With folds the mean of theirs, whose scores are the means of theirs; at the end, of the model of all rows. */
  readonly theta: Float64Array;
  /** One per fold. */
  readonly thetas: readonly Float64Array[];
  readonly error: number;
  /** One per fold. */
  readonly errors: readonly number[];
  readonly trial: number;
  readonly converged: boolean;
  readonly passes: number;
}

/**
 * "Best model seen" and "best λ" are two things: a model caught on its way is regularized by having been stopped, so λ's
 * are compared by their minimizers only.
 */
export class Leaderboard {
  /** The best model, checkpoints included. */
  best: Leader | undefined;
  /** The best minimizer of its loss. */
  chosen: Leader | undefined;

  /** Compares a model with the best so far; `copy` makes a leader of it. Returns whether it is the best of all. */
  add({ error }: Seen, converged: boolean, copy: () => Leader): boolean {
    if (Number.isNaN(error)) return false;
    const isBest = !this.best || error < this.best.error;
    const isChosen = converged && (!this.chosen || error < this.chosen.error);
    if (!isBest && !isChosen) return false;
    const leader = copy();
    if (isChosen) this.chosen = leader;
    if (isBest) this.best = leader;
    return isBest;
  }
}
