// The two methods take turns until both kinds of infeasibility are gone with costs and bounds as given.

import { INFEASIBLE, ITERATION_LIMIT, NUMERICAL, OPTIMAL } from "../outcome";
import { dualSimplex, makeDualFeasible } from "./dual";
import { fresh, refresh, rowOf } from "./factor";
import { f, int, put, Simplex } from "./model";
import { PERTURBED, primalSimplex, resetDevex } from "./primal";
import { dualViolation, settle } from "./variables";

const CHOOSE: i32 = 0;
const DUAL: i32 = 1;
const PRIMAL: i32 = 2;
/** Turns after which residuals of 1e-7 (primal) and 1e-6 (dual) end the solve, and after which it ends whatever they are. */
const UNHURRIED: i32 = 12;
const LAST: i32 = 40;

function primalInfeasibility(p: Simplex): f64 {
  let worst: f64 = 0;
  for (let i = 0; i < p.m; i++) {
    const j = int(p.head, i);
    const x = f(p.x, j);
    const low = f(p.lo, j);
    const high = f(p.hi, j);
    if (x < low) worst = max(worst, (low - x) / (1 + abs(low)));
    if (x > high) worst = max(worst, (x - high) / (1 + abs(high)));
  }
  return worst;
}

function dualInfeasibility(p: Simplex): f64 {
  let worst: f64 = 0;
  for (let j = 0; j < p.all; j++) worst = max(worst, dualViolation(p, j) / f(p.unit, j));
  return worst;
}

/** Costs and bounds as given. */
function restore(p: Simplex): void {
  const bytes = (<usize>p.all) << 3;
  memory.copy(p.c, p.cost, bytes);
  memory.copy(p.lo, p.lower, bytes);
  memory.copy(p.hi, p.upper, bytes);
  for (let j = 0; j < p.all; j++) settle(p, j);
}

/** Keeps the row that proves infeasibility. A ray along perturbed bounds is a ray: recession does not see them. */
function proved(p: Simplex, ended: i32): i32 {
  if (ended == INFEASIBLE) {
    for (let i = 0; i < p.m; i++) put(p.y, i, f(rowOf(p, p.rayVariable), i));
  }
  return ended;
}

/** Solves from the basis in `status` (too many or too few basic variables are mended); goes on after a limit. */
export function simplexSolve(block: usize, limit: i32, tolerance: f64): i32 {
  const p = changetype<Simplex>(block);
  p.limit = limit;
  p.tolerance = tolerance;
  p.iterations = 0;
  let result = -1;
  while (result < 0) {
    if (p.mode == CHOOSE) result = choose(p);
    if (result < 0) {
      const ended = p.mode == DUAL ? dualSimplex(p) : primalSimplex(p);
      if (ended != ITERATION_LIMIT) p.mode = CHOOSE;
      if (ended != OPTIMAL && ended != NUMERICAL) result = proved(p, ended);
    }
  }
  return result;
}

/** The outcome with costs and bounds as given, or −1 and the method that has its turn. */
function choose(p: Simplex): i32 {
  restore(p);
  if (p.round == 0) fresh(p);
  else refresh(p);
  const primal = primalInfeasibility(p);
  const dual = dualInfeasibility(p);
  if (primal <= 2 * p.tolerance && dual <= 2 * p.tolerance) return OPTIMAL;
  p.round++;
  // Rounding stands in the way of the last digits: the unscaled residuals say how much.
  if (p.round > LAST || (p.round > UNHURRIED && primal <= 1e-7 && dual <= 1e-6))
    return primal <= 1e-6 && dual <= 1e-4 ? OPTIMAL : NUMERICAL;
  if (primal > 2 * p.tolerance) {
    p.mode = DUAL;
    makeDualFeasible(p, p.round <= PERTURBED);
  } else {
    p.mode = PRIMAL;
    resetDevex(p);
  }
  return -1;
}
