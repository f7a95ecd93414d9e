// Where a convex quadratic and the penalties are least. With slopes q at z, and A the matrix,
//
//   ½·δᵀ(aA)δ + q·δ + penalty(z + δ)
//
// is what a step δ changes. Coordinate descent (Friedman, Hastie, Tibshirani 2010) finds which weights are at kinks; a Newton
// step of the others ends what would take it many sweeps more, where columns go together.

import { choleskyRows, intoUnits, leastPivot, outOfUnits, solveFactored } from "../linalg/cholesky";
import { axpy } from "../linalg/dense";
import { Objective } from "../objective";
import {
  firstKink,
  isKink,
  nearestSubgradient,
  prox,
  separableChange,
  subgradientSquares,
} from "../penalties/separable";

/** A factor is made once the sweeps of a solve have cost this share of it. */
const WORTH: f64 = 0.5;

/**
 * A Newton step that is best shorter than this raises the damping (between the next two), any other lowers it, so that
 * directions of hardly any curvature do not cut short the rest of a step (2.3 times the passes of long fits without, see
 * proximal-newton.ts).
 */
const SHORT: f64 = 0.5;
const WEAKEST: f64 = 1e-10;
const STRONGEST: f64 = 0.1;

/** Lengths tried of a step whose unknowns stop at their first kinks: 1, ½, ¼ … */
const TRIES: i32 = 8;

/** Bisections of the length of a Newton step: what is left, 2⁻⁴⁰ of it, is shorter than the way to any kink but by chance. */
const HALVINGS: i32 = 40;

/** Most rounds of sweeps: rounding may keep the residual above the goal. */
const ROUNDS: i32 = 100;

/** Cost of an unknown in a sweep beyond its `count` multiplications, in multiplications. */
const VISIT: i32 = 40;

/** Multiplications of a call of `advanceQuadratic`, about: some 10 ms, at 1e9 a second and more, since rows come from memory. */
export const PIECE: f64 = 1e7;

/** Rows of a factor that are made side by side, so that each row before them is read once for all. */
const PANEL: i32 = 16;

/** What `advanceQuadratic` does next. */
const CHOOSE: i32 = 0;
const SWEEP: i32 = 1;
const FACTOR: i32 = 2;
const DONE: i32 = 3;

@unmanaged
export class Quadratic {
  size: i32; // unknowns
  penalized: i32; // the first of them; the others are intercepts
  matrix: usize; // A, `stride` bytes from row to row
  stride: usize;
  scale: f64; // a
  factor: usize; // room for a matrix of order `size`
  z: usize; // f64[size]
  slopes: usize; // q
  variances: usize; // f64[size]: what has none stays as it is; 0: all have some
  working: usize; // unknowns that may move: i32[size]
  own: usize; // f64[size], as the next
  other: usize;
  trial: usize; // f64[size], as the next; or 0: steps are not stopped at kinks
  change: usize;
  damping: f64; // added to the curvature of a Newton step, in units of it
  unit: f64; // s̄ of stopping.ts
  yardstick: f64; // residuals are relative to it
  swept: f64; // multiplications of coordinate descent since a solve's start
  work: f64; // multiplications since `startQuadratic`
  next: i32;
  rounds: i32;
  left: i32; // Newton steps
  goal: f64;
  free: f64; // unknowns that no kink held as the round began
  count: i32; // unknowns in `working`
  sweeps: i32; // of this round
  squares: f64; // of the listed unknowns' subgradient after the last of them
  row: i32; // of the factor, the next
  floor: f64; // of its pivots
}

/** `advanceQuadratic` will go on until the residual is at most `goal`, or `factors` Newton steps are done. */
export function startQuadratic(q: Quadratic, goal: f64, factors: i32): void {
  q.work = 0;
  q.rounds = 0;
  q.left = factors;
  q.goal = goal;
  q.next = CHOOSE;
}

/** z, slopes ← nearer to where the sum is least, by about PIECE multiplications. Returns whether that is done. */
export function advanceQuadratic(q: Quadratic, o: Objective): bool {
  let work: f64 = 0;
  while (q.next != DONE && work < PIECE) {
    if (q.next == CHOOSE) work += choose(q, o);
    else if (q.next == SWEEP) work += sweep(q, o);
    else work += factor(q, o);
  }
  return q.next == DONE;
}

/** Begins a round, unless there is nothing left to do. Returns the multiplications, as the next two. */
function choose(q: Quadratic, o: Objective): f64 {
  if (q.rounds == ROUNDS || q.left == 0 || !(residualOf(q, o) > q.goal)) {
    q.next = DONE;
    return 0;
  }
  q.rounds++;
  q.free = <f64>list(q, o, false);
  q.count = list(q, o, true);
  q.sweeps = 0;
  q.squares = Infinity;
  q.next = SWEEP;
  gather(q);
  for (let a = 0; a < q.count; a++) {
    const at = (<usize>listed(q, a)) << 3;
    store<f64>(q.own + ((<usize>a) << 3), load<f64>(q.slopes + at));
    store<f64>(q.other + ((<usize>a) << 3), load<f64>(q.z + at));
  }
  return <f64>q.count * <f64>q.count;
}

function residualOf(q: Quadratic, o: Objective): f64 {
  let sum = subgradientSquares(o, q.penalized, q.z, q.slopes);
  for (let i = q.penalized; i < q.size; i++) {
    const r = q.unit * load<f64>(q.slopes + ((<usize>i) << 3));
    sum += r * r;
  }
  return Math.sqrt(sum) / q.yardstick;
}

/** working ← the unknowns that no kink holds, or all that may move: those that want to leave a kink, too. Returns how many. */
function list(q: Quadratic, o: Objective, leaving: bool): i32 {
  let count = 0;
  for (let i = 0; i < q.size; i++) {
    const at = (<usize>i) << 3;
    if (q.variances != 0 && load<f64>(q.variances + at) == 0) continue;
    if (i < q.penalized) {
      const w = load<f64>(q.z + at);
      if (isKink(o, w) && !(leaving && nearestSubgradient(o, w, load<f64>(q.slopes + at)) != 0)) continue;
    }
    store<i32>(q.working + ((<usize>count) << 2), i);
    count++;
  }
  return count;
}

function listed(q: Quadratic, a: i32): i32 {
  return load<i32>(q.working + ((<usize>a) << 2));
}

function rowOf(q: Quadratic, i: i32): usize {
  return q.matrix + <usize>i * q.stride;
}

/** The element of the subdifferential along unknown i nearest to zero, at w with that slope. */
function pullOf(q: Quadratic, o: Objective, i: i32, w: f64, slope: f64): f64 {
  return i < q.penalized ? nearestSubgradient(o, w, slope) : slope;
}

/** factor ← aA of the listed unknowns. */
function gather(q: Quadratic): void {
  for (let a = 0; a < q.count; a++) {
    const row = rowOf(q, listed(q, a));
    const to = q.factor + ((<usize>(a * q.count)) << 3);
    for (let b = 0; b < q.count; b++) {
      store<f64>(to + ((<usize>b) << 3), q.scale * load<f64>(row + ((<usize>listed(q, b)) << 3)));
    }
  }
}

/**
 * Coordinate descent among the listed unknowns, once through all of them: until their subgradient is at most half of the goal,
 * or will not be for less than a factor costs.
 */
function sweep(q: Quadratic, o: Objective): f64 {
  const count = q.count;
  const own = q.own; // slopes of the listed unknowns
  const goal = 0.5 * q.goal * q.yardstick;
  q.sweeps++;
  const before = q.squares;
  let squares: f64 = 0;
  for (let a = 0; a < count; a++) {
    const place = (<usize>a) << 3;
    const i = listed(q, a);
    const to = q.z + ((<usize>i) << 3);
    const row = q.factor + ((<usize>(a * count)) << 3);
    const curvature = load<f64>(row + place);
    const w = load<f64>(to);
    const force = curvature * w - load<f64>(own + place);
    const next = i < q.penalized ? prox(o, curvature, force, 0) : force / curvature;
    if (next == w) continue;
    store<f64>(to, next);
    axpy<f64>(count, next - w, row, own);
  }
  for (let a = 0; a < count; a++) {
    const i = listed(q, a);
    const r = pullOf(q, o, i, load<f64>(q.z + ((<usize>i) << 3)), load<f64>(own + ((<usize>a) << 3)));
    squares += r * r;
  }
  q.squares = squares;
  // At the rate of the last sweep.
  const ahead = squares < before ? Math.log((goal * goal) / squares) / Math.log(squares / before) : Infinity;
  const slow = q.sweeps > 1 && squares > goal * goal && ahead * <f64>count * <f64>(count + VISIT) > factorWork(q);
  if (slow || !(squares > goal * goal)) endSweeps(q, o, slow);
  return <f64>count * <f64>(count + VISIT);
}

function endSweeps(q: Quadratic, o: Objective, slow: bool): void {
  const start = q.other;
  for (let a = 0; a < q.count; a++) {
    const i = listed(q, a);
    const change = load<f64>(q.z + ((<usize>i) << 3)) - load<f64>(start + ((<usize>a) << 3));
    if (change != 0) axpy<f64>(q.size, q.scale * change, rowOf(q, i), q.slopes);
  }
  const count = <f64>q.count;
  const swept = <f64>(q.sweeps + 1) * count * count + count * <f64>q.size;
  q.work += swept;
  q.swept += swept;
  q.next = CHOOSE;
  if (!slow) return;
  q.left--;
  if (q.swept >= WORTH * factorWork(q)) startFactor(q, o);
}

/** Multiplications of a factor of the unknowns that no kink held. */
function factorWork(q: Quadratic): f64 {
  return (q.free * q.free * q.free) / 6;
}

/** Poses −(aA + l2·I)⁻¹·slope of the unknowns that no kink holds. */
function startFactor(q: Quadratic, o: Objective): void {
  q.count = list(q, o, false);
  gather(q);
  for (let a = 0; a < q.count; a++) {
    const u = listed(q, a);
    const own = q.factor + ((<usize>(a * q.count + a)) << 3);
    store<f64>(own, load<f64>(own) + (u < q.penalized ? o.l2 : 0));
    const i = (<usize>u) << 3;
    store<f64>(q.own + ((<usize>a) << 3), -pullOf(q, o, u, load<f64>(q.z + i), load<f64>(q.slopes + i)));
  }
  intoUnits(q.count, q.factor, q.damping, q.own, q.other);
  q.floor = leastPivot(q.count, q.count, q.factor);
  q.row = 0;
  q.next = FACTOR;
}

/** Some rows of the factor; after the last of them the step. */
function factor(q: Quadratic, o: Objective): f64 {
  const count = q.count;
  const from = q.row;
  q.row = min(from + PANEL, count);
  choleskyRows(from, q.row, count, q.factor, q.floor);
  const work = 0.5 * <f64>(q.row - from) * <f64>q.row * <f64>q.row;
  if (q.row < count) return work;
  solveFactored(count, count, q.factor, q.own);
  outOfUnits(count, q.own, q.other);
  newtonStep(q, o);
  q.work += factorWork(q) + 2 * q.free * <f64>q.size;
  q.next = CHOOSE;
  return work + 4 * <f64>count * <f64>q.size;
}

/**
 * The listed unknowns, which no kink holds, towards where the sum would be least without kinks, as far as it falls: through
 * kinks, since sweeps find better than a step does which of them hold. (Each weight as far as its first kink: 160 passes
 * instead of 44, diabetes, 150 rows, l1 = l2 = 1e-6.)
 */
function newtonStep(q: Quadratic, o: Objective): void {
  const count = q.count;
  const step = q.own;
  const along = q.other; // what the step changes in the slopes
  memory.fill(along, 0, (<usize>q.size) << 3);
  for (let a = 0; a < count; a++) {
    axpy<f64>(q.size, q.scale * load<f64>(step + ((<usize>a) << 3)), rowOf(q, listed(q, a)), along);
  }
  let length: f64 = 1;
  if (slopeAt(q, o, count, step, along, 1) > 0) {
    let low: f64 = 0;
    for (let i = 0; i < HALVINGS; i++) {
      const middle = 0.5 * (low + length);
      if (slopeAt(q, o, count, step, along, middle) > 0) length = middle;
      else low = middle;
    }
    length = low;
  }
  if (q.trial != 0) {
    q.damping = length < SHORT ? min(10 * q.damping, STRONGEST) : max(0.1 * q.damping, WEAKEST);
    if (stopsAtKinks(q, o, count, step, along, length)) return;
  }
  for (let a = 0; a < count; a++) {
    const to = q.z + ((<usize>listed(q, a)) << 3);
    store<f64>(to, load<f64>(to) + length * load<f64>(step + ((<usize>a) << 3)));
  }
  axpy<f64>(q.size, length, along, q.slopes);
}

/**
 * Takes the step with every unknown stopped at its first kink instead, or a half of it, …, if that leads further down. (Long
 * fits without: 1.4 times the passes, one of them 8000 iterations instead of 20.)
 */
function stopsAtKinks(q: Quadratic, o: Objective, count: i32, step: usize, along: usize, length: f64): bool {
  const bytes = (<usize>q.size) << 3;
  memory.copy(q.trial, q.z, bytes);
  for (let a = 0; a < count; a++) {
    const to = q.trial + ((<usize>listed(q, a)) << 3);
    store<f64>(to, load<f64>(to) + length * load<f64>(step + ((<usize>a) << 3)));
  }
  memory.fill(q.change, 0, bytes);
  axpy<f64>(q.size, length, along, q.change);
  const best = changeTo(q, o, count);
  let share: f64 = 1;
  for (let tries = 0; tries < TRIES; tries++) {
    memory.fill(q.change, 0, bytes);
    q.work += <f64>count * <f64>q.size;
    for (let a = 0; a < count; a++) {
      const i = listed(q, a);
      const w = load<f64>(q.z + ((<usize>i) << 3));
      const free = w + share * load<f64>(step + ((<usize>a) << 3));
      const to = i < q.penalized ? firstKink(o, w, free) : free;
      store<f64>(q.trial + ((<usize>i) << 3), to);
      axpy<f64>(q.size, q.scale * (to - w), rowOf(q, i), q.change);
    }
    if (changeTo(q, o, count) < best) {
      memory.copy(q.z, q.trial, bytes);
      axpy<f64>(q.size, 1, q.change, q.slopes);
      return true;
    }
    share *= 0.5;
  }
  return false;
}

/** How the sum changes to `trial`, where the listed unknowns differ and slopes by `change`. */
function changeTo(q: Quadratic, o: Objective, count: i32): f64 {
  let sum = separableChange(o, q.penalized, q.z, q.trial);
  for (let a = 0; a < count; a++) {
    const at = (<usize>listed(q, a)) << 3;
    const move = load<f64>(q.trial + at) - load<f64>(q.z + at);
    sum += move * (load<f64>(q.slopes + at) + 0.5 * load<f64>(q.change + at));
  }
  return sum;
}

/** The slope of the sum along a step at a share of it. */
function slopeAt(q: Quadratic, o: Objective, count: i32, step: usize, along: usize, share: f64): f64 {
  let sum: f64 = 0;
  for (let a = 0; a < count; a++) {
    const i = listed(q, a);
    const at = (<usize>i) << 3;
    const move = load<f64>(step + ((<usize>a) << 3));
    const w = load<f64>(q.z + at) + share * move;
    sum += move * pullOf(q, o, i, w, load<f64>(q.slopes + at) + share * load<f64>(along + at));
  }
  return sum;
}
