// The rows of a data set seen through a basis: Z_c = X·B_c, kept in blocks of rows, so that a virtual model's scores,
// losses, gradient and Hessian products cost m/columns of a pass over X. One projection holds the training rows,
// another the validation rows; each borrows the targets, weights and groups of its `Objective`.

import { sweep } from "../linalg/sweep";
import { groupOf, shareOf } from "../losses/block";
import { linkBlock } from "../losses/link";
import { bendBlock, probabilitiesOf } from "../losses/second-derivatives";
import { BLOCK, LOGISTIC, Objective, SOFTMAX } from "../objective";
import { CHUNK, Projection, rowsOf, slotOf } from "./slots";

/** Z_·slot ← scores, [output][row] as `objectiveScores` leaves them, less the intercepts. */
export function projectionSet(pointer: usize, slot: i32, size: i32, scores: usize): void {
  const p = changetype<Projection>(pointer);
  const o = changetype<Objective>(p.objective);
  p.size = size;
  for (let first = 0; first < o.rows; first += BLOCK) {
    const bytes = (<usize>min(BLOCK, o.rows - first)) << 3;
    for (let c = 0; c < o.outputs; c++) {
      memory.copy(
        slotOf(p, o, first / BLOCK, c, slot),
        scores + ((<usize>c * <usize>o.rows + <usize>first) << 3),
        bytes,
      );
    }
  }
}

/**
 * `projectionSet` from the scores of the whole model θ = Σ_j a_j·B_j that the slot was made of: what the other slots leave
 * of them, over a's entry for the slot.
 */
export function projectionExtend(pointer: usize, slot: i32, size: i32, scores: usize, a: usize): void {
  const p = changetype<Projection>(pointer);
  const o = changetype<Objective>(p.objective);
  for (let first = 0; first < o.rows; first += BLOCK) {
    const block = first / BLOCK;
    const count = min(BLOCK, o.rows - first);
    for (let c = 0; c < o.outputs; c++) memory.fill(slotOf(p, o, block, c, slot), 0, (<usize>BLOCK) << 3);
    forward(p, o, block, a, p.scratch);
    for (let c = 0; c < o.outputs; c++) {
      const rest = load<f64>(a + ((<usize>(c * p.capacity + slot)) << 3));
      const others = p.scratch + ((<usize>(c * BLOCK)) << 3);
      const from = scores + ((<usize>c * <usize>o.rows + <usize>first) << 3);
      const to = slotOf(p, o, block, c, slot);
      for (let i = 0; i < count && rest > 0; i++) {
        const at = (<usize>i) << 3;
        store<f64>(to + at, (load<f64>(from + at) - load<f64>(others + at)) / rest);
      }
    }
  }
  p.size = size;
}

/** out [output][row] ← scores of the virtual model a, or of a direction. */
export function projectionScores(pointer: usize, a: usize, out: usize): void {
  const p = changetype<Projection>(pointer);
  const o = changetype<Objective>(p.objective);
  for (let first = 0; first < o.rows; first += BLOCK) {
    forward(p, o, first / BLOCK, a, p.scratch);
    const bytes = (<usize>min(BLOCK, o.rows - first)) << 3;
    for (let c = 0; c < o.outputs; c++) {
      memory.copy(
        out + ((<usize>c * <usize>o.rows + <usize>first) << 3),
        p.scratch + ((<usize>(c * BLOCK)) << 3),
        bytes,
      );
    }
  }
}

/**
 * Σ_g λ_g·φ_g of the virtual model a and its gradient in a (added to `gradient`). What curvature needs at this a is
 * kept for `projectionHessian` and the derivatives below.
 */
export function projectionGradient(pointer: usize, a: usize, gradient: usize): f64 {
  const p = changetype<Projection>(pointer);
  const o = changetype<Objective>(p.objective);
  memory.fill(o.groupLosses, 0, (<usize>o.groups + 1) << 3);
  if (o.kept == p.residuals) o.keptAt = 0;
  for (let first = 0; first < o.rows; first += BLOCK) {
    const block = first / BLOCK;
    const count = min(BLOCK, o.rows - first);
    const residuals = rowsOf(p.residuals, o, block, 0);
    forward(p, o, block, a, residuals);
    if (o.model != SOFTMAX && o.model != LOGISTIC) keepDifferences(p, o, block, count);
    linkBlock<f64>(o, first, count, residuals);
    if (count < BLOCK) {
      for (let c = 0; c < o.outputs; c++) {
        memory.fill(residuals + ((<usize>(c * BLOCK + count)) << 3), 0, (<usize>(BLOCK - count)) << 3);
      }
    }
    const curvatures = p.curvatures + ((<usize>(block * BLOCK)) << 3);
    probabilitiesOf(o, first, count, residuals, rowsOf(p.probabilities, o, block, 0), curvatures);
    backward(p, o, block, residuals, gradient);
  }
  let loss: f64 = 0;
  for (let g = 0; g <= o.groups; g++) {
    loss += load<f64>(o.groupWeights + ((<usize>g) << 3)) * load<f64>(o.groupLosses + ((<usize>g) << 3));
  }
  return loss;
}

function keepDifferences(p: Projection, o: Objective, block: i32, count: i32): void {
  const scores = rowsOf(p.residuals, o, block, 0);
  const out = rowsOf(p.probabilities, o, block, 0);
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 3;
    store<f64>(out + at, load<f64>(scores + at) - load<f64>(o.targets + ((<usize>(block * BLOCK + i)) << 3)));
  }
}

/**
 * out += H·v of the data terms at the last gradient's a, for `count` vectors that are `stride` bytes apart, as their
 * products are: two products with Z each, like a gradient, but a block of Z comes from memory once for all.
 */
export function projectionHessian(pointer: usize, count: i32, v: usize, out: usize, stride: usize): void {
  const p = changetype<Projection>(pointer);
  const o = changetype<Objective>(p.objective);
  const blocks = (o.rows + BLOCK - 1) / BLOCK;
  for (let block = 0; block < blocks; block++) {
    const weights = p.curvatures + ((<usize>(block * BLOCK)) << 3);
    const prob = rowsOf(p.probabilities, o, block, 0);
    for (let k = 0; k < count; k++) {
      forward(p, o, block, v + <usize>k * stride, p.scratch);
      bendBlock(o, BLOCK, prob, weights, p.scratch);
      backward(p, o, block, p.scratch, out + <usize>k * stride);
    }
  }
}

/** out[g] ← v·∂φ_g/∂a for every group, then for uniform cross-entropy, at the last gradient's a: half a product. */
export function projectionDerivatives(pointer: usize, v: usize, out: usize): void {
  const p = changetype<Projection>(pointer);
  const o = changetype<Objective>(p.objective);
  memory.fill(out, 0, (<usize>o.groups + 1) << 3);
  for (let row = 0; row < o.rows; row++) {
    const block = row / BLOCK;
    const at = (<usize>(row % BLOCK)) << 3;
    if (at == 0) forward(p, o, block, v, p.scratch);
    const prob = rowsOf(p.probabilities, o, block, 0) + at;
    const moved = p.scratch + at;
    const target = load<f64>(o.targets + ((<usize>row) << 3));
    let expected: f64 = 0; // Σ_c p_c·v_c
    let own: f64;
    let even: f64 = 0; // Σ_c v_c / C
    if (o.model == SOFTMAX) {
      for (let c = 0; c < o.outputs; c++) {
        const to = (<usize>(c * BLOCK)) << 3;
        expected += load<f64>(prob + to) * load<f64>(moved + to);
        even += load<f64>(moved + to);
      }
      even /= <f64>o.outputs;
      own = expected - load<f64>(moved + ((<usize>(<i32>target * BLOCK)) << 3));
    } else if (o.model == LOGISTIC) {
      expected = load<f64>(prob) * load<f64>(moved);
      even = 0.5 * load<f64>(moved);
      own = expected - target * load<f64>(moved);
    } else {
      own = load<f64>(prob) * load<f64>(moved);
    }
    const group = groupOf(o, row);
    const to = out + ((<usize>group) << 3);
    store<f64>(to, load<f64>(to) + shareOf(o, row) * own);
    if (o.uniformWeights != 0) {
      const last = out + ((<usize>o.groups) << 3);
      store<f64>(last, load<f64>(last) + load<f64>(o.uniformWeights + ((<usize>row) << 3)) * (expected - even));
    }
  }
}

/**
 * gradients[g] ← ∂φ_g/∂a (outputs × capacity each) for every group, then for uniform cross-entropy: together they cost
 * one product with Z, because a row belongs to one group.
 */
export function projectionGroupGradients(pointer: usize, gradients: usize): void {
  const p = changetype<Projection>(pointer);
  const o = changetype<Objective>(p.objective);
  const stride = (<usize>(o.outputs * p.capacity)) << 3;
  memory.fill(gradients, 0, stride * <usize>(o.groups + 1));
  const own = p.scratch;
  const uniform = p.scratch + ((<usize>BLOCK) << 3);
  const even = gradients + stride * <usize>o.groups;
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    for (let c = 0; c < o.outputs; c++) {
      slopesOf(p, o, first, count, c, own, uniform);
      for (let j = 0; j < p.size; j++) {
        const z = slotOf(p, o, first / BLOCK, c, j);
        const cell = (<usize>(c * p.capacity + j)) << 3;
        for (let i = 0; i < count; i++) {
          const at = (<usize>i) << 3;
          const to = gradients + cell + stride * <usize>groupOf(o, first + i);
          store<f64>(to, load<f64>(to) + load<f64>(own + at) * load<f64>(z + at));
        }
        if (o.uniformWeights == 0) continue;
        store<f64>(even + cell, load<f64>(even + cell) + dotBlock(uniform, z));
      }
    }
  }
}

/** own, uniform ← derivatives of a block's losses, and of uniform cross-entropy, in output c, each row's share of φ included. */
function slopesOf(p: Projection, o: Objective, first: i32, count: i32, c: i32, own: usize, uniform: usize): void {
  const probabilities = rowsOf(p.probabilities, o, first / BLOCK, c);
  memory.fill(uniform, 0, (<usize>BLOCK) << 3);
  for (let i = 0; i < count; i++) {
    const row = first + i;
    const at = (<usize>i) << 3;
    const target = load<f64>(o.targets + ((<usize>row) << 3));
    const prob = load<f64>(probabilities + at);
    let label: f64 = 0;
    let even: f64 = 0.5;
    if (o.model == SOFTMAX) {
      label = <f64>c == target ? 1 : 0;
      even = 1 / <f64>o.outputs;
    } else if (o.model == LOGISTIC) {
      label = target;
    }
    store<f64>(own + at, shareOf(o, row) * (prob - label));
    if (o.uniformWeights == 0) continue;
    store<f64>(uniform + at, load<f64>(o.uniformWeights + ((<usize>row) << 3)) * (prob - even));
  }
}

/** out[c] += Z_cᵀ·diag(curvature of output c alone)·Z_c: the diagonal blocks of the Hessian, capacity × capacity each. */
export function projectionDiagonalBlocks(p: Projection, out: usize): void {
  const o = changetype<Objective>(p.objective);
  const M = p.capacity;
  const blocks = (o.rows + BLOCK - 1) / BLOCK;
  for (let block = 0; block < blocks; block++) {
    const weights = p.curvatures + ((<usize>(block * BLOCK)) << 3);
    for (let c = 0; c < o.outputs; c++) {
      const prob = rowsOf(p.probabilities, o, block, c);
      for (let i = 0; i < BLOCK; i++) {
        const at = (<usize>i) << 3;
        const q = load<f64>(prob + at);
        const shape = o.model == SOFTMAX || o.model == LOGISTIC ? q * (1 - q) : 1;
        store<f64>(p.scratch + at, load<f64>(weights + at) * shape);
      }
      const matrix = out + ((<usize>c * <usize>M * <usize>M) << 3);
      for (let j = 0; j < p.size; j++) {
        const zj = slotOf(p, o, block, c, j);
        const weighted = p.scratch + ((<usize>BLOCK) << 3);
        product(zj, p.scratch, weighted);
        for (let l = 0; l <= j; l++) {
          const to = matrix + ((<usize>(j * M + l)) << 3);
          store<f64>(to, load<f64>(to) + dotBlock(weighted, slotOf(p, o, block, c, l)));
        }
      }
    }
  }
}

/**
 * Bytes of Z from which a block comes from memory in sweeps: below, prefetching does as well. 45000 rows of 10 classes, 40
 * slots: a gradient 0.67 of the time, scores 0.49; 20 slots: 1.0 and 0.74.
 */
const FAR: f64 = <f64>(1 << 25);

/** scores[c] ← Σ_j a_cj·Z_cj for one block. Half a block of rows, eight v128, stays in registers over j. */
function forward(p: Projection, o: Objective, block: i32, a: usize, scores: usize): void {
  if (<f64>o.rows * <f64>(o.outputs * p.size * 8) > FAR) {
    const bytes = (<usize>(o.outputs * CHUNK * BLOCK)) << 3;
    for (let first = 0; first < p.size; first += CHUNK) sweep(slotOf(p, o, block, 0, first), bytes);
  }
  for (let c = 0; c < o.outputs; c++) {
    const coefficients = a + ((<usize>(c * p.capacity)) << 3);
    const out = scores + ((<usize>(c * BLOCK)) << 3);
    if (ASC_FEATURE_SIMD) {
      for (let half: usize = 0; half < 256; half += 128) {
        let s0 = f64x2.splat(0);
        let s1 = f64x2.splat(0);
        let s2 = f64x2.splat(0);
        let s3 = f64x2.splat(0);
        let s4 = f64x2.splat(0);
        let s5 = f64x2.splat(0);
        let s6 = f64x2.splat(0);
        let s7 = f64x2.splat(0);
        for (let first = 0; first < p.size; first += CHUNK) {
          let column = slotOf(p, o, block, c, first) + half;
          const end = min(first + CHUNK, p.size);
          for (let j = first; j < end; j++) {
            const aj = v128.load64_splat(coefficients + ((<usize>j) << 3));
            s0 = f64x2.add(s0, f64x2.mul(aj, v128.load(column)));
            s1 = f64x2.add(s1, f64x2.mul(aj, v128.load(column, 16)));
            s2 = f64x2.add(s2, f64x2.mul(aj, v128.load(column, 32)));
            s3 = f64x2.add(s3, f64x2.mul(aj, v128.load(column, 48)));
            s4 = f64x2.add(s4, f64x2.mul(aj, v128.load(column, 64)));
            s5 = f64x2.add(s5, f64x2.mul(aj, v128.load(column, 80)));
            s6 = f64x2.add(s6, f64x2.mul(aj, v128.load(column, 96)));
            s7 = f64x2.add(s7, f64x2.mul(aj, v128.load(column, 112)));
            column += 256;
          }
        }
        const to = out + half;
        v128.store(to, s0);
        v128.store(to, s1, 16);
        v128.store(to, s2, 32);
        v128.store(to, s3, 48);
        v128.store(to, s4, 64);
        v128.store(to, s5, 80);
        v128.store(to, s6, 96);
        v128.store(to, s7, 112);
      }
    } else {
      memory.fill(out, 0, (<usize>BLOCK) << 3);
      for (let j = 0; j < p.size; j++) {
        const aj = load<f64>(coefficients + ((<usize>j) << 3));
        const z = slotOf(p, o, block, c, j);
        for (let i = 0; i < BLOCK; i++) {
          const to = out + ((<usize>i) << 3);
          store<f64>(to, load<f64>(to) + aj * load<f64>(z + ((<usize>i) << 3)));
        }
      }
    }
  }
}

/** gradient_cj += residuals_c·Z_cj for one block. */
function backward(p: Projection, o: Objective, block: i32, residuals: usize, gradient: usize): void {
  for (let c = 0; c < o.outputs; c++) {
    const r = residuals + ((<usize>(c * BLOCK)) << 3);
    const out = gradient + ((<usize>(c * p.capacity)) << 3);
    for (let first = 0; first < p.size; first += CHUNK) {
      let z = slotOf(p, o, block, c, first);
      const end = min(first + CHUNK, p.size);
      for (let j = first; j < end; j++) {
        const to = out + ((<usize>j) << 3);
        store<f64>(to, load<f64>(to) + dotBlock(r, z));
        z += (<usize>BLOCK) << 3;
      }
    }
  }
}

/** xᵀy over one block; the order of the additions is that of the SIMD lanes in both builds. */
export function dotBlock(x: usize, y: usize): f64 {
  if (ASC_FEATURE_SIMD) {
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    for (let at: usize = 0; at < 256; at += 32) {
      s0 = f64x2.add(s0, f64x2.mul(v128.load(x + at), v128.load(y + at)));
      s1 = f64x2.add(s1, f64x2.mul(v128.load(x + at, 16), v128.load(y + at, 16)));
    }
    const s = f64x2.add(s0, s1);
    return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  }
  let even0: f64 = 0;
  let odd0: f64 = 0;
  let even1: f64 = 0;
  let odd1: f64 = 0;
  for (let at: usize = 0; at < 256; at += 32) {
    even0 += load<f64>(x + at) * load<f64>(y + at);
    odd0 += load<f64>(x + at, 8) * load<f64>(y + at, 8);
    even1 += load<f64>(x + at, 16) * load<f64>(y + at, 16);
    odd1 += load<f64>(x + at, 24) * load<f64>(y + at, 24);
  }
  return even0 + even1 + (odd0 + odd1);
}

export function product(x: usize, y: usize, out: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let at: usize = 0; at < 256; at += 16) v128.store(out + at, f64x2.mul(v128.load(x + at), v128.load(y + at)));
  } else {
    for (let at: usize = 0; at < 256; at += 8) store<f64>(out + at, load<f64>(x + at) * load<f64>(y + at));
  }
}
