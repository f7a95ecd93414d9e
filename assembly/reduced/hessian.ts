// The whole Hessian of softmax in the span, outputs·size unknowns. Its diagonal blocks alone leave conjugate gradients 5
// to 15 products for each right-hand side; whole, its factor answers any number of them. With g_i = (p_ic·z_ic)_c,
//
//   H = Σ_i w_i·(blockdiag(p_ic·z_ic·z_icᵀ) − g_i·g_iᵀ)
//
// is one symmetric update: outputs·size/4 products with Z.

import { BLOCK, Objective } from "../objective";
import { dotBlock, product } from "./projection";
import { Projection, rowsOf, slotOf } from "./slots";

/**
 * Lower triangle of `matrix`, of order outputs·size (output by output), ← H at the last gradient's a.
 *
 * @param scaled scratch: f64[outputs][size][BLOCK]
 */
export function projectionWholeHessian(p: Projection, matrix: usize, scaled: usize): void {
  const o = changetype<Objective>(p.objective);
  const m = p.size;
  const order = o.outputs * m;
  memory.fill(matrix, 0, (<usize>order * <usize>order) << 3);
  const blocks = (o.rows + BLOCK - 1) / BLOCK;
  const shape = p.scratch;
  const weighted = p.scratch + ((<usize>BLOCK) << 3);
  for (let block = 0; block < blocks; block++) {
    const weights = p.curvatures + ((<usize>(block * BLOCK)) << 3);
    for (let c = 0; c < o.outputs; c++) {
      const prob = rowsOf(p.probabilities, o, block, c);
      for (let j = 0; j < m; j++) product(slotOf(p, o, block, c, j), prob, scaledSlot(scaled, m, c, j));
      for (let i = 0; i < BLOCK; i++) {
        const at = (<usize>i) << 3;
        store<f64>(shape + at, load<f64>(weights + at) * (1 - load<f64>(prob + at)));
      }
      for (let j = 0; j < m; j++) {
        const row = matrix + ((<usize>(c * m + j) * <usize>order) << 3);
        const own = scaledSlot(scaled, m, c, j);
        product(own, shape, weighted);
        const within = row + ((<usize>(c * m)) << 3);
        for (let l = 0; l <= j; l++) add(within + ((<usize>l) << 3), dotBlock(weighted, slotOf(p, o, block, c, l)));
        product(own, weights, weighted);
        for (let before = 0; before < c * m; before++) {
          add(row + ((<usize>before) << 3), -dotBlock(weighted, scaled + ((<usize>(before * BLOCK)) << 3)));
        }
      }
    }
  }
}

function scaledSlot(scaled: usize, size: i32, output: i32, slot: i32): usize {
  return scaled + ((<usize>((output * size + slot) * BLOCK)) << 3);
}

function add(to: usize, value: f64): void {
  store<f64>(to, load<f64>(to) + value);
}
