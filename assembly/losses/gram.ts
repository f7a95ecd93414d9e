// Squared losses know their rows by second moments alone. With a_i = x_i − μ, s_i a row's share of the weights (Σ s_i = 1)
//
//   φ(w, b) = ½·(wᵀGw − 2·cᵀw + v + (b + μ·w − ȳ)²),   G = Σ s_i·a_i·a_iᵀ,  c = Σ s_i·a_i·(y_i − ȳ),  v = Σ s_i·(y_i − ȳ)²
//
// so that a gradient costs columns/(2·rows) of a pass, in f64, whatever X is held in. (Covariance updates: Friedman, Hastie,
// Tibshirani 2010, section 2.2.) μ and ȳ are taken out first: what is left does not cancel.

import { axpy, dot } from "../linalg/dense";
import { BLOCK, Objective, panelOf, SQUARED } from "../objective";
import { shareOf } from "./block";

/** Most columns: 8 MiB for the matrix, and as much for its factor. */
const COLUMNS: i32 = 1023;

/** Multiplications of a call of `objectiveFormGram`, about: some 10 ms, at 2e9 a second and more, as sums stay in registers. */
const PIECE: f64 = 2e7;

/** Bytes of means, matrix, a block of centred rows, its share of the weights, and a factor. 0 where moments cannot be used. */
export function objectiveGramBytes(pointer: usize): usize {
  const o = changetype<Objective>(pointer);
  const dense = o.columnIndices == 0 && o.generator == 0;
  if (o.model != SQUARED || !dense || o.groups != 1 || o.columns > COLUMNS) return 0;
  const order = <usize>o.columns + 1;
  return (order * (order + 1 + BLOCK) + 2 * BLOCK + order * order) << 3;
}

/**
 * Forms the matrix, a piece at a time, for (columns + 3)/4 passes in all. from: the row to go on from, at first 0. Returns the
 * next; all rows are in it when there is none. block: `objectiveGramBytes`.
 */
export function objectiveFormGram(pointer: usize, block: usize, from: i32): i32 {
  const o = changetype<Objective>(pointer);
  const order = o.columns + 1;
  if (from == 0) {
    memory.fill(block, 0, objectiveGramBytes(pointer));
    takeMeans(o, block);
  }
  const blocks = max(1, <i32>(PIECE / (0.5 * <f64>BLOCK * <f64>order * <f64>order)));
  const end = <i32>min(<i64>o.rows, <i64>from + <i64>blocks * <i64>BLOCK);
  for (let first = from; first < end; first += BLOCK) addRows(o, first, min(BLOCK, o.rows - first), block);
  if (end < o.rows) return end;
  const matrix = matrixOf(o, block);
  for (let j = 0; j < order; j++) {
    for (let l = 0; l < j; l++) store<f64>(at(matrix, order, l, j), load<f64>(at(matrix, order, j, l)));
  }
  o.passes += 0.25 * <f64>(o.columns + 3);
  return end;
}

/** means += the weighted means of the columns, then of the targets: f64[columns + 1], 0 before. */
function takeMeans(o: Objective, means: usize): void {
  const d = o.columns;
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    const x = panelOf<f64>(o, first, count);
    for (let i = 0; i < count; i++) {
      const share = shareOf(o, <usize>(first + i));
      axpy<f64>(d, share, x + ((<usize>(i * d)) << 3), means);
      const mean = means + ((<usize>d) << 3);
      store<f64>(mean, load<f64>(mean) + share * targetOf(o, first + i));
    }
  }
}

/** From now on gradients are those of the matrix of a block, or for 0 those of the rows again. */
export function objectiveUseGram(pointer: usize, block: usize): void {
  changetype<Objective>(pointer).gram = block;
}

/** Lower triangle of the matrix of columns and target += the rows of a block. */
function addRows(o: Objective, first: i32, count: i32, block: usize): void {
  const d = o.columns;
  const order = d + 1;
  const matrix = matrixOf(o, block);
  const centred = at(matrix, order, order, 0); // f64[order][BLOCK], the rows past the end 0
  const shares = centred + ((<usize>(order * BLOCK)) << 3);
  const weighted = shares + ((<usize>BLOCK) << 3);
  const x = panelOf<f64>(o, first, count);
  for (let i = 0; i < BLOCK; i++) {
    store<f64>(shares + ((<usize>i) << 3), i < count ? shareOf(o, <usize>(first + i)) : 0);
  }
  for (let j = 0; j < order; j++) {
    const mean = load<f64>(block + ((<usize>j) << 3));
    const own = centred + ((<usize>(j * BLOCK)) << 3);
    for (let i = 0; i < count; i++) {
      const value = j < d ? load<f64>(x + ((<usize>(i * d + j)) << 3)) : targetOf(o, first + i);
      store<f64>(own + ((<usize>i) << 3), value - mean);
    }
  }
  for (let j = 0; j < order; j++) {
    const own = centred + ((<usize>(j * BLOCK)) << 3);
    for (let i = 0; i < BLOCK; i++) {
      const place = (<usize>i) << 3;
      store<f64>(weighted + place, load<f64>(own + place) * load<f64>(shares + place));
    }
    let l = 0;
    for (; l + 3 <= j; l += 4) addFour(weighted, centred + ((<usize>(l * BLOCK)) << 3), at(matrix, order, j, l));
    for (; l <= j; l++) {
      const to = at(matrix, order, j, l);
      store<f64>(to, load<f64>(to) + dot<f64>(BLOCK, weighted, centred + ((<usize>(l * BLOCK)) << 3)));
    }
  }
}

const NEXT: usize = (<usize>BLOCK) << 3;

/** out[k] += xᵀy_k, k < 4, of vectors of a block, side by side. */
export function addFour(x: usize, y: usize, out: usize): void {
  if (!ASC_FEATURE_SIMD) {
    for (let k: usize = 0; k < 4; k++) {
      const to = out + (k << 3);
      store<f64>(to, load<f64>(to) + dot<f64>(BLOCK, x, y + k * NEXT));
    }
    return;
  }
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  for (const end = x + NEXT; x < end; x += 16) {
    const p = v128.load(x);
    s0 = f64x2.add(s0, f64x2.mul(p, v128.load(y)));
    s1 = f64x2.add(s1, f64x2.mul(p, v128.load(y, NEXT)));
    s2 = f64x2.add(s2, f64x2.mul(p, v128.load(y, 2 * NEXT)));
    s3 = f64x2.add(s3, f64x2.mul(p, v128.load(y, 3 * NEXT)));
    y += 16;
  }
  const low = f64x2.add(v128.shuffle<f64>(s0, s1, 0, 2), v128.shuffle<f64>(s0, s1, 1, 3));
  const high = f64x2.add(v128.shuffle<f64>(s2, s3, 0, 2), v128.shuffle<f64>(s2, s3, 1, 3));
  v128.store(out, f64x2.add(v128.load(out), low));
  v128.store(out, f64x2.add(v128.load(out, 16), high), 16);
}

/** `objectiveGradient` by the matrix. */
export function gramGradient(o: Objective, theta: usize, gradient: usize): f64 {
  const d = o.columns;
  const order = d + 1;
  const means = o.gram;
  const matrix = matrixOf(o, means);
  const lambda = load<f64>(o.groupWeights);
  const intercept = load<f64>(theta + ((<usize>d) << 3));
  const offset = intercept + dot<f64>(d, means, theta) - load<f64>(means + ((<usize>d) << 3)); // b + μ·w − ȳ
  let squares = load<f64>(at(matrix, order, d, d)) + offset * offset;
  for (let j = 0; j < d; j++) {
    const product = dot<f64>(d, at(matrix, order, j, 0), theta);
    const moment = load<f64>(at(matrix, order, j, d));
    const place = (<usize>j) << 3;
    squares += load<f64>(theta + place) * (product - 2 * moment);
    if (gradient != 0) {
      store<f64>(gradient + place, lambda * (product - moment + load<f64>(means + place) * offset));
    }
  }
  if (gradient != 0) store<f64>(gradient + ((<usize>d) << 3), lambda * offset);
  const loss = 0.5 * max(squares, 0);
  store<f64>(o.groupLosses, loss);
  store<f64>(o.groupLosses, 0, 8);
  o.passes += (0.5 * <f64>d) / <f64>o.rows;
  o.keptAt = 0;
  return lambda * loss;
}

/** G's row of a column. */
export function gramRow(o: Objective, column: i32): usize {
  return at(matrixOf(o, o.gram), o.columns + 1, column, 0);
}

/** Room for a matrix of order columns: nobody needs it between two steps. */
export function gramFactor(o: Objective): usize {
  const order = o.columns + 1;
  return at(matrixOf(o, o.gram), order, order, 0) + ((<usize>(order * BLOCK + 2 * BLOCK)) << 3);
}

function matrixOf(o: Objective, block: usize): usize {
  return block + ((<usize>(o.columns + 1)) << 3);
}

function at(matrix: usize, order: i32, row: i32, column: i32): usize {
  return matrix + ((<usize>(row * order + column)) << 3);
}

function targetOf(o: Objective, row: i32): f64 {
  return load<f64>(o.targets + ((<usize>row) << 3));
}
