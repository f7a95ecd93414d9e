// Truncated Newton for the reduced problem: conjugate gradients on the exact Hessian, preconditioned by the factor of
// factor.ts (for one output that is the whole Hessian's, and one iteration solves).

import { axpy, dot } from "../linalg/dense";
import { Basis } from "./basis";
import { precondition, reducedFactor, renewalPasses, rowWork } from "./factor";
import {
  DIRECTIONS,
  isHeld,
  Reduced,
  reducedGradient,
  reducedHessian,
  reducedHessians,
  release,
  workOf,
} from "./model";

/** A direction is dropped if less than this share of its curvature is left once it is made conjugate to those before. */
const NEW: f64 = 1e-6;

/** residual ← b, z ← factor⁻¹·b, x ← 0. Where the factor is exact, x ← z instead, the solution, and true is returned. */
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

/**
 * Finds conjugate directions for `reducedSolveNext` that solve `count` systems at the same a, of b one after the other:
 * in rounds, one for each that lacks one, whose products take Z from memory once. Returns the products spent. Of 45000
 * rows of 10 classes and 2 to 18 slots, a product took a fifth of the time of one alone.
 */
export function reducedSolveAhead(pointer: usize, count: i32, b: usize, tolerance: f64): i32 {
  const r = changetype<Reduced>(pointer);
  const n = r.length;
  const bytes = (<usize>n) << 3;
  let products = 0;
  let found = 1;
  while (found > 0 && !r.exact) {
    const first = r.directions;
    found = 0;
    for (let j = 0; j < count && first + found < min(DIRECTIONS, n); j++) {
      if (nextDirection(r, b + <usize>j * bytes, first, directionOf(r, first + found), tolerance)) found++;
    }
    if (found == 0) return products;
    reducedHessians(pointer, found, directionOf(r, first), productOf(r, first), 2 * bytes);
    products += found;
    for (let j = first; j < first + found; j++) addConjugate(r, j);
    if (r.directions == first) return products;
  }
  return products;
}

/** z ← factor⁻¹·r, r what the first `count` directions leave of b. Returns whether r is above the tolerance. */
function nextDirection(r: Reduced, b: usize, count: i32, z: usize, tolerance: f64): bool {
  const n = r.length;
  const bytes = (<usize>n) << 3;
  const residual = workOf(r, 0);
  const curvatures = workOf(r, 9);
  memory.copy(residual, b, bytes);
  memory.copy(z, b, bytes);
  precondition(r, z);
  if (count == 0) return true;
  const goal = dot<f64>(n, residual, z) * tolerance * tolerance;
  for (let i = 0; i < count; i++) {
    const part = dot<f64>(n, directionOf(r, i), residual) / load<f64>(curvatures + ((<usize>i) << 3));
    axpy<f64>(n, -part, productOf(r, i), residual);
  }
  memory.copy(z, residual, bytes);
  precondition(r, z);
  countVectors(r, 2 * count);
  return dot<f64>(n, residual, z) > goal;
}

/** A direction at `from` and its product join the conjugate ones, unless it is a combination of them. */
function addConjugate(r: Reduced, from: i32): void {
  const n = r.length;
  const curvatures = workOf(r, 9);
  const p = directionOf(r, r.directions);
  const q = productOf(r, r.directions);
  if (r.directions < from) {
    memory.copy(p, directionOf(r, from), (<usize>n) << 3);
    memory.copy(q, productOf(r, from), (<usize>n) << 3);
  }
  const own = dot<f64>(n, p, q);
  for (let i = 0; i < r.directions; i++) {
    const part = dot<f64>(n, productOf(r, i), p) / load<f64>(curvatures + ((<usize>i) << 3));
    axpy<f64>(n, -part, directionOf(r, i), p);
    axpy<f64>(n, -part, productOf(r, i), q);
  }
  const curvature = dot<f64>(n, p, q);
  countVectors(r, 3 * r.directions + 2);
  if (!(curvature > NEW * own)) return;
  store<f64>(curvatures + ((<usize>r.directions) << 3), curvature);
  r.directions++;
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
 * @param anew whether there are no factors of this span yet
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
  if (anew || isHeld(r)) {
    release(r);
    reducedFactor(pointer, false);
  }
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
      if (<f64>r.spent * r.productPasses > renewalPasses(r)) reducedFactor(pointer, false);
      r.spent = reducedSolveLinear(pointer, descent, step, iteration == 1 ? 0.1 : 0.03, 40);
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
