// H·u = ∂e/∂θ at the solver's iterate, H the Hessian of ℓ_λ over the unknowns that are free (not held at a kink of the
// penalty): conjugate gradients, preconditioned by what the solver learned of the curvature. u tells how e changes with
// every λ_j at once (implicit function theorem): de/dλ_j = −uᵀ∂φ_j/∂θ. A product H·v is a difference of two gradients
// (one pass); gradients are summed in f64, so that 1e-3 of the iterate's length leaves four digits.

import { axpy, dot } from "../linalg/dense";
import { Objective } from "../objective";
import { addGroupCurvature } from "../penalties/group";
import { isKink, kinked } from "../penalties/separable";
import { centre, centreGradient } from "./centering";
import { Curvature, remember } from "./curvature";
import { applyInverse } from "./curvature-inverse";
import { dataGradient } from "./data-gradient";
import { leaveRowSpace, leaveToTheta, RowSpace } from "./row-space";
import { Solver } from "./solver";

/** Length of the difference for H·v, as a share of the iterate's, both in the metric D. */
const REACH: f64 = 1e-3;

/** Vectors of thetaCount doubles in `work`: residual, direction, its product, preconditioned residual; then the state. */
export function adjointWorkBytes(thetaCount: i32): usize {
  return (<usize>thetaCount * 4 + 2) << 3;
}

/**
 * Begins with the guess u (θ's layout; 0 costs nothing, any other a pass), which becomes one in θ′. `right`: ∂e/∂θ in
 * θ's layout, overwritten by its free part in θ′. Returns the squared residual over that of u = 0.
 */
export function adjointStart(solver: usize, right: usize, u: usize, work: usize): f64 {
  const s = changetype<Solver>(solver);
  const o = changetype<Objective>(s.objective);
  const all = o.thetaCount;
  const bytes = (<usize>all) << 3;
  const state = work + 4 * bytes;
  leaveToTheta(s, changetype<RowSpace>(s.rowSpace));
  centreGradient(o, s.moments, right);
  dropHeld(s, o, right);
  memory.copy(work, right, bytes);
  const whole = dot<f64>(all, right, right);
  if (dot<f64>(all, u, u) > 0) {
    memory.copy(s.raw, u, bytes);
    centre(o, s.moments, s.raw, u, 1);
    dropHeld(s, o, u);
    hessianProduct(s, o, u, work + 2 * bytes);
    axpy<f64>(all, -1, work + 2 * bytes, work);
  }
  precondition(s, o, work, work + 3 * bytes);
  memory.copy(work + bytes, work + 3 * bytes, bytes);
  store<f64>(state, dot<f64>(all, work, work + 3 * bytes));
  store<f64>(state, whole, 8);
  return whole > 0 ? dot<f64>(all, work, work) / whole : 0;
}

/** One iteration, one pass; u in θ′. Returns the squared residual over that at the start. */
export function adjointStep(solver: usize, u: usize, work: usize): f64 {
  const s = changetype<Solver>(solver);
  const o = changetype<Objective>(s.objective);
  const all = o.thetaCount;
  const bytes = (<usize>all) << 3;
  const r = work;
  const p = work + bytes;
  const product = work + 2 * bytes;
  const z = work + 3 * bytes;
  const state = work + 4 * bytes;
  hessianProduct(s, o, p, product);
  const bend = dot<f64>(all, p, product);
  const rz = load<f64>(state);
  if (!(bend > 0 && rz > 0)) return 0;
  axpy<f64>(all, rz / bend, p, u);
  axpy<f64>(all, -rz / bend, product, r);
  learn(s, o);
  precondition(s, o, r, z);
  // The preconditioner has just learned of p, so p and z are conjugate but for rounding, and for what a kink holds.
  const beta = -dot<f64>(all, z, product) / bend;
  for (let i = 0; i < all; i++) {
    const at = (<usize>i) << 3;
    store<f64>(p + at, load<f64>(z + at) + beta * load<f64>(p + at));
  }
  store<f64>(state, dot<f64>(all, r, p));
  return dot<f64>(all, r, r) / load<f64>(state, 8);
}

/** u from θ′ to θ's layout. */
export function adjointFinish(solver: usize, u: usize, out: usize): void {
  const s = changetype<Solver>(solver);
  centre(changetype<Objective>(s.objective), s.moments, u, out, -1);
}

/**
 * Remembers the last product as a curvature pair, as a step would be: for the preconditioner, and for the training that goes
 * on from here. Nine tasks, 82 held-out runs: 4 % fewer passes in all, 88 hits of 90 instead of 90;
 * on twelve other splits of four of them 44 of 48 instead of 39.
 */
function learn(s: Solver, o: Objective): void {
  const r = changetype<RowSpace>(s.rowSpace);
  if (r.capacity > 0 && !kinked(o)) return; // what is known of the rows is where the pairs would be
  leaveRowSpace(r);
  remember(changetype<Curvature>(s.curvature), s.centred, s.trial, s.gradient, s.trialGradient);
}

function hessianProduct(s: Solver, o: Objective, v: usize, out: usize): void {
  const c = changetype<Curvature>(s.curvature);
  const all = o.thetaCount;
  const n = o.weightCount;
  let length: f64 = 0;
  let size: f64 = 0;
  for (let i = 0; i < all; i++) {
    const at = (<usize>i) << 3;
    const metric = load<f64>(c.metric + at);
    length += metric * load<f64>(v + at) * load<f64>(v + at);
    size += metric * load<f64>(s.centred + at) * load<f64>(s.centred + at);
  }
  const h = (REACH * Math.sqrt(max(size, 1e-12))) / Math.sqrt(max(length, 1e-300));
  memory.copy(s.trial, s.centred, (<usize>all) << 3);
  axpy<f64>(all, h, v, s.trial);
  centre(o, s.moments, s.trial, s.raw, -1);
  dataGradient(s, o, s.raw, s.trialGradient);
  centreGradient(o, s.moments, s.trialGradient);
  for (let i = 0; i < all; i++) {
    const at = (<usize>i) << 3;
    const value = (load<f64>(s.trialGradient + at) - load<f64>(s.gradient + at)) / h;
    store<f64>(out + at, i < n ? value + o.l2 * load<f64>(v + at) : value);
  }
  if (o.groupNorm > 0) addGroupCurvature(o, s.centred, v, out);
  dropHeld(s, o, out);
}

/** What a kink holds does not move: 0 there. */
function dropHeld(s: Solver, o: Objective, v: usize): void {
  for (let i = 0; i < o.weightCount; i++) if (held(s, o, i)) store<f64>(v + ((<usize>i) << 3), 0);
}

function precondition(s: Solver, o: Objective, r: usize, z: usize): void {
  memory.copy(z, r, (<usize>o.thetaCount) << 3);
  applyInverse(changetype<Curvature>(s.curvature), o.l2, o.weightCount, z, s.products);
  dropHeld(s, o, z);
}

/** Whether weight i is at a kink of the penalty, where small changes of λ do not move it. */
export function held(s: Solver, o: Objective, i: i32): bool {
  const w = load<f64>(s.centred + ((<usize>i) << 3));
  return (w == 0 && o.groupNorm > 0) || isKink(o, w);
}
