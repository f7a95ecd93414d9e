// Whether iterations get anywhere, and in which arithmetic they go on.

import { MARGIN, refine } from "./iterate";
import { Solver } from "./solver";
import { judge } from "./stopping";

/** Iterations in a row without progress after which f32 rounding is suspected. */
const SUSPICION: i32 = 6;

/** Counts an iteration, idle if neither residual nor value fell, sends f32 to f64 where that is due, and judges the status. */
export function progress(s: Solver, residual: f64, noise: f64): void {
  s.iterations++;
  s.residual = residual;
  s.idle++;
  const descended = s.value < s.leastValue - 10 * noise;
  if (s.residual < 0.9 * s.leastResidual || descended) {
    s.leastResidual = min(s.leastResidual, s.residual);
    s.leastValue = s.value;
    s.idle = 0;
  }
  if (!s.fine && (s.residual <= MARGIN * s.noise || s.idle == SUSPICION)) refine(s, s.idle == SUSPICION);
  s.status = judge(s);
}
