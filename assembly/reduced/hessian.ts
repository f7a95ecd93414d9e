// The whole Hessian of softmax in the span, outputs·size unknowns. Its diagonal blocks alone leave conjugate gradients 5
// to 15 products for each right-hand side; whole, its factor answers any number of them. With g_i = (p_ic·z_ic)_c,
//
//   H = Σ_i w_i·(blockdiag(p_ic·z_ic·z_icᵀ) − g_i·g_iᵀ)
//
// is one symmetric update: outputs·size/4 products with Z for all rows, and as large a share for a sample of them.

import { BLOCK, Objective } from "../objective";
import { dotBlock, product } from "./projection";
import { RowSample, sampleBlock, sampleBytes, sampleInit, sampleNext } from "./row-sample";
import { CHUNK, Projection, rowsOf, slotOf } from "./slots";

/** What `projectionWholeHessian` works in: the sample, then z and p·z, p, w and two shapes of a block of it. */
export function wholeHessianScratch(outputs: i32, size: i32): usize {
  return sampleBytes(outputs) + ((<usize>((2 * outputs * size + outputs + 3) * BLOCK)) << 3);
}

/**
 * Lower triangle of `matrix`, of order outputs·size (output by output), ← H at the last gradient's a, of all rows or as
 * about so many `wanted` tell. Returns how many did.
 */
export function projectionWholeHessian(p: Projection, matrix: usize, scratch: usize, wanted: i32): i32 {
  const o = changetype<Objective>(p.objective);
  const order = o.outputs * p.size;
  memory.fill(matrix, 0, (<usize>order * <usize>order) << 3);
  const sample = changetype<RowSample>(scratch);
  sampleInit(scratch, p, wanted);
  const z = scratch + sampleBytes(o.outputs);
  const blockBytes = (<usize>BLOCK) << 3;
  memory.fill(z, 0, <usize>order * blockBytes);
  const scaled = z + <usize>order * blockBytes;
  const prob = scaled + <usize>order * blockBytes;
  const weights = prob + <usize>o.outputs * blockBytes;
  let rows = 0;
  let lane = 0;
  for (let row = 0; row < o.rows; row++) {
    const block = row / BLOCK;
    const i = row % BLOCK;
    if (i == 0) sampleBlock(sample, p, block);
    const scale = sampleNext(sample, i);
    if (scale == 0) continue;
    const weight = load<f64>(p.curvatures + ((<usize>row) << 3));
    store<f64>(weights + ((<usize>lane) << 3), weight * scale);
    gather(p, o, block, (<usize>i) << 3, z + ((<usize>lane) << 3), prob + ((<usize>lane) << 3));
    rows++;
    lane++;
    if (lane == BLOCK) {
      update(o.outputs, p.size, z, scaled, prob, weights, matrix);
      lane = 0;
    }
  }
  if (lane > 0) {
    memory.fill(weights + ((<usize>lane) << 3), 0, (<usize>(BLOCK - lane)) << 3);
    update(o.outputs, p.size, z, scaled, prob, weights, matrix);
  }
  return rows;
}

/**
 * Softmax does not see all intercepts move alike, and no penalty does: a curvature that is theirs alone, the mean of their
 * own, makes the matrix definite and changes no answer to a gradient.
 */
export function holdIntercepts(matrix: usize, outputs: i32, size: i32): void {
  const order = outputs * size;
  let sum: f64 = 0;
  for (let c = 0; c < outputs; c++) sum += load<f64>(matrix + ((<usize>(c * size) * <usize>(order + 1)) << 3));
  const each = sum / <f64>(outputs * outputs);
  for (let c = 0; c < outputs; c++) {
    for (let before = 0; before <= c; before++) {
      add(matrix + ((<usize>(c * size) * <usize>order + <usize>(before * size)) << 3), each);
    }
  }
}

/** A row's z and p, into a lane of a block of the sample. */
function gather(p: Projection, o: Objective, block: i32, at: usize, z: usize, prob: usize): void {
  for (let c = 0; c < o.outputs; c++) {
    store<f64>(prob, load<f64>(rowsOf(p.probabilities, o, block, c) + at));
    prob += (<usize>BLOCK) << 3;
    for (let first = 0; first < p.size; first += CHUNK) {
      let from = slotOf(p, o, block, c, first) + at;
      const end = min(first + CHUNK, p.size);
      for (let j = first; j < end; j++) {
        store<f64>(z, load<f64>(from));
        from += (<usize>BLOCK) << 3;
        z += (<usize>BLOCK) << 3;
      }
    }
  }
}

/** matrix += H of a block of the sample. */
function update(outputs: i32, m: i32, z: usize, scaled: usize, prob: usize, weights: usize, matrix: usize): void {
  const order = outputs * m;
  const shape = weights + ((<usize>BLOCK) << 3);
  const weighted = shape + ((<usize>BLOCK) << 3);
  for (let c = 0; c < outputs; c++) {
    const own = prob + ((<usize>(c * BLOCK)) << 3);
    for (let j = 0; j < m; j++) product(slotIn(z, m, c, j), own, slotIn(scaled, m, c, j));
    for (let i = 0; i < BLOCK; i++) {
      const at = (<usize>i) << 3;
      store<f64>(shape + at, load<f64>(weights + at) * (1 - load<f64>(own + at)));
    }
    for (let j = 0; j < m; j++) {
      const row = matrix + ((<usize>(c * m + j) * <usize>order) << 3);
      product(slotIn(scaled, m, c, j), shape, weighted);
      const within = row + ((<usize>(c * m)) << 3);
      for (let l = 0; l <= j; l++) add(within + ((<usize>l) << 3), dotBlock(weighted, slotIn(z, m, c, l)));
      product(slotIn(scaled, m, c, j), weights, weighted);
      for (let before = 0; before < c * m; before++) {
        add(row + ((<usize>before) << 3), -dotBlock(weighted, scaled + ((<usize>(before * BLOCK)) << 3)));
      }
    }
  }
}

function slotIn(blocks: usize, size: i32, output: i32, slot: i32): usize {
  return blocks + ((<usize>((output * size + slot) * BLOCK)) << 3);
}

function add(to: usize, value: f64): void {
  store<f64>(to, load<f64>(to) + value);
}
