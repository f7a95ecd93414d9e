// The whole fit: start or go on, descend, and raise M until the hard rows hold.

import { columnStride } from "../basis";
import { INFEASIBLE, NUMERICAL, OPTIMAL } from "../outcome";
import { minimize } from "./descent";
import { rebuild } from "./factor";
import { at, HARD, L1Fit, total, ZERO } from "./model";
import { hardViolation, locate, recompute, setBounds } from "./rows";
import { sift } from "./sifting";
import { approach, artificials, leastSquares } from "./start";

/** Solves from the last basis where there is one. Returns OPTIMAL, INFEASIBLE (the duals prove it), … */
export function l1FitSolve(block: usize, limit: i32): i32 {
  const f = changetype<L1Fit>(block);
  f.iterations = 0;
  f.limit = limit;
  f.phase = 2;
  if (f.current == 0) prepare(f);
  f.current = 0;
  let status = -1;
  while (status < 0) {
    const ended = minimize(f);
    if (ended != OPTIMAL) {
      status = ended;
    } else if (hardViolation(f) <= HARD) {
      status = OPTIMAL;
    } else {
      if (f.feasible == 0) {
        f.phase = 1;
        setBounds(f);
        recompute(f, 0);
        const found = minimize(f);
        if (found != OPTIMAL) status = found;
        else if (hardViolation(f) > HARD) status = INFEASIBLE;
        else f.feasible = 1;
      }
      if (status < 0) {
        f.phase = 2;
        f.penalty *= 100;
        if (f.penalty > 1e12 * f.total) status = NUMERICAL;
        setBounds(f);
        recompute(f, 0);
      }
    }
  }
  if (status == OPTIMAL) f.current = 1;
  else f.started = 0;
  return status;
}

/** A start where there is no basis to go on from; bounds, residuals and g of the basis. */
function prepare(f: L1Fit): void {
  f.perturbed = 0;
  memory.fill(f.shift, 0, (<usize>total(f)) << 3);
  f.total = 0;
  for (let i = 0; i < f.m; i++) f.total += load<f64>(at(f.weight, i));
  if (f.started) {
    f.penalty = max(f.penalty, f.total);
    setBounds(f);
    rebuild(f, ZERO);
    return;
  }
  f.active = f.m;
  f.penalty = f.total;
  memory.fill(f.x, 0, (<usize>columnStride(f.p)) << 3);
  artificials(f);
  setBounds(f);
  leastSquares(f);
  locate(f, 0);
  sift(f);
  approach(f);
  recompute(f, 0);
  f.started = 1;
}
