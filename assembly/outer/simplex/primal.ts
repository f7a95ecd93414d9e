// Primal simplex: Devex, Harris.

import { ITERATION_LIMIT, NUMERICAL, OPTIMAL, UNBOUNDED } from "../outcome";
import { exchange, fresh, ftran, moveBasic, pivotRow, refresh } from "./factor";
import { AT_LOWER, AT_UPPER, CHECK, f, INFINITE, int, PIVOT, put, Simplex, uniform } from "./model";
import { dualViolation, rest, setStatus } from "./variables";

/** Devex weight above which the reference framework is set anew: without, weights reach 1e140 and price nothing. */
const FRAMEWORK: f64 = 1e6;
/** Turns of the two methods in which costs and bounds may be perturbed. */
export const PERTURBED: i32 = 6;

function perturbBounds(p: Simplex, size: f64): void {
  for (let i = 0; i < p.m; i++) {
    const j = int(p.head, i);
    const low = f(p.lo, j);
    const high = f(p.hi, j);
    if (low != -INFINITE) put(p.lo, j, low - (1 + abs(low)) * size * (1 + uniform(p)));
    if (high != INFINITE) put(p.hi, j, high + (1 + abs(high)) * size * (1 + uniform(p)));
  }
}

export function primalSimplex(p: Simplex): i32 {
  let status = -1;
  let stalls = 0;
  let perturbations = 0;
  while (status < 0) {
    if (p.stale >= CHECK) refresh(p);
    const q = primalPrice(p, stalls > 10 * p.m + 500);
    if (q < 0) {
      if (p.stale > 0) refresh(p);
      else status = OPTIMAL;
    } else if (p.iterations >= p.limit) {
      status = ITERATION_LIMIT;
    } else {
      const step = primalPivot(p, q);
      if (step < 0) {
        if (p.updates > 0) fresh(p);
        else status = step == -2 ? UNBOUNDED : NUMERICAL;
      } else if (step < 1e-12) {
        stalls++;
        if (p.round <= PERTURBED && perturbations < 4 && stalls == 30) {
          perturbBounds(p, perturbations > 1 ? 1e-6 : 1e-7);
          perturbations++;
          stalls = 0;
        }
      } else {
        stalls = 0;
      }
    }
  }
  return status;
}

export function resetDevex(p: Simplex): void {
  for (let j = 0; j < p.all; j++) put(p.devex, j, 1);
}

function primalPrice(p: Simplex, bland: bool): i32 {
  let best = -1;
  let steepest: f64 = 0;
  for (let j = 0; j < p.all; j++) {
    const violation = dualViolation(p, j);
    if (violation > p.tolerance * f(p.unit, j) && (!bland || best < 0)) {
      const steepness = (violation * violation) / f(p.devex, j);
      if (steepness > steepest) {
        steepest = steepness;
        best = j;
      }
    }
  }
  return best;
}

/** The length of the step; −1 for a pivot that cannot be trusted, −2 for an unbounded ray. */
function primalPivot(p: Simplex, q: i32): f64 {
  const direction: f64 = f(p.d, q) < 0 ? 1 : -1;
  ftran(p, q);
  let bound = INFINITE;
  for (let i = 0; i < p.m; i++) {
    const rate = -direction * f(p.column, i);
    if (abs(rate) > PIVOT) {
      const j = int(p.head, i);
      const limit = rate < 0 ? f(p.lo, j) : f(p.hi, j);
      if (abs(limit) != INFINITE) {
        const slack = max(rate < 0 ? f(p.x, j) - limit : limit - f(p.x, j), 0);
        bound = min(bound, (slack + p.tolerance * (1 + abs(limit))) / abs(rate));
      }
    }
  }
  let r = -1;
  let size: f64 = 0;
  let step = INFINITE;
  for (let i = 0; i < p.m; i++) {
    const rate = -direction * f(p.column, i);
    if (abs(rate) > PIVOT && abs(rate) > size) {
      const j = int(p.head, i);
      const limit = rate < 0 ? f(p.lo, j) : f(p.hi, j);
      if (abs(limit) != INFINITE) {
        const slack = max(rate < 0 ? f(p.x, j) - limit : limit - f(p.x, j), 0);
        if (slack <= bound * abs(rate)) {
          size = abs(rate);
          r = i;
          step = slack / size;
        }
      }
    }
  }
  const range = f(p.hi, q) - f(p.lo, q);
  if (r < 0 && range == INFINITE) {
    p.rayVariable = q;
    p.rayDirection = direction > 0 ? 1 : -1;
    return -2;
  }
  const flips = range <= step;
  if (flips) step = range;
  else if (size < 1e-7 && p.updates > 0) return -1;
  const signed = direction * step;
  if (flips) {
    moveBasic(p, signed);
    setStatus(p, q, int(p.status, q) == AT_LOWER ? AT_UPPER : AT_LOWER);
    rest(p, q);
    p.iterations++;
    return step;
  }
  pivotRow(p, r);
  const pivot = f(p.column, r);
  if (abs(pivot - f(p.alpha, q)) > 1e-7 * (1 + abs(pivot)) && p.updates > 0) return -1;
  const theta = f(p.d, q) / pivot;
  const leaving = int(p.head, r);
  if (f(p.devex, q) > FRAMEWORK) resetDevex(p);
  const reference = f(p.devex, q);
  for (let e = 0; e < p.touching; e++) {
    const j = int(p.touched, e);
    const a = f(p.alpha, j);
    put(p.d, j, f(p.d, j) - theta * a);
    const ratio = a / pivot;
    put(p.devex, j, max(f(p.devex, j), ratio * ratio * reference));
  }
  put(p.d, q, 0);
  put(p.d, leaving, -theta);
  put(p.devex, leaving, max(reference / (pivot * pivot), 1));
  moveBasic(p, signed);
  put(p.x, q, f(p.x, q) + signed);
  exchange(p, r, q, -direction * pivot < 0 ? AT_LOWER : AT_UPPER);
  p.iterations++;
  return step;
}
