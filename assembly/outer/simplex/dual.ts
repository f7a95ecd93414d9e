// Dual simplex: steepest edge, bound flipping, Harris.

import { INFEASIBLE, ITERATION_LIMIT, NUMERICAL, OPTIMAL } from "../outcome";
import {
  computeDual,
  computePrimal,
  exchange,
  fresh,
  ftran,
  moveBasic,
  nonzerosOf,
  pivotRow,
  refresh,
  rowDot,
} from "./factor";
import { AT_LOWER, AT_UPPER, CHECK, FREE, f, INFINITE, int, PIVOT, put, Simplex, uniform } from "./model";
import { addColumn, dualViolation, rest, setStatus } from "./variables";

/** Perturbs the costs away from degeneracy, flips boxed variables, and shifts the costs of what is dual infeasible. */
export function makeDualFeasible(p: Simplex, perturb: bool): void {
  if (perturb) {
    for (let j = 0; j < p.all; j++) {
      const size = (1 + abs(f(p.c, j))) * 5e-7 * (1 + uniform(p));
      const low = f(p.lo, j);
      const high = f(p.hi, j);
      const boxed = low != -INFINITE && high != INFINITE;
      if (boxed && low != high) put(p.c, j, f(p.c, j) + (f(p.d, j) >= 0 ? size : -size));
      else if (low != -INFINITE && !boxed) put(p.c, j, f(p.c, j) + size);
      else if (high != INFINITE && !boxed) put(p.c, j, f(p.c, j) - size);
    }
    computeDual(p);
  }
  let flipped = false;
  for (let j = 0; j < p.all; j++) {
    if (dualViolation(p, j) > 0) {
      const s = int(p.status, j);
      if (s != FREE && f(p.lo, j) != -INFINITE && f(p.hi, j) != INFINITE) {
        setStatus(p, j, s == AT_LOWER ? AT_UPPER : AT_LOWER);
        rest(p, j);
        flipped = true;
      } else {
        put(p.c, j, f(p.c, j) - f(p.d, j));
        put(p.d, j, 0);
      }
    }
  }
  if (flipped) computePrimal(p);
}

export function dualSimplex(p: Simplex): i32 {
  let status = -1;
  while (status < 0) {
    if (p.stale >= CHECK) refresh(p);
    if (p.stale == 0) shiftCosts(p);
    const r = dualPrice(p);
    if (r < 0) {
      if (p.stale > 0) refresh(p);
      else status = OPTIMAL;
    } else if (p.iterations >= p.limit) {
      status = ITERATION_LIMIT;
    } else {
      const outcome = dualPivot(p, r);
      if (outcome >= 0) {
        if (p.updates > 0) fresh(p);
        else status = outcome;
      }
    }
  }
  return status;
}

/** Small dual infeasibilities, from Harris or rounding, are shifted into the costs. */
function shiftCosts(p: Simplex): void {
  for (let j = 0; j < p.all; j++) {
    if (dualViolation(p, j) > 0) {
      put(p.c, j, f(p.c, j) - f(p.d, j));
      put(p.d, j, 0);
    }
  }
}

function dualPrice(p: Simplex): i32 {
  let best = -1;
  let steepest: f64 = 0;
  for (let i = 0; i < p.m; i++) {
    const j = int(p.head, i);
    const x = f(p.x, j);
    const low = f(p.lo, j);
    const high = f(p.hi, j);
    const below = low - x;
    const above = x - high;
    const violation = max(below, above);
    if (violation > p.tolerance * (1 + (below > above ? abs(low) : abs(high)))) {
      const steepness = (violation * violation) / f(p.weight, i);
      if (steepness > steepest) {
        steepest = steepness;
        best = i;
      }
    }
  }
  return best;
}

function dualPivot(p: Simplex, r: i32): i32 {
  const leaving = int(p.head, r);
  const raising = f(p.x, leaving) < f(p.lo, leaving);
  const sign: f64 = raising ? -1 : 1;
  let slope = raising ? f(p.lo, leaving) - f(p.x, leaving) : f(p.x, leaving) - f(p.hi, leaving);
  pivotRow(p, r);
  let count = 0;
  let largestAlpha: f64 = 0;
  for (let e = 0; e < p.touching; e++) {
    const j = int(p.touched, e);
    const s = int(p.status, j);
    if (f(p.lo, j) != f(p.hi, j)) {
      const a = sign * f(p.alpha, j);
      largestAlpha = max(largestAlpha, abs(a));
      if ((s == AT_LOWER && a > PIVOT) || (s == AT_UPPER && a < -PIVOT) || (s == FREE && abs(a) > PIVOT)) {
        store<i32>(p.list + ((<usize>count) << 2), j);
        count++;
      }
    }
  }
  if (count == 0) {
    p.rayVariable = r;
    return INFEASIBLE;
  }
  // Groups of breakpoints within Harris' tolerance: flip them while the slope stays positive.
  const harris = 1e-9;
  let first = 0; // list[0 … first) flips
  let q = -1;
  while (q < 0) {
    let bound = INFINITE;
    for (let k = first; k < count; k++) {
      const j = int(p.list, k);
      bound = min(bound, (abs(f(p.d, j)) + harris) / abs(f(p.alpha, j)));
    }
    let group = first;
    let drop: f64 = 0;
    let best = -1;
    let widest: f64 = 0;
    for (let k = first; k < count; k++) {
      const j = int(p.list, k);
      const a = abs(f(p.alpha, j));
      if (abs(f(p.d, j)) <= bound * a) {
        drop += a * (f(p.hi, j) - f(p.lo, j));
        if (a > widest) {
          widest = a;
          best = j;
        }
        store<i32>(p.list + ((<usize>k) << 2), int(p.list, group));
        store<i32>(p.list + ((<usize>group) << 2), j);
        group++;
      }
    }
    if (group == first) return NUMERICAL; // NaN
    if (slope - drop < 0 || group == count || drop == INFINITE) {
      q = best;
      // A tiny pivot when the breakpoints before offered better ones: step back to those.
      if (widest < 1e-7 * largestAlpha && first > 0) {
        let earlier: f64 = widest;
        for (let k = 0; k < first; k++) {
          const j = int(p.list, k);
          if (abs(f(p.alpha, j)) > 10 * earlier) {
            earlier = abs(f(p.alpha, j));
            q = j;
          }
        }
        if (q != best) first = 0;
      }
    } else {
      slope -= drop;
      first = group;
    }
  }
  ftran(p, q);
  const pivot = f(p.column, r);
  if (abs(pivot - f(p.alpha, q)) > 1e-7 * (1 + abs(pivot)) && p.updates > 0) return NUMERICAL;
  if (!(abs(pivot) > (p.updates > 0 ? 1e-7 : PIVOT / 10))) return NUMERICAL;
  // Dual step. Where it overshoots, the cost is shifted so that d becomes 0.
  const theta = f(p.d, q) / f(p.alpha, q);
  for (let e = 0; e < p.touching; e++) {
    const j = int(p.touched, e);
    put(p.d, j, f(p.d, j) - theta * f(p.alpha, j));
  }
  put(p.d, q, 0);
  put(p.d, leaving, -theta);
  // Flips.
  if (first > 0) {
    memory.fill(p.right, 0, (<usize>p.stride) << 3);
    for (let k = 0; k < first; k++) {
      const j = int(p.list, k);
      const before = f(p.x, j);
      setStatus(p, j, int(p.status, j) == AT_LOWER ? AT_UPPER : AT_LOWER);
      rest(p, j);
      addColumn(p, j, f(p.x, j) - before, p.right);
    }
    const count = nonzerosOf(p, p.right);
    for (let i = 0; i < p.m; i++) {
      const j = int(p.head, i);
      put(p.x, j, f(p.x, j) - rowDot(p, i, p.right, count));
    }
  }
  for (let e = 0; e < p.touching; e++) {
    const j = int(p.touched, e);
    if (j != q && dualViolation(p, j) > 0) {
      put(p.c, j, f(p.c, j) - f(p.d, j));
      put(p.d, j, 0);
    }
  }
  const goal = raising ? f(p.lo, leaving) : f(p.hi, leaving);
  const step = (f(p.x, leaving) - goal) / pivot;
  moveBasic(p, step);
  put(p.x, q, f(p.x, q) + step);
  exchange(p, r, q, raising ? AT_LOWER : AT_UPPER);
  p.iterations++;
  return -1;
}
