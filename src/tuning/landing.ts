import type { Features } from "../features/feature.ts";
import type { Start } from "../inner/training-solver.ts";
import type { VirtualModels } from "../reduced/virtual-models.ts";
import type { Pause } from "../run.ts";
import { above } from "./above.ts";
import type { Session } from "./session.ts";
import { FLY } from "./sketch.ts";

/** Most rounds of an ending. */
const ROUNDS = 16;

/** The ending on the fly: the training goes on at λ until the best model on the way gets no better by a share of e. */
export function* land<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  lambda: Float64Array,
  gain: number,
): Generator<Pause> {
  const { leaders } = session;
  // The span's errors are of minimizers: one that promises nothing will not get better than the model caught on its way.
  if (leaders.best && !(models.error() < above(leaders.best.error, -gain))) return;
  let starts: readonly Start[] = session.expanded();
  let before = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && !(leaders.best && leaders.best.error > above(before, -gain)); round++) {
    before = leaders.best?.error ?? before;
    yield* session.train(lambda, starts, { iterations: FLY.next, learns: "nothing" });
    starts = session.reached();
  }
}
