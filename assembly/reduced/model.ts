// The reduced problem min_a ℓ_λ(θ(a)): the loss of all virtual models of a basis. Convex, outputs × size unknowns,
// smooth in λ, and a product with it costs size/columns of a pass. L1, hinges and group norms are smoothed (√(x² + ε²)):
// the full training removes that again.

import { dot } from "../linalg/dense";
import { BLOCK, Objective } from "../objective";
import { groupDot, groupFactor, groupStart, memberAt } from "../penalties/group";
import { Basis, expandWeights, reduceWeights } from "./basis";
import { wholeHessianScratch } from "./hessian";
import { projectionGradient, projectionHessian } from "./projection";
import { Projection } from "./slots";

@unmanaged
export class Reduced {
  basis: usize;
  projection: usize; // of the training rows
  smoothing: f64; // ε, in units of a weight
  weights: usize; // W of the last gradient's a, by place in the support: f64[outputs][columns]
  direction: usize; // W of a direction, then scratch: f64[outputs + 1][columns]
  work: usize; // `WORK` vectors of outputs × capacity
  factors: usize; // Cholesky factor of the Hessian, or of its diagonal blocks: `reducedFactorBytes`
  whole: bool; // whether `factors` is of the whole Hessian
  exact: bool; // whether it is the Hessian at the last gradient's a that was factored, and nothing of it left out
  spent: i32; // products that the last system of a solve took with these factors
  directions: i32; // conjugate ones kept of the Hessian at the last gradient's a
  passes: f64; // work so far, in passes over the training rows

  get length(): i32 {
    const basis = changetype<Basis>(this.basis);
    return basis.outputs * basis.capacity;
  }

  get objective(): Objective {
    return changetype<Objective>(changetype<Projection>(this.projection).objective);
  }

  /** Cost of forming W of a virtual model, or of the way back, in passes. */
  get weightPasses(): f64 {
    const basis = changetype<Basis>(this.basis);
    const objective = this.objective;
    return (0.5 * <f64>basis.size * <f64>basis.support) / (objective.valueCount + <f64>objective.rows);
  }

  /** Cost of one product pair with Z alone, in passes. */
  get dataPasses(): f64 {
    const basis = changetype<Basis>(this.basis);
    const objective = this.objective;
    return (<f64>basis.size * <f64>objective.rows) / (objective.valueCount + <f64>objective.rows);
  }

  /** Cost of a gradient or Hessian product, in passes. */
  get productPasses(): f64 {
    return shaped(this.objective) ? this.dataPasses + 2 * this.weightPasses : this.dataPasses;
  }
}

/** Conjugate directions of a Hessian that are kept at most, each with its product: no more than there are coefficients. */
export const DIRECTIONS: i32 = 64;

/** Vectors of work space that the solver of newton.ts uses, and `heldOf`. */
const WORK: i32 = 11 + 2 * DIRECTIONS;

/** Unknowns up to which the Hessian is factored whole: the factor then costs as much as a few dozen products. */
const WHOLE: i32 = 512;

export function reducedBytes(): usize {
  return offsetof<Reduced>();
}

export function reducedWorkBytes(outputs: i32, capacity: i32): usize {
  return (<usize>WORK * <usize>outputs * <usize>capacity) << 3;
}

export function wholeFits(outputs: i32, capacity: i32): bool {
  return outputs > 1 && outputs * capacity <= WHOLE;
}

/** The factor, and what making it takes. */
export function reducedFactorBytes(outputs: i32, capacity: i32): usize {
  const unknowns = <usize>outputs * <usize>capacity;
  if (!wholeFits(outputs, capacity)) return (unknowns * <usize>capacity) << 3;
  return ((unknowns * unknowns) << 3) + wholeHessianScratch(outputs, capacity);
}

export function workOf(r: Reduced, index: i32): usize {
  return r.work + ((<usize>index * <usize>r.length) << 3);
}

/**
 * A ridge on each coefficient of softmax without a penalty, whose loss does not see the weights of all classes move alike.
 * Without it only the rounding of the projected rows would, which differs from class to class: by 1e-7 of them, a slope that
 * could be followed for 1e7 of the weights.
 */
export function heldOf(r: Reduced): usize {
  return workOf(r, WORK - 1);
}

/** Whether softmax has no penalty, so that coefficients have to be held. */
export function isHeld(r: Reduced): bool {
  return changetype<Basis>(r.basis).outputs > 1 && r.objective.l2 == 0 && !shaped(r.objective);
}

/** Takes the ridges of `heldOf` away, as λ or the basis has changed: the next factor sets new ones. */
export function release(r: Reduced): void {
  memory.fill(heldOf(r), 0, (<usize>r.length) << 3);
}

export function reducedInit(
  pointer: usize,
  basis: usize,
  projection: usize,
  weights: usize,
  direction: usize,
  work: usize,
  factors: usize,
): void {
  const r = changetype<Reduced>(pointer);
  r.basis = basis;
  r.projection = projection;
  r.smoothing = 1e-3;
  r.weights = weights;
  r.direction = direction;
  r.work = work;
  r.factors = factors;
  r.whole = false;
  r.exact = false;
  r.spent = 0;
  r.directions = 0;
  r.passes = 0;
  release(r);
}

export function reducedSetSmoothing(pointer: usize, smoothing: f64): void {
  changetype<Reduced>(pointer).smoothing = smoothing;
}

export function reducedPasses(pointer: usize): f64 {
  return changetype<Reduced>(pointer).passes;
}

/** ℓ_λ of the virtual model a; its gradient overwrites `gradient`. */
export function reducedGradient(pointer: usize, a: usize, gradient: usize): f64 {
  const r = changetype<Reduced>(pointer);
  r.exact = false;
  r.directions = 0;
  memory.fill(gradient, 0, (<usize>r.length) << 3);
  let value = projectionGradient(r.projection, a, gradient);
  value += addRidge(r, a, gradient);
  const o = r.objective;
  if (shaped(o)) {
    const basis = changetype<Basis>(r.basis);
    expandWeights(basis, a, r.weights);
    value += shapes(r, o, r.weights, r.direction);
    if (o.groupNorm > 0) value += addGroupSlopes(r, o, r.weights, o.groupNorm, r.direction);
    reduceWeights(basis, r.direction, gradient);
  }
  r.passes += r.productPasses;
  return value;
}

/** out ← (Hessian of ℓ_λ at the last gradient's a)·v. */
export function reducedHessian(pointer: usize, v: usize, out: usize): void {
  reducedHessians(pointer, 1, v, out, 0);
}

/** `reducedHessian` of `count` vectors, `stride` bytes from one to the next of v and of out. */
export function reducedHessians(pointer: usize, count: i32, v: usize, out: usize, stride: usize): void {
  const r = changetype<Reduced>(pointer);
  for (let k = 0; k < count; k++) memory.fill(out + <usize>k * stride, 0, (<usize>r.length) << 3);
  projectionHessian(r.projection, count, v, out, stride);
  for (let k = 0; k < count; k++) addPenaltyProduct(r, v + <usize>k * stride, out + <usize>k * stride);
  r.passes += <f64>count * r.productPasses;
}

function addPenaltyProduct(r: Reduced, v: usize, out: usize): void {
  addRidge(r, v, out);
  const o = r.objective;
  if (!shaped(o)) return;
  const basis = changetype<Basis>(r.basis);
  expandWeights(basis, v, r.direction);
  if (o.groupNorm > 0) bendGroups(r, o);
  else bend(r, o, basis);
  reduceWeights(basis, r.direction, out);
}

/** Whether a penalty is not of a alone, so that W has to be formed. */
export function shaped(o: Objective): bool {
  return o.l1 > 0 || o.knotCount > 0 || o.groupNorm > 0;
}

/** direction ← (second derivatives of L1 and hinges at `weights`)·direction. */
function bend(r: Reduced, o: Objective, basis: Basis): void {
  for (let c = 0; c < basis.outputs; c++) {
    let at = (<usize>(c * basis.columns)) << 3;
    for (let place = 0; place < basis.support; place++, at += 8) {
      store<f64>(r.direction + at, load<f64>(r.direction + at) * shapeCurvature(r, o, load<f64>(r.weights + at)));
    }
  }
}

/** `bend` with the smoothed group norms: strength/q·(v − w·(w·v)/q²), q = √(‖w‖² + ε²). */
function bendGroups(r: Reduced, o: Objective): void {
  for (let g = 0; g < o.normGroups; g++) {
    const q = smoothedNorm(r, o, g);
    const strength = (o.groupNorm * groupFactor(o, g)) / q;
    const along = groupDot(o, g, r.weights, r.direction) / (q * q);
    const end = groupStart(o, g + 1);
    for (let k = groupStart(o, g); k < end; k++) {
      const at = memberAt(o, k);
      const w = load<f64>(r.weights + at);
      const v = load<f64>(r.direction + at);
      store<f64>(r.direction + at, v * shapeCurvature(r, o, w) + strength * (v - along * w));
    }
  }
}

/** √(‖W_g‖² + ε²) with ε the smoothing of as many weights as the group has. */
export function smoothedNorm(r: Reduced, o: Objective, g: i32): f64 {
  const size = <f64>(groupStart(o, g + 1) - groupStart(o, g));
  return Math.sqrt(groupDot(o, g, r.weights, r.weights) + r.smoothing * r.smoothing * size);
}

/** slopes += weight·the derivatives of the smoothed group norms; returns their sum, weighted. */
export function addGroupSlopes(r: Reduced, o: Objective, weights: usize, weight: f64, slopes: usize): f64 {
  let value: f64 = 0;
  for (let g = 0; g < o.normGroups; g++) {
    const end = groupStart(o, g + 1);
    const size = <f64>(end - groupStart(o, g));
    const strength = weight * groupFactor(o, g);
    const q = smoothedNorm(r, o, g);
    value += strength * (q - r.smoothing * Math.sqrt(size));
    for (let k = groupStart(o, g); k < end; k++) {
      const at = memberAt(o, k);
      store<f64>(slopes + at, load<f64>(slopes + at) + (strength / q) * load<f64>(weights + at));
    }
  }
  return value;
}

/**
 * out, by place, ← the diagonal of the penalties' second derivatives for the weights of output c, the ridge apart. What
 * ties the weights of a group together is left to conjugate gradients.
 */
export function shapeDiagonal(r: Reduced, o: Objective, c: i32, out: usize): void {
  const first = c * o.columns;
  for (let j = 0; j < changetype<Basis>(r.basis).support; j++) {
    const w = load<f64>(r.weights + ((<usize>(first + j)) << 3));
    store<f64>(out + ((<usize>j) << 3), shapeCurvature(r, o, w));
  }
  if (o.groupNorm == 0) return;
  for (let g = 0; g < o.normGroups; g++) {
    const q = smoothedNorm(r, o, g);
    const strength = (o.groupNorm * groupFactor(o, g)) / q;
    const end = groupStart(o, g + 1);
    for (let k = groupStart(o, g); k < end; k++) {
      const at = memberAt(o, k);
      const j = <i32>(at >> 3) - first;
      if (j < 0 || j >= o.columns) continue;
      const w = load<f64>(r.weights + at) / q;
      const to = out + ((<usize>j) << 3);
      store<f64>(to, load<f64>(to) + strength * (1 - w * w));
    }
  }
}

/** l2·½‖a‖² without the intercepts (the basis is orthonormal) and what holds a; its gradient is added to `out`. */
function addRidge(r: Reduced, a: usize, out: usize): f64 {
  const basis = changetype<Basis>(r.basis);
  const l2 = r.objective.l2;
  let sum: f64 = 0;
  let held: f64 = 0;
  for (let c = 0; c < basis.outputs; c++) {
    for (let j = 1; j < basis.size; j++) {
      const at = (<usize>(c * basis.capacity + j)) << 3;
      const value = load<f64>(a + at);
      const hold = load<f64>(heldOf(r) + at);
      sum += value * value;
      held += hold * value * value;
      store<f64>(out + at, load<f64>(out + at) + (l2 + hold) * value);
    }
  }
  return 0.5 * l2 * sum + 0.5 * held;
}

/** Σ_i λ-weighted smoothed |w_i| and hinges; slopes ← their derivatives. */
function shapes(r: Reduced, o: Objective, weights: usize, slopes: usize): f64 {
  const basis = changetype<Basis>(r.basis);
  let value: f64 = 0;
  for (let c = 0; c < basis.outputs; c++) {
    let at = (<usize>(c * basis.columns)) << 3;
    for (let place = 0; place < basis.support; place++, at += 8) {
      const w = load<f64>(weights + at);
      const s = smooth(r, w);
      value += o.l1 * (s - r.smoothing);
      let slope = (o.l1 * w) / s;
      for (let b = 0; b < o.knotCount; b++) {
        const weight = load<f64>(o.knotWeights + ((<usize>b) << 3));
        const knot = load<f64>(o.knots + ((<usize>b) << 3));
        const below = smooth(r, w - knot);
        const above = smooth(r, w + knot);
        value += weight * (0.5 * (below + above) - smooth(r, knot));
        slope += weight * 0.5 * ((w - knot) / below + (w + knot) / above);
      }
      store<f64>(slopes + at, slope);
    }
  }
  return value;
}

/** √(x² + ε²), which stands for |x|; max(0, |w| − t) = ½(|w − t| + |w + t|) − t, so that hinges have no other kinks. */
export function smooth(r: Reduced, x: f64): f64 {
  return Math.sqrt(x * x + r.smoothing * r.smoothing);
}

/** Second derivative of the smoothed L1 and hinges at w. */
function shapeCurvature(r: Reduced, o: Objective, w: f64): f64 {
  const square = r.smoothing * r.smoothing;
  const s = smooth(r, w);
  let curvature = (o.l1 * square) / (s * s * s);
  for (let b = 0; b < o.knotCount; b++) {
    const knot = load<f64>(o.knots + ((<usize>b) << 3));
    const below = smooth(r, w - knot);
    const above = smooth(r, w + knot);
    const bend = 1 / (below * below * below) + 1 / (above * above * above);
    curvature += load<f64>(o.knotWeights + ((<usize>b) << 3)) * 0.5 * square * bend;
  }
  return curvature;
}
