// A step in the space of the rows (row-space.ts) minimizes over the span of the gradient, the intercepts' gradient and the
// last steps (sequential subspace optimization, Narkiss and Zibulevsky 2005; on a quadratic: conjugate gradients). Their
// scores are known, so that derivatives in the span are exact and a search along a line needs no pass.

import { cholesky, solveFactored } from "../linalg/cholesky";
import { axpy, dot, scal } from "../linalg/dense";
import { takeBlock } from "../losses/block";
import { bendBlock, probabilitiesOf, totalCurvature } from "../losses/second-derivatives";
import { BLOCK, Objective } from "../objective";
import { Curvature, forget } from "./curvature";
import { evaluateIterate, measure } from "./iterate";
import { shorterLength } from "./line-search";
import { curvatureAt } from "./metric";
import { progress } from "./progress";
import {
  coefficientsOf,
  enterRowSpace,
  findGradient,
  giveIntercepts,
  interceptOf,
  iterateScores,
  leaveRowSpace,
  leaveToTheta,
  linkRows,
  OTHERS,
  productOf,
  RowSpace,
  SPAN,
  scoresOf,
  scoresOfWeights,
  setProduct,
  sizeAt,
  slotOf,
  tailOf,
  vectorBytes,
} from "./row-space";
import { RUNNING, Solver } from "./solver";
import { exhausted, judge } from "./stopping";

/** Share of the tolerance up to which rounding may be in the final residual without being seen there. */
const DRIFT: f64 = 0.1;

/** One step and the gradient behind it: a pass. θ stays behind, see `leaveToTheta`. */
export function advanceRows(s: Solver, o: Objective, r: RowSpace): void {
  if (!r.ready) enterRowSpace(s, o, r);
  formSpan(s, o, r);
  const free = slotOf(r, OTHERS + r.count);
  const descent = newtonStep(s, o, r, free);
  const noise = 1e-14 * Math.abs(s.value);
  const length = stepLength(s, o, r, free, descent, noise);
  if (!(length > 0)) {
    if (r.count > 0) r.count = 0;
    else if (r.ahead) renew(s, o, r);
    else s.status = exhausted(s);
    return;
  }
  if (length != 1) shorten(r, free, length);
  axpy<f64>(r.length, 1, coefficientsOf(r, free), r.iterate);
  r.size += load<f64>(sizeAt(r, free));
  memory.copy(iterateScores(r), r.tried, vectorBytes(r));
  if (load<f64>(productOf(r, free, free)) > 0) keep(r);
  const held = r.slopes;
  r.slopes = r.slopesTried;
  r.slopesTried = held;
  memory.copy(s.groupLosses, o.groupLosses, (<usize>(o.groups + 1)) << 3);
  r.ahead = true;
  findGradient(s, o, r);
  progress(s, gradientNorm(s, o) / s.scale, noise);
  if (s.status != RUNNING && !(drift(s, o, r) < DRIFT * s.tolerance)) renew(s, o, r);
}

/**
 * What rounding may have put between coefficients and scores of the iterate, as it shows in the residual: never below a
 * third of what it was, often far above (2160 solves to 1e-8, 1e-10 and 1e-11). Unchecked, 22 of 1875 that converged had
 * not, by up to 1e7 times the tolerance.
 */
function drift(s: Solver, o: Objective, r: RowSpace): f64 {
  return (f64.EPSILON * 0.5 * r.size * r.reach * r.bend) / (<f64>o.rows * s.scale);
}

/** The gradient's entry of `sizes`: its weights are sums over the rows, which may cancel. */
function sizeOfGradient(o: Objective, r: RowSpace): f64 {
  const n = o.outputs * o.rows;
  const c = coefficientsOf(r, 0);
  const z = scoresOf(r, 0);
  return Math.sqrt(dot<f64>(n, z, z)) + r.reach * r.reach * Math.sqrt(dot<f64>(n, c, c));
}

/** Goes on from θ, without what rounding has put between coefficients and scores. A pass and a half. */
function returnToTheta(s: Solver, o: Objective, r: RowSpace): void {
  leaveToTheta(s, r);
  leaveRowSpace(r);
  r.ready = false;
  evaluateIterate(s, o);
  measure(s, o);
  s.leastResidual = s.residual;
  s.leastValue = s.value;
  s.idle = 0;
  s.status = judge(s);
}

/** The same while that leads anywhere. (Random text, tolerance 1e-9: without, 61 of 1080 solves stalled at 1e-9 to 3e-6.) */
function renew(s: Solver, o: Objective, r: RowSpace): void {
  returnToTheta(s, o, r);
  if (s.status == RUNNING && !(s.residual < 0.5 * r.renewed)) s.status = exhausted(s);
  r.renewed = s.residual;
}

/**
 * Solves go on in θ′ from now on: steps of these rows know no scale of columns, and take thousands where those are of units 1e8
 * apart (80 × 27, softmax, l2 = 1e-4: 10000 steps led to 29 % above the least F; in θ′ it is there in 306).
 */
export function abandonRows(s: Solver, o: Objective, r: RowSpace): void {
  returnToTheta(s, o, r);
  r.capacity = 0;
  forget(changetype<Curvature>(s.curvature));
}

/** The step in the free slot is one of those kept, instead of the oldest where there is no room. */
function keep(r: RowSpace): void {
  r.next = (r.next + 1) % (r.capacity + 1);
  if (r.count < r.capacity) r.count++;
}

/** The gradient and the intercepts' gradient as vectors of the span, their products, and the slopes. Half a pass. */
function formSpan(s: Solver, o: Objective, r: RowSpace): void {
  const size = OTHERS + r.count;
  const z = scoresOf(r, 0);
  const squares = dot<f64>(o.weightCount, s.trialGradient, s.trialGradient);
  scoresOfWeights(s, o, s.trialGradient, z);
  giveIntercepts(s, o, r);
  memory.fill(tailOf(o, z), 0, (<usize>(1 + o.outputs)) << 3);
  if (load<f64>(tailOf(o, r.iterate)) != 0) {
    store<f64>(tailOf(o, z), dot<f64>(o.weightCount, r.start, s.trialGradient));
  }
  store<f64>(sizeAt(r, 0), sizeOfGradient(o, r));
  store<f64>(sizeAt(r, 1), 0); // of a constant nothing is lost
  memory.fill(coefficientsOf(r, 1), 0, 2 * vectorBytes(r));
  for (let c = 0; c < o.outputs; c++) {
    const b = s.unit * s.unit * load<f64>(r.interceptSlopes + ((<usize>c) << 3));
    store<f64>(interceptOf(o, scoresOf(r, 1), c), b);
    const row = scoresOf(r, 1) + ((<usize>(c * o.rows)) << 3);
    for (let i = 0; i < o.rows; i++) store<f64>(row + ((<usize>i) << 3), b);
  }
  for (let k = 0; k < size; k++) {
    const slot = slotOf(r, k);
    const product = k == 0 ? squares : dot<f64>(r.length, coefficientsOf(r, 0), scoresOf(r, slot));
    setProduct(r, 0, slot, product);
    setProduct(r, 1, slot, 0);
    const along = dot<f64>(o.outputs, r.interceptSlopes, interceptOf(o, scoresOf(r, slot), 0));
    store<f64>(r.slope + ((<usize>k) << 3), product + along);
  }
  setProduct(r, 0, 1, 0);
}

/** Vector `free` ← Newton's step in the span. Returns the slope along it. */
function newtonStep(s: Solver, o: Objective, r: RowSpace, free: i32): f64 {
  const size = OTHERS + r.count;
  findHessian(s, o, r);
  for (let k = 0; k < size; k++) {
    const bend = load<f64>(bendOf(r, k, k));
    const scale = bend > 0 ? 1 / Math.sqrt(bend) : 0;
    store<f64>(r.scales + ((<usize>k) << 3), scale);
    store<f64>(r.mixture + ((<usize>k) << 3), -scale * load<f64>(r.slope + ((<usize>k) << 3)));
    for (let l = 0; l < k; l++) {
      const at = bendOf(r, k, l);
      store<f64>(at, scale * load<f64>(r.scales + ((<usize>l) << 3)) * load<f64>(at));
    }
    store<f64>(bendOf(r, k, k), 1);
  }
  cholesky(size, SPAN, r.hessian);
  solveFactored(size, SPAN, r.hessian, r.mixture);
  let descent: f64 = 0;
  let length: f64 = 0;
  for (let k = 0; k < size; k++) {
    const at = (<usize>k) << 3;
    store<f64>(r.mixture + at, load<f64>(r.scales + at) * load<f64>(r.mixture + at));
    length += Math.abs(load<f64>(r.mixture + at)) * load<f64>(sizeAt(r, slotOf(r, k)));
    descent += load<f64>(r.mixture + at) * load<f64>(r.slope + at);
  }
  store<f64>(sizeAt(r, free), length);
  mix(r, size, free);
  return descent;
}

/** Vector `free` ← Σ_k mixture_k·v_k, and its products: a piece at a time, which stays in the cache. */
function mix(r: RowSpace, size: i32, free: i32): void {
  const PIECE = 1024;
  const out = coefficientsOf(r, free);
  for (let first = 0; first < 2 * r.length; first += PIECE) {
    const count = min(PIECE, 2 * r.length - first);
    const at = (<usize>first) << 3;
    memory.fill(out + at, 0, (<usize>count) << 3);
    for (let k = 0; k < size; k++) {
      axpy<f64>(count, load<f64>(r.mixture + ((<usize>k) << 3)), coefficientsOf(r, slotOf(r, k)) + at, out + at);
    }
  }
  // Anew, not by those of the parts, which may be large and cancel.
  for (let k = OTHERS; k < size; k++) {
    setProduct(r, free, slotOf(r, k), dot<f64>(r.length, out, scoresOf(r, slotOf(r, k))));
  }
  setProduct(r, free, free, dot<f64>(r.length, out, scoresOf(r, free)));
}

function bendOf(r: RowSpace, k: i32, l: i32): usize {
  return r.hessian + ((<usize>(k * SPAN + l)) << 3);
}

/**
 * Second derivatives in the span at the iterate, the lower triangle, and those of the losses, summed: by the decrement that they
 * give a solve to 1e-4 ends at most 6e-5 above the least F (2000 words of all mails, as they are, as counts, binary, columns ×
 * 2^±10, each with l2 = 1e-3, 1e-5, 1e-6); by the residual alone up to 8 times F.
 */
function findHessian(s: Solver, o: Objective, r: RowSpace): void {
  const size = OTHERS + r.count;
  for (let k = 0; k < size; k++) {
    for (let l = 0; l <= k; l++) {
      store<f64>(bendOf(r, k, l), o.l2 * load<f64>(productOf(r, slotOf(r, k), slotOf(r, l))));
    }
  }
  let total: f64 = 0;
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    takeBlock(o, r.slopes, first, count, r.bent);
    probabilitiesOf(o, first, count, r.bent, r.probabilities, r.weights);
    total += totalCurvature(o, count, r.probabilities, r.weights);
    for (let k = 0; k < size; k++) {
      takeBlock(o, scoresOf(r, slotOf(r, k)), first, count, r.bent);
      bendBlock(o, count, r.probabilities, r.weights, r.bent);
      for (let l = 0; l <= k; l++) {
        const other = scoresOf(r, slotOf(r, l)) + ((<usize>first) << 3);
        let sum: f64 = 0;
        for (let c = 0; c < o.outputs; c++) {
          sum += dot<f64>(count, r.bent + ((<usize>(c * BLOCK)) << 3), other + ((<usize>(c * o.rows)) << 3));
        }
        store<f64>(bendOf(r, k, l), load<f64>(bendOf(r, k, l)) + sum);
      }
    }
  }
  r.bend = total;
}

/** How much of the step in slot `free` is taken, 0 for none: `tried` and the slopes there, value and loss of the solver. */
function stepLength(s: Solver, o: Objective, r: RowSpace, free: i32, descent: f64, noise: f64): f64 {
  const along = dot<f64>(r.length, r.iterate, scoresOf(r, free));
  const squares = dot<f64>(r.length, r.iterate, iterateScores(r));
  const own = load<f64>(productOf(r, free, free));
  // Where rounding has parted scores from coefficients, products are no longer those of vectors: the value would fall to
  // −1e5 (30 of 300 solves to 1e-8, each from the last).
  if (!(own >= 0 && 0.5 * along * along <= own * squares)) return 0;
  let length: f64 = 1;
  for (let tries = 0; tries < 30 && descent < 0; tries++) {
    memory.copy(r.tried, iterateScores(r), vectorBytes(r));
    axpy<f64>(r.length, length, scoresOf(r, free), r.tried);
    const loss = linkRows(o, r.tried, r.slopesTried);
    const norm = squares + length * (2 * along + length * own);
    const value = loss + 0.5 * o.l2 * norm;
    if (value <= s.value + 1e-4 * length * descent + noise) {
      s.dataLoss = loss;
      s.value = value;
      return length;
    }
    length = shorterLength(length, descent, value - s.value);
  }
  return 0;
}

function shorten(r: RowSpace, slot: i32, length: f64): void {
  scal<f64>(2 * r.length, length, coefficientsOf(r, slot));
  store<f64>(sizeAt(r, slot), length * load<f64>(sizeAt(r, slot)));
  for (let k = OTHERS; k < OTHERS + r.count; k++) {
    setProduct(r, slot, slotOf(r, k), length * load<f64>(productOf(r, slot, slotOf(r, k))));
  }
  setProduct(r, slot, slot, length * length * load<f64>(productOf(r, slot, slot)));
}

function gradientNorm(s: Solver, o: Objective): f64 {
  let squares = dot<f64>(o.weightCount, s.trialGradient, s.trialGradient);
  for (let i = o.weightCount; i < o.thetaCount; i++) {
    const g = s.unit * load<f64>(s.trialGradient + ((<usize>i) << 3));
    squares += g * g;
  }
  return Math.sqrt(squares);
}
