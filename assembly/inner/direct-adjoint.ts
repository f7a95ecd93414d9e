// The adjoint of adjoint.ts from a factor of the Hessian itself, where kinks hold nearly all columns. With s of d columns left
// and one output, forming it costs s²/4d of a pass, and it is exact: conjugate gradients take 6 passes, and where columns outnumber
// rows that is not enough. Tunings of breast cancer, degree 2, 70 splits: 281 → 244 passes in all, 216 → 142 to the hit (the
// median), 48 → 52 hits of what 4000 passes and more find.

import { solveInUnits } from "../linalg/cholesky";
import { Hessian, hessianScratchBytes, LARGEST, startHessian, unknownAt } from "../losses/hessian";
import { Objective, SOFTMAX } from "../objective";
import { kinked } from "../penalties/separable";
import { held } from "./adjoint";
import { centre, centreGradient } from "./centering";
import { formHessian, hessianPasses, passWork } from "./hessian";
import { isConstant } from "./moments";
import { Solver } from "./solver";

/** Most passes that forming and factoring may cost: fewer than conjugate gradients would take. */
const FEW: f64 = 3;

/** Added to the diagonal, so that a direction that no row sees does not have a pivot of 0. */
const TINY: f64 = 1e-300;

/** Scratch of a direct adjoint; 0 where conjugate gradients cost less. */
export function directAdjointBytes(solver: usize): usize {
  const s = changetype<Solver>(solver);
  const o = changetype<Objective>(s.objective);
  if (!kinked(o) && o.gram == 0) return 0;
  const count = listFree(s, o, 0, 0);
  const order = o.outputs * (count + 1);
  if (order > LARGEST || work(o, count) > FEW) return 0;
  const doubles = <usize>order * (<usize>order + 2) + <usize>o.columns;
  return offsetof<Hessian>() + (doubles << 3) + hessianScratchBytes(o, count + 1);
}

/** Cost of forming, factoring and solving, in passes. */
function work(o: Objective, count: i32): f64 {
  const order = <f64>o.outputs * <f64>(count + 1);
  return hessianPasses(o, count) + (order * order * order) / 6 / passWork(o);
}

/** Begins: `directAdjointForm` until it returns 1, then `directAdjoint`. scratch: `directAdjointBytes`. */
export function directAdjointStart(solver: usize, scratch: usize): void {
  const s = changetype<Solver>(solver);
  const o = changetype<Objective>(s.objective);
  const h = changetype<Hessian>(scratch);
  const columns = (<usize>o.columns) << 2;
  h.list = scratch + offsetof<Hessian>();
  h.places = h.list + columns;
  h.matrix = h.places + columns;
  h.count = listFree(s, o, h.list, h.places);
  const order = <usize>(o.outputs * (h.count + 1));
  h.scratch = h.matrix + ((order * (order + 2)) << 3);
  startHessian(h, o);
}

/** Forms a piece of the Hessian. Returns 1 once it is there. */
export function directAdjointForm(solver: usize, scratch: usize): i32 {
  const s = changetype<Solver>(solver);
  const o = changetype<Objective>(s.objective);
  return i32(formHessian(changetype<Hessian>(scratch), s, o));
}

/** u ← H⁻¹·right in θ's layout, over the unknowns that no kink holds. right: ∂e/∂θ, overwritten. */
export function directAdjoint(solver: usize, right: usize, u: usize, scratch: usize): void {
  const s = changetype<Solver>(solver);
  const o = changetype<Objective>(s.objective);
  const h = changetype<Hessian>(scratch);
  const count = h.count;
  const list = h.list;
  const matrix = h.matrix;
  const weights = o.outputs * count;
  const order = weights + o.outputs;
  const v = matrix + ((<usize>(order * order)) << 3);
  const units = v + ((<usize>order) << 3);
  o.passes += work(o, count);
  centreGradient(o, s.moments, right);
  for (let i = 0; i < order; i++) {
    const from = unknownAt(o, list, count, i);
    const own = matrix + ((<usize>(i * order + i)) << 3);
    if (i < weights && held(s, o, <i32>(from >> 3))) {
      clear(order, i, matrix);
      store<f64>(own, 1);
      store<f64>(v + ((<usize>i) << 3), 0);
    } else {
      store<f64>(own, load<f64>(own) + (i < weights ? o.l2 : 0) + TINY);
      store<f64>(v + ((<usize>i) << 3), load<f64>(right + from));
    }
  }
  solveInUnits(order, matrix, v, units);
  memory.fill(s.trial, 0, (<usize>o.thetaCount) << 3);
  for (let i = 0; i < order; i++) {
    store<f64>(s.trial + unknownAt(o, list, count, i), load<f64>(v + ((<usize>i) << 3)));
  }
  if (o.model == SOFTMAX) takeOutShifts(s, o, s.trial);
  centre(o, s.moments, s.trial, u, -1);
}

/**
 * Takes out of u what all classes have in common, which changes no difference of scores: where no penalty has curvature along it,
 * a factor leaves any amount of it, and conjugate gradients none.
 */
function takeOutShifts(s: Solver, o: Objective, u: usize): void {
  for (let j = o.l2 > 0 ? o.columns : 0; j <= o.columns; j++) {
    const first = u + ((<usize>(j < o.columns ? j : o.weightCount)) << 3);
    const next = (<usize>(j < o.columns ? o.columns : 1)) << 3;
    let sum: f64 = 0;
    let free = true;
    for (let c = 0; c < o.outputs; c++) {
      sum += load<f64>(first + <usize>c * next);
      if (j < o.columns && held(s, o, c * o.columns + j)) free = false;
    }
    if (!free) continue;
    for (let c = 0; c < o.outputs; c++) {
      const at = first + <usize>c * next;
      store<f64>(at, load<f64>(at) - sum / <f64>o.outputs);
    }
  }
}

/** Row and column i ← 0. */
function clear(order: i32, i: i32, matrix: usize): void {
  memory.fill(matrix + ((<usize>(i * order)) << 3), 0, (<usize>order) << 3);
  for (let k = 0; k < order; k++) store<f64>(matrix + ((<usize>(k * order + i)) << 3), 0);
}

/** list ← the columns of which an output has a free weight, places ← where each is there, or −1, unless 0. Returns how many. */
function listFree(s: Solver, o: Objective, list: usize, places: usize): i32 {
  let count = 0;
  for (let j = 0; j < o.columns; j++) {
    let free = false;
    for (let c = 0; c < o.outputs && !free && !isConstant(o, s.moments, j); c++) free = !held(s, o, c * o.columns + j);
    if (list != 0) {
      store<i32>(places + ((<usize>j) << 2), free ? count : -1);
      if (free) store<i32>(list + ((<usize>count) << 2), j);
    }
    if (free) count++;
  }
  return count;
}
