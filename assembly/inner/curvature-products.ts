// What coordinate descent does with rows of R (curvature-factors.ts): products with what has moved, kept up to date.

import { axpy, dot } from "../linalg/dense";
import { multiplyAdd } from "../linalg/multiply-add";
import { Curvature, halfBytes } from "./curvature";
import { rowAt, weightAt } from "./curvature-factors";

/** out_i ← a diagonal that B's block of the unknowns in `list`, i32[count], does not exceed: γD + ‖(WR₊)ᵀWR₊‖_F·I. */
export function boundBlock(c: Curvature, list: usize, count: i32, out: usize): void {
  let squares: f64 = 0;
  for (let k = 0; k < c.modelled; k++) {
    for (let l = 0; l <= k; l++) {
      let product: f64 = 0;
      for (let index = 0; index < count; index++) {
        const i = load<i32>(list + ((<usize>index) << 2));
        const row = rowAt(c, i);
        const w = weightAt(c, i);
        product += w * w * <f64>load<f32>(row + ((<usize>k) << 2)) * <f64>load<f32>(row + ((<usize>l) << 2));
      }
      squares += (l < k ? 2 : 1) * product * product;
    }
  }
  const bound = Math.sqrt(squares);
  for (let index = 0; index < count; index++) {
    const at = (<usize>load<i32>(list + ((<usize>index) << 2))) << 3;
    store<f64>(out + at, c.scale * load<f64>(c.metric + at) + bound);
  }
}

/** (B·v)_i for v known by products = diag(±1)·RᵀWv. */
export function productAt(c: Curvature, i: i32, v: f64, products: usize): f64 {
  const w = weightAt(c, i);
  return w * (w * v + <f64>dot<f32>(<i32>(halfBytes(c.modelled) >> 1), rowAt(c, i), products));
}

/** products ← products + diag(±1)·R_i·W_i·change. */
export function moveProducts(c: Curvature, i: i32, change: f64, products: usize): void {
  const half = halfBytes(c.modelled);
  const row = rowAt(c, i);
  const move = <f32>(weightAt(c, i) * change);
  axpy<f32>(<i32>(half >> 2), move, row, products);
  axpy<f32>(<i32>(half >> 2), -move, row + half, products + half);
}

/** R_i·products of a block, by its rows. */
export function productsOfFour(
  c: Curvature,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  products: usize,
): v128 {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let a2 = f32x4.splat(0);
  let a3 = f32x4.splat(0);
  for (const end = products + 2 * halfBytes(c.modelled); products < end; products += 16) {
    const p = v128.load(products);
    a0 = multiplyAdd<f32>(p, v128.load(row0), a0);
    a1 = multiplyAdd<f32>(p, v128.load(row1), a1);
    a2 = multiplyAdd<f32>(p, v128.load(row2), a2);
    a3 = multiplyAdd<f32>(p, v128.load(row3), a3);
    row0 += 16;
    row1 += 16;
    row2 += 16;
    row3 += 16;
  }
  return pairSums(pairSums(a0, a1), pairSums(a2, a3));
}

/** a₀ + a₁, a₂ + a₃, b₀ + b₁, b₂ + b₃. */
function pairSums(a: v128, b: v128): v128 {
  return f32x4.add(v128.shuffle<f32>(a, b, 0, 2, 4, 6), v128.shuffle<f32>(a, b, 1, 3, 5, 7));
}

/** products ← products + diag(±1)·Σ_k R_k·moves_k over a block, by its rows: moves in f32. */
export function moveProductsOfFour(
  c: Curvature,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  moves: v128,
  products: usize,
): void {
  const half = halfBytes(c.modelled);
  for (let sign = 0; sign < 2; sign++) {
    const x0 = v128.shuffle<f32>(moves, moves, 0, 0, 0, 0);
    const x1 = v128.shuffle<f32>(moves, moves, 1, 1, 1, 1);
    const x2 = v128.shuffle<f32>(moves, moves, 2, 2, 2, 2);
    const x3 = v128.shuffle<f32>(moves, moves, 3, 3, 3, 3);
    for (const end = products + half; products < end; products += 16) {
      let sum = multiplyAdd<f32>(x0, v128.load(row0), v128.load(products));
      sum = multiplyAdd<f32>(x1, v128.load(row1), sum);
      sum = multiplyAdd<f32>(x2, v128.load(row2), sum);
      v128.store(products, multiplyAdd<f32>(x3, v128.load(row3), sum));
      row0 += 16;
      row1 += 16;
      row2 += 16;
      row3 += 16;
    }
    moves = f32x4.neg(moves);
  }
}
