// The descent over vertices: pricing, pivots, perturbation.

import { columnStride, dot, rowTimesInverse, updateInverse } from "../basis";
import { INFEASIBLE, ITERATION_LIMIT, OPTIMAL } from "../outcome";
import { unit, xorshift } from "../xorshift";
import { rebuild, refresh } from "./factor";
import { advance, minimumAlong } from "./line-search";
import { at, HARD, L1Fit, total, ZERO } from "./model";
import { addTo, basic, bound, hardViolation, rowInto, setBasic } from "./rows";
import { awake, wakeAll } from "./sifting";

const REBUILD: i32 = 100;
const PERTURBATIONS: i32 = 6;
/** b·y above which duals prove infeasibility where penalties are 1: rounding stays far below. */
const PROOF: f64 = 1e-6;

/** y_B, and the basic row with the steepest violation; −1 when there is none. */
function price(f: L1Fit): i32 {
  const p = f.p;
  const column = (<usize>columnStride(p)) << 3;
  let best = -1;
  let steepest: f64 = 0;
  for (let q = 0; q < p; q++) {
    const inverse = f.inverse + <usize>q * column;
    const y = -dot(inverse, f.g, column);
    store<f64>(at(f.y, q), y);
    const row = basic(f, q);
    const low = load<f64>(at(f.lo, row));
    const high = load<f64>(at(f.hi, row));
    const violation = max(low - y, y - high);
    if (violation > tolerance(f) && load<f64>(at(f.ignored, q)) == 0) {
      const steepness = (violation * violation) / dot(inverse, inverse, column);
      // Bland's order once perturbation has not helped: the least row.
      const better = f.perturbations > PERTURBATIONS ? best < 0 || row < basic(f, best) : steepness > steepest;
      if (better) {
        steepest = steepness;
        best = q;
      }
    }
  }
  return best;
}

function tolerance(f: L1Fit): f64 {
  return f.phase == 1 ? 1e-11 : 1e-10 + 1e-15 * f.penalty;
}

function uniform(f: L1Fit): f64 {
  f.random = xorshift(f.random);
  return unit(f.random);
}

/** Moves the residuals that are 0 away from it, each to its own side. */
function perturb(f: L1Fit): void {
  f.perturbations++;
  f.perturbed = 1;
  const size = f.perturbations > 3 ? 1e-7 : 1e-9;
  perturbRows(f, 0, f.active, size);
  if (f.incumbent >= 0) perturbRows(f, f.capacity, f.active, size);
  perturbRows(f, 2 * f.capacity, f.cones, size);
}

function perturbRows(f: L1Fit, first: i32, count: i32, size: f64): void {
  for (let i = first; i < first + count; i++) {
    if (load<f64>(at(f.span, i)) > 0 && abs(load<f64>(at(f.r, i))) < ZERO) {
      const move = load<f64>(at(f.s, i)) * (0.1 + 0.8 * uniform(f)) * size;
      store<f64>(at(f.shift, i), load<f64>(at(f.shift, i)) + move);
      store<f64>(at(f.r, i), load<f64>(at(f.r, i)) + move);
    }
  }
}

function unperturb(f: L1Fit): void {
  f.perturbed = 0;
  memory.fill(f.shift, 0, (<usize>total(f)) << 3);
  rebuild(f, 1e-12);
}

/** Phase 1 with what is perturbed: y keeps its bounds whatever b is, and b·y, its guard's share, is above 0. */
function proved(f: L1Fit): bool {
  if (f.phase == 2) return false;
  const guard = 2 * f.capacity;
  let y = load<f64>(at(f.span, guard)) > 0 ? bound(f, guard) : 0;
  for (let q = 0; q < f.p; q++) if (basic(f, q) == guard) y = load<f64>(at(f.y, q));
  return y > PROOF;
}

/**
 * Descends to the minimum of f under the present bounds. Where hard rows are violated all orderings may meet, in μ = 0. A
 * perturbation leads past such a vertex once, but taken back it leaves the next one, and it cycled: 42 of 1200 fits of 400 to
 * 2600 correlated models. The second stall there is OPTIMAL, too: phase 1 or a larger M is the way out. INFEASIBLE: y proves it.
 */
export function minimize(f: L1Fit): i32 {
  let status = -1;
  let stalls = 0;
  f.perturbations = 0;
  memory.fill(f.ignored, 0, (<usize>f.p) << 3);
  while (status < 0) {
    if (f.updates >= REBUILD) rebuild(f, ZERO);
    const q = price(f);
    if (q < 0) {
      if (f.stale > 0) refresh(f);
      else if (f.perturbed && proved(f)) status = INFEASIBLE;
      else if (f.perturbed) unperturb(f);
      else if (!awake(f)) status = OPTIMAL;
    } else if (f.iterations >= f.limit) {
      status = ITERATION_LIMIT;
    } else {
      f.iterations++;
      const step = pivot(f, q);
      if (step == 0) {
        stalls++;
        if (stalls >= f.p + 8) {
          if (f.phase == 2 && f.perturbations > 0 && hardViolation(f) > HARD) {
            status = OPTIMAL;
          } else if (f.perturbations <= PERTURBATIONS) {
            perturb(f);
            stalls = 0;
          }
        }
      } else if (step > 0) {
        stalls = 0;
      }
    }
  }
  return status;
}

/** One iteration: the length of its step, or −1 when the factor had to be rebuilt or the slot was given up. */
function pivot(f: L1Fit, q: i32): f64 {
  const column = (<usize>columnStride(f.p)) << 3;
  const leaving = basic(f, q);
  const low = load<f64>(at(f.lo, leaving));
  const high = load<f64>(at(f.hi, leaving));
  const y = load<f64>(at(f.y, q));
  const direction: f64 = y < low ? 1 : -1;
  const violation = y < low ? low - y : y - high;
  const v = f.inverse + <usize>q * column;
  const place = minimumAlong(f, v, direction, violation);
  if (place < 0) {
    // f ≥ 0 has no unbounded ray: the violation is rounding, or the kink is in a slot at rest.
    if (f.active < f.m) wakeAll(f);
    else if (f.updates > 0) rebuild(f, ZERO);
    else store<f64>(at(f.ignored, q), 1);
    return -1;
  }
  const entering = load<i32>(f.list + ((<usize>place) << 2));
  if (f.updates > 0 && abs(load<f64>(at(f.alpha, entering))) < 1e-7 * Math.sqrt(dot(v, v, column))) {
    rebuild(f, ZERO);
    return -1;
  }
  const step = load<f64>(at(f.t, place));
  const signed = step * direction;
  addTo(f, entering, -bound(f, entering), f.g);
  advance(f, v, signed, place);
  store<f64>(at(f.r, leaving), -signed);
  store<f64>(at(f.s, leaving), -direction);
  store<f64>(at(f.span, leaving), high - low);
  addTo(f, leaving, direction > 0 ? low : high, f.g);
  store<f64>(at(f.r, entering), 0);
  store<f64>(at(f.span, entering), 0);
  rowInto(f, entering, f.row);
  rowTimesInverse(f.row, f.inverse, f.p, f.w);
  updateInverse(f.inverse, f.p, q, f.w);
  setBasic(f, q, entering);
  f.stale++;
  f.updates++;
  memory.fill(f.ignored, 0, (<usize>f.p) << 3);
  return step > 1e-14 ? step : 0;
}
