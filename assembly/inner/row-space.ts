// Smooth penalties on sparse rows. The minimizer is a combination of rows, W = X̃ᵀα on centred columns, and so are all
// gradients X̃ᵀ(r + l2·α), r the slopes of the losses, and all steps (representer theorem). A vector v = X̃ᵀc is kept by
// its coefficients and its scores, a number per row and output each; a pass takes it from c over v to X̃v. Whatever else
// is done (row-steps.ts) costs rows, not columns, of which text has many more: time grows as the nonzeros do.
//
//   c | coefficients [output][row]             | e    | −Σ of the coefficients of each output |     v = X̃ᵀc + e·W₀
//   z | scores [output][row], with intercepts  | W₀·v | intercepts                            |     ⟨v, v′⟩ = c·z′
//
// W₀ is where iterates began, which need not be a combination of rows: one more row, without a loss.

import { axpy, dot } from "../linalg/dense";
import { takeBlock } from "../losses/block";
import { combineRows } from "../losses/gradient";
import { linkBlock } from "../losses/link";
import { objectiveScores } from "../losses/scores";
import { BLOCK, Objective } from "../objective";
import { centre, centreGradient } from "./centering";
import { Curvature, forget } from "./curvature";
import { totalVariance } from "./metric";
import { Solver } from "./solver";

/**
 * Most past steps kept, and the fewest with which the row space pays. Mails on 2^16 columns with 4, 8, 12, 16, 24: l2 = 1e-5
 * in 26, 18, 17, 16, 16 passes, l2 = 1e-6 in 30, 26, 24, 20, 20; raw counts of words, l2 = 0.1 in 78, 51, 48, 38, 25. The work on
 * steps grows as the square of their number; with √(2·nonzeros per row) of them it stays below a quarter of a pass.
 */
const STEPS: i32 = 20;
const FEWEST: i32 = 2;

/** Vectors of a span that are no steps: the gradient, and the intercepts' gradient. */
export const OTHERS: i32 = 2;

export const SPAN: i32 = STEPS + OTHERS;
const SQUARE: usize = (<usize>((SPAN + 1) * (SPAN + 1))) << 3;

@unmanaged
export class RowSpace {
  length: i32; // of c and of z
  capacity: i32; // steps kept at most; 0: iterates live in θ′
  count: i32; // steps kept
  next: i32; // where the next goes, of capacity + 1 slots
  current: bool; // `iterate` is the solver's iterate
  ahead: bool; // … and θ, θ′ and the gradient there are of an older one
  ready: bool; // slopes and gradient are those of the iterate and of λ
  start: usize; // W₀, in θ's layout
  iterate: usize; // c and z of W
  tried: usize; // z
  slopes: usize; // of the losses at the iterate: f64[outputs][rows]
  slopesTried: usize;
  interceptSlopes: usize; // their sums: f64[outputs]
  vectors: usize; // c and z by slot: gradient, intercepts' gradient, steps
  products: usize; // ⟨v, v′⟩ by slot: f64[SPAN + 1][SPAN + 1]
  hessian: usize; // of the span, by age: f64[SPAN][SPAN]
  slope: usize; // derivatives along the span: f64[SPAN]
  mixture: usize; // what a step is made of: f64[SPAN]
  scales: usize;
  sizes: usize; // f64[SPAN + 1] by slot: ‖z‖ and ‖X̃‖²·‖c‖ had nothing cancelled, whose rounding errors z has
  size: f64; // that of `iterate`
  bend: f64; // Σ of the losses' second derivatives at the iterate, weighted
  reach: f64; // √Σ‖x̃‖² ≥ ‖X̃‖, about
  renewed: f64; // residual when z was last taken from θ; Infinity: before `solverStart`
  probabilities: usize; // of a block of rows: f64[outputs][BLOCK]
  bent: usize;
  weights: usize; // f64[BLOCK]
}

/** Bytes with so many steps: for millions of rows more than 32 bits count. */
function workBytes(o: Objective, steps: i32): u64 {
  const vectors = <u64>(2 * (steps + 1 + OTHERS) + 5);
  const length = <u64>o.outputs * <u64>o.rows + 1 + <u64>o.outputs;
  const blocks = (2 * o.outputs + 1) * BLOCK;
  return ((<u64>(o.thetaCount + o.outputs + 4 * SPAN + 1 + blocks) + vectors * length) << 3) + 2 * SQUARE;
}

/** Lays it out in `bytes` bytes at `memory` with as many steps as fit and pay; with none (capacity 0) where these are too few. */
export function rowSpaceInit(r: RowSpace, o: Objective, memory: usize, bytes: usize): void {
  r.length = o.outputs * o.rows + 1 + o.outputs;
  r.capacity = 0;
  r.ahead = false;
  leaveRowSpace(r);
  if (o.columnIndices == 0) return;
  let steps = min(STEPS, <i32>Math.sqrt((2 * o.valueCount) / <f64>o.rows));
  while (steps >= FEWEST && workBytes(o, steps) > bytes) steps--;
  if (steps < FEWEST) return;
  r.capacity = steps;
  const block = (<usize>(o.outputs * BLOCK)) << 3;
  const span = (<usize>SPAN) << 3;
  r.start = memory;
  r.interceptSlopes = memory + ((<usize>o.thetaCount) << 3);
  r.slope = r.interceptSlopes + ((<usize>o.outputs) << 3);
  r.mixture = r.slope + span;
  r.scales = r.mixture + span;
  r.sizes = r.scales + span;
  r.products = r.sizes + span + 8;
  r.hessian = r.products + SQUARE;
  r.probabilities = r.hessian + SQUARE;
  r.bent = r.probabilities + block;
  r.weights = r.bent + block;
  r.iterate = r.weights + ((<usize>BLOCK) << 3);
  r.tried = r.iterate + 2 * vectorBytes(r);
  r.slopes = r.tried + vectorBytes(r);
  r.slopesTried = r.slopes + vectorBytes(r);
  r.vectors = r.slopesTried + vectorBytes(r);
}

/** Forgets the iterate and the steps kept: their memory may serve another purpose. */
export function leaveRowSpace(r: RowSpace): void {
  r.count = 0;
  r.next = 0;
  r.current = false;
}

export function vectorBytes(r: RowSpace): usize {
  return (<usize>r.length) << 3;
}

/** Slot of vector k of the span; steps come oldest first, behind the last the slot of the next. */
export function slotOf(r: RowSpace, k: i32): i32 {
  if (k < OTHERS) return k;
  return OTHERS + ((r.next - r.count + k - OTHERS + r.capacity + 1) % (r.capacity + 1));
}

export function coefficientsOf(r: RowSpace, slot: i32): usize {
  return r.vectors + 2 * <usize>slot * vectorBytes(r);
}

export function scoresOf(r: RowSpace, slot: i32): usize {
  return coefficientsOf(r, slot) + vectorBytes(r);
}

/** z of W. */
export function iterateScores(r: RowSpace): usize {
  return r.iterate + vectorBytes(r);
}

/** e of a c, W₀·v of a z. */
export function tailOf(o: Objective, vector: usize): usize {
  return vector + ((<usize>(o.outputs * o.rows)) << 3);
}

export function interceptOf(o: Objective, vector: usize, output: i32): usize {
  return tailOf(o, vector) + ((<usize>(1 + output)) << 3);
}

export function sizeAt(r: RowSpace, slot: i32): usize {
  return r.sizes + ((<usize>slot) << 3);
}

export function productOf(r: RowSpace, a: i32, b: i32): usize {
  return r.products + ((<usize>(a * (SPAN + 1) + b)) << 3);
}

export function setProduct(r: RowSpace, a: i32, b: i32, value: f64): void {
  store<f64>(productOf(r, a, b), value);
  store<f64>(productOf(r, b, a), value);
}

/** Slopes at the iterate and the gradient under the present λ, from θ′ and the gradient there. */
export function enterRowSpace(s: Solver, o: Objective, r: RowSpace): void {
  forget(changetype<Curvature>(s.curvature));
  if (!r.current) startAtTheta(s, o, r);
  linkRows(o, iterateScores(r), r.slopes);
  gradientCoefficients(o, r);
  memory.copy(s.trialGradient, s.gradient, (<usize>o.thetaCount) << 3);
  axpy<f64>(o.weightCount, o.l2, s.centred, s.trialGradient);
  r.ready = true;
}

/** W₀ ← W of θ′; the steps kept lose their part along the former W₀. */
function startAtTheta(s: Solver, o: Objective, r: RowSpace): void {
  const n = o.outputs * o.rows;
  const z = iterateScores(r);
  let known = false;
  for (let k = OTHERS; k < OTHERS + r.count; k++) {
    const e = tailOf(o, coefficientsOf(r, slotOf(r, k)));
    if (load<f64>(e) == 0) continue;
    if (!known) scoresOfWeights(s, o, r.start, r.tried);
    known = true;
    axpy<f64>(n, -load<f64>(e), r.tried, scoresOf(r, slotOf(r, k)));
    store<f64>(e, 0);
  }
  memory.copy(r.start, s.centred, (<usize>o.weightCount) << 3);
  memory.fill(r.iterate, 0, 2 * vectorBytes(r));
  r.reach = Math.sqrt(<f64>o.rows * totalVariance(o, s.moments));
  r.size = 0;
  const squares = dot<f64>(o.weightCount, r.start, r.start);
  if (squares > 0) {
    scoresOfWeights(s, o, r.start, z);
    store<f64>(tailOf(o, r.iterate), 1);
    store<f64>(tailOf(o, z), squares);
    r.size = Math.sqrt(dot<f64>(n, z, z));
  }
  for (let k = OTHERS; k < OTHERS + r.count; k++) {
    const slot = slotOf(r, k);
    store<f64>(tailOf(o, scoresOf(r, slot)), dot<f64>(n, coefficientsOf(r, slot), z));
    for (let l = OTHERS; l <= k; l++) {
      setProduct(r, slot, slotOf(r, l), dot<f64>(r.length, coefficientsOf(r, slot), scoresOf(r, slotOf(r, l))));
    }
  }
  for (let c = 0; c < o.outputs; c++) {
    const b = load<f64>(s.centred + ((<usize>(o.weightCount + c)) << 3));
    store<f64>(interceptOf(o, z, c), b);
    const row = z + ((<usize>(c * o.rows)) << 3);
    for (let i = 0; i < o.rows; i++) store<f64>(row + ((<usize>i) << 3), load<f64>(row + ((<usize>i) << 3)) + b);
  }
  r.current = true;
}

/** θ′, θ and the gradient of the data terms ← those of the iterate. Half a pass, where they are behind. */
export function leaveToTheta(s: Solver, r: RowSpace): void {
  if (!r.ahead) return;
  const o = changetype<Objective>(s.objective);
  weightsOfRows(s, o, r, r.iterate, s.centred);
  memory.copy(s.centred + ((<usize>o.weightCount) << 3), interceptOf(o, iterateScores(r), 0), (<usize>o.outputs) << 3);
  centre(o, s.moments, s.centred, s.theta, -1);
  if (o.keptAt == s.theta) o.keptAt = 0; // scores kept there were of what it held before
  memory.copy(s.gradient, s.trialGradient, (<usize>o.thetaCount) << 3);
  axpy<f64>(o.weightCount, -o.l2, s.centred, s.gradient);
  r.ahead = false;
}

/** Σ_g λ_g·φ_g at scores z; slopes: f64[outputs][rows]. */
export function linkRows(o: Objective, z: usize, slopes: usize): f64 {
  memory.fill(o.groupLosses, 0, (<usize>o.groups + 1) << 3);
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    takeBlock(o, z, first, count, o.scratch);
    linkBlock<f64>(o, first, count, o.scratch);
    for (let c = 0; c < o.outputs; c++) {
      const to = slopes + ((<usize>c * <usize>o.rows + <usize>first) << 3);
      memory.copy(to, o.scratch + ((<usize>(c * BLOCK)) << 3), (<usize>count) << 3);
    }
  }
  return dot<f64>(o.groups + 1, o.groupWeights, o.groupLosses);
}

/** trialGradient ← the gradient at the iterate, ridge included, from its slopes. Half a pass. */
export function findGradient(s: Solver, o: Objective, r: RowSpace): void {
  gradientCoefficients(o, r);
  weightsOfRows(s, o, r, coefficientsOf(r, 0), s.trialGradient);
  giveIntercepts(s, o, r);
}

export function giveIntercepts(s: Solver, o: Objective, r: RowSpace): void {
  memory.copy(s.trialGradient + ((<usize>o.weightCount) << 3), r.interceptSlopes, (<usize>o.outputs) << 3);
}

/** c of the gradient ← slopes + l2·c of W. */
function gradientCoefficients(o: Objective, r: RowSpace): void {
  const c = coefficientsOf(r, 0);
  memory.copy(c, r.slopes, (<usize>(o.outputs * o.rows)) << 3);
  store<f64>(tailOf(o, c), 0);
  for (let output = 0; output < o.outputs; output++) {
    const row = r.slopes + ((<usize>(output * o.rows)) << 3);
    let sum: f64 = 0;
    for (let i = 0; i < o.rows; i++) sum += load<f64>(row + ((<usize>i) << 3));
    store<f64>(r.interceptSlopes + ((<usize>output) << 3), sum);
    store<f64>(interceptOf(o, c, output), -sum);
  }
  axpy<f64>(r.length, o.l2, r.iterate, c);
}

/** v ← X̃ᵀc + e·W₀ without intercepts, in whose place there are the sums of c. Half a pass. */
function weightsOfRows(s: Solver, o: Objective, r: RowSpace, c: usize, v: usize): void {
  combineRows(o, c, v);
  centreGradient(o, s.moments, v);
  const e = load<f64>(tailOf(o, c));
  if (e != 0) axpy<f64>(o.weightCount, e, r.start, v);
}

/** z ← X̃v without the intercepts of v, which are overwritten. Half a pass. */
export function scoresOfWeights(s: Solver, o: Objective, v: usize, z: usize): void {
  const d = o.columns;
  for (let c = 0; c < o.outputs; c++) {
    const shift = dot<f64>(d, v + ((<usize>(c * d)) << 3), s.moments);
    store<f64>(v + ((<usize>(o.weightCount + c)) << 3), -shift);
  }
  o.fine = true;
  objectiveScores(s.objective, v, z);
  o.fine = false;
}
