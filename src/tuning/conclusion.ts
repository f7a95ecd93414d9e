import type { Enclosure } from "../evaluate/enclosure.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Leader } from "./leaderboard.ts";
import type { Refit } from "./refit.ts";

/** What a conclusion needs of a session. */
interface Concluded {
  readonly arena: Arena<Kernels>;
  readonly trainingPasses: number;
  enclose(lambda: Float64Array, thetas: readonly Pointer[]): Generator<void, Enclosure>;
  /** Trains on all rows, in an arena; undefined where a validation set judges. */
  readonly refitIn: ((arena: Arena<Kernels>) => Refit) | undefined;
}

/** What a result says of the λ that is to be used, whatever ended the run; a run that goes on is not to know of it. */
export class Conclusion {
  readonly #session: Concluded;
  #enclosed: { readonly leader: Leader; readonly bounds: Enclosure } | undefined;
  #fitted: { readonly leader: Leader; readonly theta: Float64Array } | undefined;
  #provingPasses = 0;
  #fittingPasses = 0;

  constructor(session: Concluded) {
    this.#session = session;
  }

  /** Bounds on its error, once. */
  *prove(leader: Leader): Generator<void> {
    if (this.#enclosed?.leader === leader) return;
    const { arena } = this.#session;
    const before = this.#session.trainingPasses;
    const thetas = leader.thetas.map((theta) => arena.copy(theta));
    try {
      this.#enclosed = { leader, bounds: yield* this.#session.enclose(leader.lambda, thetas) };
    } finally {
      for (const theta of thetas) arena.free(theta);
      this.#provingPasses += this.#session.trainingPasses - before;
    }
  }

  /** Its model of all rows, once, apart from that which a cross-validation ends with, which may be in training. */
  *fit(leader: Leader): Generator<void> {
    if (!this.#session.refitIn || this.#fitted?.leader === leader) return;
    const arena = this.#session.arena.nested();
    let refit: Refit | undefined;
    try {
      refit = this.#session.refitIn(arena);
      this.#fitted = { leader, theta: yield* refit.train(leader.lambda, leader.theta) };
    } finally {
      this.#fittingPasses += refit?.passes ?? 0;
      arena.dispose();
    }
  }

  boundsOf(leader: Leader): Enclosure | undefined {
    return this.#enclosed?.leader === leader ? this.#enclosed.bounds : undefined;
  }

  thetaOf(leader: Leader): Float64Array {
    return this.#fitted?.leader === leader ? this.#fitted.theta : leader.theta;
  }

  /** Of the bounds, which the trainers of the session count, too. */
  get provingPasses(): number {
    return this.#provingPasses;
  }

  get passes(): number {
    return this.#provingPasses + this.#fittingPasses;
  }
}
