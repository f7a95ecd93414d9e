// The factor that preconditions systems of the reduced problem, and where it is complete solves them: of the diagonal blocks
// of the Hessian, one per output, or of the whole of it as all rows or a sample of them tell it.

import { cholesky, solveFactored } from "../linalg/cholesky";
import { dot } from "../linalg/dense";
import { Basis, vectorOf } from "./basis";
import { holdIntercepts, projectionWholeHessian } from "./hessian";
import { heldOf, isHeld, Reduced, shapeDiagonal, shaped, wholeFits, workOf } from "./model";
import { projectionDiagonalBlocks } from "./projection";
import { Projection } from "./slots";

/** Rows of a sample per unknown of the whole Hessian. */
const SAMPLED: f64 = 8;

/** Products that a factor of the whole Hessian, even one of sampled rows, saves in the first system it is used for. */
const SPARED: f64 = 5;

/** Products that a system takes with diagonal blocks that are fresh. */
const TAKEN: f64 = 3;

/** Ridge on coefficients without a penalty (`heldOf`), as a share of each one's own curvature. */
const HELD: f64 = 1e-5;

/**
 * Factors the Hessian at the last gradient's a; good for many nearby solves. `exactly`: the whole of it where that fits,
 * for outputs·size/4 products. Else the whole as a sample of the rows tells it, where it costs little, or the diagonal
 * blocks.
 */
export function reducedFactor(pointer: usize, exactly: bool): void {
  const r = changetype<Reduced>(pointer);
  const basis = changetype<Basis>(r.basis);
  const p = changetype<Projection>(r.projection);
  const order = basis.outputs * basis.size;
  let rows = exactly ? r.objective.rows : sampledRows(r);
  r.whole =
    wholeFits(basis.outputs, basis.capacity) &&
    (exactly || wholePasses(r, rows) < blockPasses(r) + SPARED * r.productPasses);
  const stride = r.whole ? order : basis.capacity;
  if (r.whole) {
    const scratch = r.factors + ((<usize>r.length * <usize>r.length) << 3);
    rows = projectionWholeHessian(p, r.factors, scratch, rows);
    holdIntercepts(r.factors, basis.outputs, basis.size);
  } else {
    memory.fill(r.factors, 0, (<usize>basis.outputs * <usize>stride * <usize>stride) << 3);
    projectionDiagonalBlocks(p, r.factors);
  }
  for (let c = 0; c < basis.outputs; c++) addPenalties(r, c, blockOf(r, c), stride);
  const blocks = r.whole ? 1 : basis.outputs;
  for (let c = 0; c < blocks; c++) cholesky(r.whole ? order : basis.size, stride, blockOf(r, c));
  r.passes += r.whole ? wholePasses(r, rows) : blockPasses(r);
  const complete = r.whole ? rows == r.objective.rows : basis.outputs == 1;
  r.exact = complete && r.objective.groupNorm == 0;
  r.spent = 0;
}

/** Whether the factor is of the whole Hessian. */
export function reducedWhole(pointer: usize): bool {
  return changetype<Reduced>(pointer).whole;
}

/**
 * Passes that a system must cost with old factors before new ones are worth making. With new blocks at every λ that is looked at,
 * balanced error and macro-F1 took 370 and 418 passes, not 299 and 371 (50 splits, errors alike).
 */
export function renewalPasses(r: Reduced): f64 {
  if (r.whole) return wholePasses(r, sampledRows(r));
  const blocks = changetype<Basis>(r.basis).outputs > 1;
  return blockPasses(r) + (blocks ? TAKEN * r.productPasses : 0);
}

function sampledRows(r: Reduced): i32 {
  const basis = changetype<Basis>(r.basis);
  return <i32>min(SAMPLED * <f64>(basis.outputs * basis.size), <f64>r.objective.rows);
}

/** Cost of the factor of the whole Hessian of so many rows, in passes. */
function wholePasses(r: Reduced, rows: i32): f64 {
  const basis = changetype<Basis>(r.basis);
  const order = <f64>basis.outputs * <f64>basis.size;
  const products = 0.25 * order * (<f64>rows / <f64>r.objective.rows);
  return products * r.dataPasses + shapePasses(r) + (order * order * order) / (12 * rowWork(r));
}

/** Cost of the factors of the diagonal blocks, in passes. */
function blockPasses(r: Reduced): f64 {
  return 0.25 * <f64>changetype<Basis>(r.basis).size * r.dataPasses + shapePasses(r);
}

/** Cost of the penalties' part in a factor, in passes. */
function shapePasses(r: Reduced): f64 {
  return shaped(r.objective) ? 0.5 * <f64>changetype<Basis>(r.basis).size * r.weightPasses : 0;
}

/** The diagonal block of output c. */
function blockOf(r: Reduced, c: i32): usize {
  const basis = changetype<Basis>(r.basis);
  const m = basis.size;
  const M = basis.capacity;
  return r.factors + ((<usize>c * <usize>(r.whole ? basis.outputs * m * m + m : M * M)) << 3);
}

/** Multiplications of a pass over the training rows, over 2. */
export function rowWork(r: Reduced): f64 {
  const basis = changetype<Basis>(r.basis);
  return (r.objective.valueCount + <f64>r.objective.rows) * <f64>basis.outputs;
}

/** Lower triangle of a block += B_cᵀ·diag(curvature of L1, hinges and group norms)·B_c + l2·I + what holds coefficients. */
function addPenalties(r: Reduced, c: i32, matrix: usize, stride: i32): void {
  const basis = changetype<Basis>(r.basis);
  const o = r.objective;
  if (shaped(o)) addShapes(r, c, matrix, stride);
  const free = isHeld(r);
  const held = heldOf(r) + ((<usize>(c * basis.capacity)) << 3);
  for (let j = 1; j < basis.size; j++) {
    const at = matrix + ((<usize>(j * stride + j)) << 3);
    const hold = held + ((<usize>j) << 3);
    const own = load<f64>(at);
    if (free && load<f64>(hold) == 0) store<f64>(hold, HELD * own);
    store<f64>(at, own + (o.l2 + load<f64>(hold)));
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
export function precondition(r: Reduced, x: usize): void {
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
