// Truncated Newton for the reduced problem: conjugate gradients on the exact Hessian, preconditioned by the Cholesky
// factors of its diagonal blocks (one per output; for one output that is the whole Hessian, and one iteration solves).

import { cholesky, solveFactored } from "../linalg/cholesky";
import { axpy, dot } from "../linalg/dense";
import { Basis, vectorOf } from "./basis";
import { projectionWholeHessian } from "./hessian";
import { DIRECTIONS, Reduced, reducedGradient, reducedHessian, shapeDiagonal, shaped, wholeFits } from "./model";
import { projectionDiagonalBlocks } from "./projection";
import { Projection } from "./slots";

/**
 * Factors the Hessian's diagonal blocks at the last gradient's a, or the `whole` of it where that fits; good for many
 * nearby solves. The whole takes outputs·size/4 products, and spares all of every system's, 5 to 15 of a first one.
 */
export function reducedFactor(pointer: usize, whole: bool): void {
  const r = changetype<Reduced>(pointer);
  const basis = changetype<Basis>(r.basis);
  r.whole = whole && wholeFits(basis.outputs, basis.capacity);
  const p = changetype<Projection>(r.projection);
  const order = r.whole ? basis.outputs * basis.size : basis.size;
  const stride = r.whole ? order : basis.capacity;
  if (r.whole) {
    const scratch = r.factors + ((<usize>r.length * <usize>r.length) << 3);
    projectionWholeHessian(p, r.factors, scratch);
  } else {
    memory.fill(r.factors, 0, (<usize>basis.outputs * <usize>stride * <usize>stride) << 3);
    projectionDiagonalBlocks(p, r.factors);
  }
  for (let c = 0; c < basis.outputs; c++) addPenalties(r, c, blockOf(r, c), stride);
  for (let c = 0; c < (r.whole ? 1 : basis.outputs); c++) cholesky(order, stride, blockOf(r, c));
  r.passes += (r.whole ? 0.25 * <f64>basis.outputs : 0.25) * <f64>basis.size * r.productPasses;
  if (r.whole) r.passes += (<f64>order * <f64>order * <f64>order) / (12 * rowWork(r));
  r.exact = (r.whole || basis.outputs == 1) && r.objective.groupNorm == 0;
}

/** The diagonal block of output c. */
function blockOf(r: Reduced, c: i32): usize {
  const basis = changetype<Basis>(r.basis);
  const m = basis.size;
  const M = basis.capacity;
  return r.factors + ((<usize>c * <usize>(r.whole ? basis.outputs * m * m + m : M * M)) << 3);
}

/** Multiplications of a pass over the training rows, over 2. */
function rowWork(r: Reduced): f64 {
  const basis = changetype<Basis>(r.basis);
  return (r.objective.valueCount + <f64>r.objective.rows) * <f64>basis.outputs;
}

/** Lower triangle of a block += B_cᵀ·diag(curvature of L1, hinges and group norms)·B_c + l2·I. */
function addPenalties(r: Reduced, c: i32, matrix: usize, stride: i32): void {
  const basis = changetype<Basis>(r.basis);
  const o = r.objective;
  if (shaped(o)) addShapes(r, c, matrix, stride);
  for (let j = 1; j < basis.size; j++) {
    const at = matrix + ((<usize>(j * stride + j)) << 3);
    store<f64>(at, load<f64>(at) + o.l2);
  }
}

function addShapes(r: Reduced, c: i32, matrix: usize, stride: i32): void {
  const basis = changetype<Basis>(r.basis);
  const o = r.objective;
  const d = basis.support;
  const diagonal = r.direction;
  const bent = r.direction + ((<usize>d) << 3);
  shapeDiagonal(r, o, c, diagonal);
  for (let j = 1; j < basis.size; j++) {
    const vj = vectorOf(basis, c, j);
    for (let i = 0; i < d; i++) {
      const at = (<usize>i) << 3;
      store<f64>(bent + at, load<f64>(vj + at) * load<f64>(diagonal + at));
    }
    for (let l = 1; l <= j; l++) {
      const to = matrix + ((<usize>(j * stride + l)) << 3);
      store<f64>(to, load<f64>(to) + dot<f64>(d, bent, vectorOf(basis, c, l)));
    }
  }
}

/** x ← factor⁻¹·x. */
function precondition(r: Reduced, x: usize): void {
  const basis = changetype<Basis>(r.basis);
  const M = basis.capacity;
  const m = basis.size;
  if (!r.whole) {
    for (let c = 0; c < basis.outputs; c++) solveFactored(m, M, blockOf(r, c), x + ((<usize>(c * M)) << 3));
    return;
  }
  const order = basis.outputs * m;
  const bytes = (<usize>m) << 3;
  const packed = workOf(r, 8);
  for (let c = 0; c < basis.outputs; c++) memory.copy(packed + <usize>c * bytes, x + ((<usize>(c * M)) << 3), bytes);
  solveFactored(order, order, r.factors, packed);
  for (let c = 0; c < basis.outputs; c++) memory.copy(x + ((<usize>(c * M)) << 3), packed + <usize>c * bytes, bytes);
  r.passes += (<f64>order * <f64>order) / (2 * rowWork(r));
}

function workOf(r: Reduced, index: i32): usize {
  return r.work + ((<usize>index * <usize>r.length) << 3);
}

/** x ← factor⁻¹·b: H⁻¹·b, where the factor is of the whole Hessian at the last gradient's a. */
export function reducedApplyFactor(pointer: usize, b: usize, x: usize): void {
  const r = changetype<Reduced>(pointer);
  memory.copy(x, b, (<usize>r.length) << 3);
  precondition(r, x);
}

/** x ← 0, residual ← b, z ← factor⁻¹·b: where the factor is of the whole Hessian that is x, and true is returned. */
function solvedByFactor(r: Reduced, b: usize, x: usize, residual: usize, z: usize): bool {
  const bytes = (<usize>r.length) << 3;
  memory.copy(residual, b, bytes);
  memory.copy(z, b, bytes);
  precondition(r, z);
  if (r.exact) memory.copy(x, z, bytes);
  else memory.fill(x, 0, bytes);
  return r.exact;
}

/**
 * x ≈ H⁻¹·b at the last gradient's a, to ‖b − Hx‖ ≤ tolerance·‖b‖ in the preconditioner's norm or `limit` products.
 * Returns the products spent. x may not overlap b.
 */
export function reducedSolveLinear(pointer: usize, b: usize, x: usize, tolerance: f64, limit: i32): i32 {
  const r = changetype<Reduced>(pointer);
  const n = r.length;
  const bytes = (<usize>n) << 3;
  const residual = workOf(r, 0);
  const z = workOf(r, 1);
  const p = workOf(r, 2);
  const q = workOf(r, 3);
  if (solvedByFactor(r, b, x, residual, z)) return 0;
  memory.copy(p, z, bytes);
  let rho = dot<f64>(n, residual, z);
  const goal = rho * tolerance * tolerance;
  let products = 0;
  while (products < limit && rho > goal && rho > 0) {
    reducedHessian(pointer, p, q);
    products++;
    const curvature = dot<f64>(n, p, q);
    if (!(curvature > 0)) return products;
    const step = rho / curvature;
    axpy<f64>(n, step, p, x);
    axpy<f64>(n, -step, q, residual);
    memory.copy(z, residual, bytes);
    precondition(r, z);
    const next = dot<f64>(n, residual, z);
    const beta = next / rho;
    for (let i = 0; i < n; i++) {
      const at = (<usize>i) << 3;
      store<f64>(p + at, load<f64>(z + at) + beta * load<f64>(p + at));
    }
    rho = next;
  }
  return products;
}

/**
 * `reducedSolveLinear` for one of many b at the same a: their solutions go along few directions (tangents of hinges at
 * neighboring knots are much alike), so that the conjugate ones found for earlier b come first.
 */
export function reducedSolveNext(pointer: usize, b: usize, x: usize, tolerance: f64, limit: i32): i32 {
  const r = changetype<Reduced>(pointer);
  const n = r.length;
  const bytes = (<usize>n) << 3;
  const residual = workOf(r, 0);
  const z = workOf(r, 1);
  const curvatures = workOf(r, 9);
  if (solvedByFactor(r, b, x, residual, z)) return 0;
  const goal = dot<f64>(n, residual, z) * tolerance * tolerance;
  for (let i = 0; i < r.directions; i++) {
    const part = dot<f64>(n, directionOf(r, i), residual) / load<f64>(curvatures + ((<usize>i) << 3));
    axpy<f64>(n, part, directionOf(r, i), x);
    axpy<f64>(n, -part, productOf(r, i), residual);
  }
  countVectors(r, 3 * r.directions);
  let products = 0;
  while (products < limit) {
    memory.copy(z, residual, bytes);
    precondition(r, z);
    if (!(dot<f64>(n, residual, z) > goal)) return products;
    if (r.directions == min(DIRECTIONS, n)) r.directions = 0;
    for (let i = 0; i < r.directions; i++) {
      const part = dot<f64>(n, productOf(r, i), z) / load<f64>(curvatures + ((<usize>i) << 3));
      axpy<f64>(n, -part, directionOf(r, i), z);
    }
    countVectors(r, 2 * r.directions);
    const p = directionOf(r, r.directions);
    const q = productOf(r, r.directions);
    memory.copy(p, z, bytes);
    reducedHessian(pointer, p, q);
    products++;
    const curvature = dot<f64>(n, p, q);
    if (!(curvature > 0)) return products;
    store<f64>(curvatures + ((<usize>r.directions) << 3), curvature);
    r.directions++;
    const step = dot<f64>(n, p, residual) / curvature;
    axpy<f64>(n, step, p, x);
    axpy<f64>(n, -step, q, residual);
  }
  return products;
}

function directionOf(r: Reduced, index: i32): usize {
  return workOf(r, 10 + 2 * index);
}

function productOf(r: Reduced, index: i32): usize {
  return workOf(r, 11 + 2 * index);
}

/** Counts operations with vectors of all coefficients. */
function countVectors(r: Reduced, count: i32): void {
  const basis = changetype<Basis>(r.basis);
  r.passes += (<f64>count * <f64>basis.outputs * <f64>basis.size) / (2 * rowWork(r));
}

/**
 * a ← argmin ℓ_λ(θ(a)) from where it stands, until the Newton decrement ½gᵀH⁻¹g (the expected decrease) is below
 * tolerance·|ℓ|, at most `limit` iterations. Afterwards value, gradient and curvature are those of the a left.
 * Returns ℓ, or NaN when no descent was possible from a point that is not finite.
 *
 * @param anew whether the factors are far from those of this λ
 */
export function reducedSolve(pointer: usize, a: usize, anew: bool, tolerance: f64, limit: i32): f64 {
  const r = changetype<Reduced>(pointer);
  const basis = changetype<Basis>(r.basis);
  const n = r.length;
  const bytes = (<usize>n) << 3;
  const gradient = workOf(r, 4);
  const step = workOf(r, 5);
  const trial = workOf(r, 6);
  const descent = workOf(r, 7);
  let value = reducedGradient(pointer, a, gradient);
  if (!isFinite(value)) return NaN;
  if (anew) reducedFactor(pointer, false);
  // For one output the factor solves, where it is new.
  const renewal = basis.outputs == 1 ? 0.25 * <f64>basis.size : Infinity;
  let products = 0;
  // What the preconditioner misses of the decrement, as the last system told: spares the system that would only say
  // that all is done.
  let share: f64 = Infinity;
  let iteration = 0;
  let running = true;
  while (running && iteration < limit) {
    iteration++;
    for (let i = 0; i < n; i++) store<f64>(descent + ((<usize>i) << 3), -load<f64>(gradient + ((<usize>i) << 3)));
    memory.copy(step, descent, bytes);
    precondition(r, step);
    const estimate = dot<f64>(n, descent, step);
    const goal = 2 * tolerance * Math.abs(value);
    let slope: f64 = 0;
    if (share * estimate > goal) {
      if (<f64>products > renewal && !r.exact) reducedFactor(pointer, false);
      products = reducedSolveLinear(pointer, descent, step, iteration == 1 ? 0.1 : 0.03, 40);
      slope = -dot<f64>(n, descent, step); // gᵀp < 0
      share = -slope / estimate;
    }
    if (!(-slope > goal)) {
      running = false;
    } else {
      let length: f64 = 1;
      let accepted = false;
      while (!accepted && length > 1e-6) {
        memory.copy(trial, a, bytes);
        axpy<f64>(n, length, step, trial);
        const next = reducedGradient(pointer, trial, gradient);
        if (next <= value + 1e-4 * length * slope) {
          accepted = true;
          memory.copy(a, trial, bytes);
          value = next;
        } else {
          length *= 0.3;
        }
      }
      if (!accepted) {
        running = false;
        value = reducedGradient(pointer, a, gradient);
      }
    }
  }
  return value;
}
