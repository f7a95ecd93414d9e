// Truncated Newton for the reduced problem: conjugate gradients on the exact Hessian, preconditioned by the Cholesky
// factors of its diagonal blocks (one per output; for one output that is the whole Hessian, and one iteration solves).

import { axpy, dot } from "../linalg/dense";
import { Basis, vectorOf } from "./basis";
import { Reduced, reducedGradient, reducedHessian, shapeDiagonal, shaped } from "./model";
import { Projection, projectionDiagonalBlocks } from "./projection";

/** Factors the diagonal blocks at the last gradient's a; good for many nearby solves. */
export function reducedFactor(pointer: usize): void {
  const r = changetype<Reduced>(pointer);
  const basis = changetype<Basis>(r.basis);
  const o = r.objective;
  const M = basis.capacity;
  memory.fill(r.factors, 0, (<usize>basis.outputs * <usize>M * <usize>M) << 3);
  projectionDiagonalBlocks(changetype<Projection>(r.projection), r.factors);
  for (let c = 0; c < basis.outputs; c++) {
    const matrix = r.factors + ((<usize>c * <usize>M * <usize>M) << 3);
    if (shaped(o)) addShapes(r, c, matrix);
    for (let j = 1; j < basis.size; j++) {
      const at = matrix + ((<usize>(j * M + j)) << 3);
      store<f64>(at, load<f64>(at) + o.l2);
    }
    cholesky(basis.size, M, matrix);
  }
  r.passes += 0.25 * <f64>basis.size * r.productPasses;
}

/** Lower triangle of matrix += B_cᵀ·diag(curvature of L1, hinges and group norms)·B_c. */
function addShapes(r: Reduced, c: i32, matrix: usize): void {
  const basis = changetype<Basis>(r.basis);
  const o = r.objective;
  const d = basis.columns;
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
      const to = matrix + ((<usize>(j * basis.capacity + l)) << 3);
      store<f64>(to, load<f64>(to) + dot<f64>(d, bent, vectorOf(basis, c, l)));
    }
  }
}

/** Lower factor in place; a pivot that rounding took (a direction nobody sees) is replaced by a small ridge. */
function cholesky(n: i32, stride: i32, matrix: usize): void {
  let largest: f64 = 0;
  for (let j = 0; j < n; j++) largest = max(largest, load<f64>(matrix + ((<usize>(j * stride + j)) << 3)));
  const floor = max(largest, 1e-30) * 1e-10;
  for (let j = 0; j < n; j++) {
    const rowJ = matrix + ((<usize>(j * stride)) << 3);
    let pivot = load<f64>(rowJ + ((<usize>j) << 3)) - dot<f64>(j, rowJ, rowJ);
    pivot = Math.sqrt(max(pivot, floor));
    store<f64>(rowJ + ((<usize>j) << 3), pivot);
    for (let i = j + 1; i < n; i++) {
      const rowI = matrix + ((<usize>(i * stride)) << 3);
      const at = rowI + ((<usize>j) << 3);
      store<f64>(at, (load<f64>(at) - dot<f64>(j, rowI, rowJ)) / pivot);
    }
  }
}

/** x ← (diagonal blocks)⁻¹·x. */
function precondition(r: Reduced, x: usize): void {
  const basis = changetype<Basis>(r.basis);
  const M = basis.capacity;
  const n = basis.size;
  for (let c = 0; c < basis.outputs; c++) {
    const matrix = r.factors + ((<usize>c * <usize>M * <usize>M) << 3);
    const v = x + ((<usize>(c * M)) << 3);
    for (let i = 0; i < n; i++) {
      const row = matrix + ((<usize>(i * M)) << 3);
      const at = v + ((<usize>i) << 3);
      store<f64>(at, (load<f64>(at) - dot<f64>(i, row, v)) / load<f64>(row + ((<usize>i) << 3)));
    }
    for (let i = n - 1; i >= 0; i--) {
      const row = matrix + ((<usize>(i * M)) << 3);
      const at = v + ((<usize>i) << 3);
      const value = load<f64>(at) / load<f64>(row + ((<usize>i) << 3));
      store<f64>(at, value);
      axpy<f64>(i, -value, row, v);
    }
  }
}

function workOf(r: Reduced, index: i32): usize {
  return r.work + ((<usize>index * <usize>r.length) << 3);
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
  memory.fill(x, 0, bytes);
  memory.copy(residual, b, bytes);
  memory.copy(z, b, bytes);
  precondition(r, z);
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
 * a ← argmin ℓ_λ(θ(a)) from where it stands, until the Newton decrement ½gᵀH⁻¹g (the expected decrease) is below
 * tolerance·|ℓ|, at most `limit` iterations. Afterwards value, gradient and curvature are those of the a left.
 * Returns ℓ, or NaN when no descent was possible from a point that is not finite.
 */
export function reducedSolve(pointer: usize, a: usize, tolerance: f64, limit: i32): f64 {
  const r = changetype<Reduced>(pointer);
  const n = r.length;
  const bytes = (<usize>n) << 3;
  const gradient = workOf(r, 4);
  const step = workOf(r, 5);
  const trial = workOf(r, 6);
  const descent = workOf(r, 7);
  let value = reducedGradient(pointer, a, gradient);
  if (!isFinite(value)) return NaN;
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
      reducedSolveLinear(pointer, descent, step, iteration == 1 ? 0.1 : 0.03, 40);
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
