// Penalties of a virtual model, and their derivatives in its coefficients.

import { dot } from "../linalg/dense";
import { groupDot, groupFactor } from "../penalties/group";
import { penaltyFeatures } from "../penalties/penalty";
import { Basis, expandWeights, reduceWeights } from "./basis";
import { addGroupSlopes, Reduced, shaped, smooth, smoothedNorm } from "./model";

/** φ of the penalties of the virtual model a of the last gradient, kinks as they are: f64[3 + knotCount] (`penaltyFeatures`). */
export function reducedPenaltyFeatures(pointer: usize, a: usize, out: usize): void {
  const r = changetype<Reduced>(pointer);
  const o = r.objective;
  if (shaped(o)) {
    penaltyFeatures(changetype<usize>(o), r.weights, out);
    return;
  }
  // Only the ridge is of any interest, and the basis is orthonormal.
  const basis = changetype<Basis>(r.basis);
  memory.fill(out, 0, (3 + <usize>o.knotCount) << 3);
  let squares: f64 = 0;
  for (let c = 0; c < basis.outputs; c++) {
    const own = a + ((<usize>(c * basis.capacity + 1)) << 3);
    squares += dot<f64>(basis.size - 1, own, own);
  }
  store<f64>(out, 0.5 * squares, 8);
}

/**
 * out ← v·∂φ/∂a of the penalties at the last gradient's a: l1, l2, group norm (0 when its λ is), then a hinge per knot of
 * `knots`.
 */
export function reducedPenaltyDerivatives(
  pointer: usize,
  a: usize,
  v: usize,
  knotCount: i32,
  knots: usize,
  out: usize,
): void {
  const r = changetype<Reduced>(pointer);
  const o = r.objective;
  const basis = changetype<Basis>(r.basis);
  expandWeights(basis, a, r.weights);
  expandWeights(basis, v, r.direction);
  memory.fill(out, 0, (<usize>(3 + knotCount)) << 3);
  let l1: f64 = 0;
  for (let c = 0; c < basis.outputs; c++) {
    let at = (<usize>(c * basis.columns)) << 3;
    for (let place = 0; place < basis.support; place++, at += 8) {
      const w = load<f64>(r.weights + at);
      const moved = load<f64>(r.direction + at);
      l1 += (moved * w) / smooth(r, w);
      for (let b = 0; b < knotCount; b++) {
        const to = out + ((<usize>(3 + b)) << 3);
        store<f64>(to, load<f64>(to) + moved * hingeSlope(r, w, load<f64>(knots + ((<usize>b) << 3))));
      }
    }
  }
  store<f64>(out, l1);
  store<f64>(out, dot<f64>(basis.outputs * basis.columns, r.weights, r.direction), 8);
  let norms: f64 = 0;
  for (let g = 0; g < o.normGroups && o.groupNorm > 0; g++) {
    norms += (groupFactor(o, g) * groupDot(o, g, r.weights, r.direction)) / smoothedNorm(r, o, g);
  }
  store<f64>(out, norms, 16);
  r.passes += 2 * r.weightPasses;
}

/** gradients[0] ← ∂l1/∂a, [1] ← ∂l2/∂a, [2] ← ∂groupNorm/∂a, [3 + b] ← ∂hinge_b/∂a, outputs × capacity each. */
export function reducedPenaltyGradients(
  pointer: usize,
  a: usize,
  knotCount: i32,
  knots: usize,
  gradients: usize,
): void {
  const r = changetype<Reduced>(pointer);
  const basis = changetype<Basis>(r.basis);
  const stride = (<usize>r.length) << 3;
  memory.fill(gradients, 0, stride * <usize>(3 + knotCount));
  expandWeights(basis, a, r.weights);
  for (let c = 0; c < basis.outputs; c++) {
    let at = (<usize>(c * basis.columns)) << 3;
    for (let place = 0; place < basis.support; place++, at += 8) {
      const w = load<f64>(r.weights + at);
      store<f64>(r.direction + at, w / smooth(r, w));
    }
  }
  reduceWeights(basis, r.direction, gradients);
  for (let c = 0; c < basis.outputs; c++) {
    for (let j = 1; j < basis.size; j++) {
      const at = (<usize>(c * basis.capacity + j)) << 3;
      store<f64>(gradients + stride + at, load<f64>(a + at));
    }
  }
  const o = r.objective;
  if (o.groupNorm > 0) {
    memory.fill(r.direction, 0, (<usize>(basis.outputs * basis.columns)) << 3);
    addGroupSlopes(r, o, r.weights, 1, r.direction);
    reduceWeights(basis, r.direction, gradients + stride * 2);
  }
  for (let b = 0; b < knotCount; b++) {
    const knot = load<f64>(knots + ((<usize>b) << 3));
    for (let c = 0; c < basis.outputs; c++) {
      let at = (<usize>(c * basis.columns)) << 3;
      for (let place = 0; place < basis.support; place++, at += 8) {
        store<f64>(r.direction + at, hingeSlope(r, load<f64>(r.weights + at), knot));
      }
    }
    reduceWeights(basis, r.direction, gradients + stride * <usize>(3 + b));
  }
  const formed = 2 + knotCount + (o.groupNorm > 0 ? 1 : 0);
  r.passes += <f64>formed * r.weightPasses;
}

function hingeSlope(r: Reduced, w: f64, knot: f64): f64 {
  return 0.5 * ((w - knot) / smooth(r, w - knot) + (w + knot) / smooth(r, w + knot));
}
