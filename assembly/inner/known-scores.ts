// Scores that come with a start, of a model mixed of some whose scores are known (reduced/projection.ts): of use as far as they
// are right. A direction that is what little one model has beyond the others has its scores from those of models by a
// difference, which may have lost all digits; and a solve that goes along its line (line-search.ts) leaves the error in there.

import { at } from "../losses/block";
import { forward, weightsOf } from "../losses/gradient";
import { BLOCK, Objective, objectiveKnow, panelOf } from "../objective";
import { Solver } from "./solver";

/** Blocks of rows that are looked at, and rows of each. */
const BLOCKS: i32 = 4;
const ROWS: i32 = 4;

/** Share of the tolerance that their errors may put into the residual. */
const SHARE: f64 = 0.1;

/**
 * Forgets the scores known of the iterate if at a few rows they are not what X and θ say. (48 rows of two columns, label
 * smoothing and a ridge, tuned for the error rate: 14 of 60 models were none of their loss's minimizers, nor near.)
 *
 * @param bend what a second derivative of the weighted losses is at most
 */
export function trustKnownScores(s: Solver, o: Objective, bend: f64): void {
  if (o.known == 0 || o.knownAt != s.theta) return;
  const blocks = (o.rows + BLOCK - 1) / BLOCK;
  const looks = min(blocks, BLOCKS);
  const weights = weightsOf<f64>(o, s.theta, o.outputs);
  const z = o.scratch;
  let seen = 0;
  let error: f64 = 0;
  for (let look = 0; look < looks; look++) {
    const first = ((look * blocks) / looks) * BLOCK;
    const count = min(ROWS, o.rows - first);
    forward<f64>(o, o.outputs, first, count, panelOf<f64>(o, first, count), weights, s.theta, z);
    for (let c = 0; c < o.outputs; c++) {
      const known = o.known + ((<usize>c * <usize>o.rows + <usize>first) << 3);
      for (let i = 0; i < count; i++) {
        error = max(error, Math.abs(load<f64>(at<f64>(z, c, i)) - load<f64>(known + ((<usize>i) << 3))));
      }
    }
    seen += count;
  }
  o.passes += (0.5 * <f64>seen) / <f64>o.rows;
  if (!(error * bend * s.unit <= SHARE * s.tolerance * s.scale)) objectiveKnow(s.objective, 0, 0);
}
