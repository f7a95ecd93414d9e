// Second derivatives of the data terms in some columns and the intercepts, all outputs, on centred columns: with x̃ of the
// listed columns and 1 behind them, p_c the probabilities of a row and w its weight,
//
//   H_(c,k),(e,l) = Σ_i w·p_c·(δ_ce − p_e)·x̃_k·x̃_l
//
// which is symmetric in k, l for each pair c, e of outputs: a quarter of the products that the square has.
//
//   rows and columns | output 0: listed columns | output 1 … | intercepts |

import { dot } from "../linalg/dense";
import { BLOCK, LOGISTIC, Objective, panelOf, SOFTMAX } from "../objective";
import { ownWeight, uniformWeight } from "./block";
import { forward, weightsOf } from "./gradient";
import { addFour, gramRow } from "./gram";

const ROW: usize = (<usize>BLOCK) << 3;

/** Order of a Hessian that is formed, at most: 8 MiB. */
export const LARGEST: i32 = 1024;

/** What a second derivative of a row's loss takes, in multiplications: most of the work where hardly a column is left. */
const SHAPE: f64 = 8;

/** Multiplications of forming one in `count` columns, about. */
export function hessianWork(o: Objective, count: i32): f64 {
  const products = 0.5 * <f64>(count + 1) * <f64>(count + 2);
  if (o.gram != 0) return products;
  return 0.5 * <f64>o.rows * <f64>(o.outputs * (o.outputs + 1)) * max(products, SHAPE);
}

/** Where row i of the Hessian is in θ′: the columns are those of `list`, i32[count]. */
export function unknownAt(o: Objective, list: usize, count: i32, i: i32): usize {
  const weights = o.outputs * count;
  if (i >= weights) return (<usize>(o.weightCount + i - weights)) << 3;
  const column = load<i32>(list + ((<usize>(i % count)) << 2));
  return (<usize>(i / count) * <usize>o.columns + <usize>column) << 3;
}

/** Multiplications of a call of `formRows`, about: some 10 ms, at 2e9 a second and more (as in gram.ts). */
const PIECE: f64 = 2e7;

/** A Hessian that is formed a piece at a time. Between two pieces all of its state is here. */
@unmanaged
export class Hessian {
  list: usize; // its columns: i32[count]
  places: usize; // where each column is in it, or −1: i32[columns]
  matrix: usize; // of order outputs·(count + 1)
  scratch: usize; // `hessianScratchBytes`
  count: i32;
  row: i32; // the next to be seen
}

/** Scratch of a Hessian of `most` columns: a block of them and of 1, probabilities, weights and two shapes. */
export function hessianScratchBytes(o: Objective, most: i32): usize {
  return <usize>(most + o.outputs + 3) * ROW;
}

/** `formRows` will make it, in the columns of its list. */
export function startHessian(h: Hessian, o: Objective): void {
  const order = <usize>(o.outputs * (h.count + 1));
  memory.fill(h.matrix, 0, (order * order) << 3);
  h.row = 0;
}

/** Adds the next blocks of rows: the same bits, however many at once. Returns whether they were the last, and the matrix is H. */
export function formRows(h: Hessian, o: Objective, theta: usize, moments: usize): bool {
  const C = o.outputs;
  const probabilities = h.scratch + <usize>(h.count + 1) * ROW;
  const weights = probabilities + <usize>C * ROW;
  const shape = weights + ROW;
  const weighted = shape + ROW;
  const packed = weightsOf<f64>(o, theta, C);
  const z = o.scratch;
  // By thetaCount more, so that packing all weights is not most of the work.
  const blocks = max(1, <i32>((PIECE + <f64>o.thetaCount) / blockWork(h, o)));
  const end = <i32>min(<i64>o.rows, <i64>h.row + <i64>blocks * <i64>BLOCK);
  for (; h.row < end; h.row += BLOCK) {
    const rows = min(BLOCK, o.rows - h.row);
    const x = panelOf<f64>(o, h.row, rows);
    forward<f64>(o, C, h.row, rows, x, packed, theta, z);
    probabilitiesOf(o, h.row, rows, z, probabilities, weights);
    centreBlock(h, o, rows, x, moments);
    for (let c = 0; c < C; c++) {
      for (let e = 0; e <= c; e++) {
        shapeOf(o, rows, probabilities, weights, c, e, shape);
        addPair(h, C, c, e, shape, weighted);
      }
    }
  }
  if (h.row < o.rows) return false;
  mirror(C, h.count, h.matrix);
  return true;
}

/** The matrix at once, of squared losses whose second moments are known: it is the same for all θ. */
export function copyMoments(h: Hessian, o: Objective): void {
  const count = h.count;
  const lambda = load<f64>(o.groupWeights);
  for (let k = 0; k < count; k++) {
    const row = gramRow(o, load<i32>(h.list + ((<usize>k) << 2)));
    for (let l = 0; l < count; l++) {
      const column = <usize>load<i32>(h.list + ((<usize>l) << 2));
      store<f64>(at(h.matrix, count + 1, k, l), lambda * load<f64>(row + (column << 3)));
    }
  }
  store<f64>(at(h.matrix, count + 1, count, count), lambda);
}

/** Multiplications that a block of rows takes: scores, and products of columns. */
function blockWork(h: Hessian, o: Objective): f64 {
  return (<f64>BLOCK / <f64>o.rows) * (<f64>o.outputs * o.valueCount + hessianWork(o, h.count));
}

/** centred ← x̃ of a block, column by column, 1 behind them. Rows past the end are 0. */
function centreBlock(h: Hessian, o: Objective, rows: i32, x: usize, moments: usize): void {
  const count = h.count;
  const centred = h.scratch;
  memory.fill(centred, 0, <usize>(count + 1) * ROW);
  for (let k = 0; k < count; k++) {
    const j = load<i32>(h.list + ((<usize>k) << 2));
    const mean = load<f64>(moments + ((<usize>j) << 3));
    const own = centred + <usize>k * ROW;
    for (let i = 0; i < rows; i++) {
      const value = o.columnIndices != 0 ? 0 : load<f64>(x + ((<usize>(i * o.columns + j)) << 3));
      store<f64>(own + ((<usize>i) << 3), value - mean);
    }
  }
  for (let i = 0; i < rows; i++) store<f64>(centred + <usize>count * ROW + ((<usize>i) << 3), 1);
  if (o.columnIndices == 0) return;
  for (let i = 0; i < rows; i++) {
    const place = o.rowStarts + ((<usize>o.placeOf(h.row + i)) << 2);
    const end = load<i32>(place, 4);
    for (let e = load<i32>(place); e < end; e++) {
      const k = load<i32>(h.places + ((<usize>load<i32>(o.columnIndices + ((<usize>e) << 2))) << 2));
      if (k < 0) continue;
      const at = centred + <usize>k * ROW + ((<usize>i) << 3);
      const value =
        o.width == 4 ? <f64>load<f32>(o.values + ((<usize>e) << 2)) : load<f64>(o.values + ((<usize>e) << 3));
      store<f64>(at, load<f64>(at) + value);
    }
  }
}

/**
 * probabilities ← p of a block's rows from their scores, weights ← what they weigh. Of logistic losses that of the less likely
 * side, so that p·(1 − p) keeps its digits where rows are separated.
 */
function probabilitiesOf(o: Objective, first: i32, rows: i32, z: usize, probabilities: usize, weights: usize): void {
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i) << 3;
    store<f64>(weights + at, ownWeight(o, <usize>(first + i)) + uniformWeight(o, <usize>(first + i)));
    if (o.model == LOGISTIC) {
      const power = NativeMath.exp(-Math.abs(load<f64>(z + at)));
      store<f64>(probabilities + at, power / (1 + power));
    } else if (o.model == SOFTMAX) {
      let largest: f64 = -Infinity;
      for (let c = 0; c < o.outputs; c++) largest = max(largest, load<f64>(z + <usize>c * ROW + at));
      let total: f64 = 0;
      for (let c = 0; c < o.outputs; c++) {
        const power = NativeMath.exp(load<f64>(z + <usize>c * ROW + at) - largest);
        store<f64>(probabilities + <usize>c * ROW + at, power);
        total += power;
      }
      for (let c = 0; c < o.outputs; c++) {
        const p = probabilities + <usize>c * ROW + at;
        store<f64>(p, load<f64>(p) / total);
      }
    }
  }
}

/**
 * shape ← second derivatives of a block's losses in the scores of outputs c and e. 1 − p_c is the sum of the others: where
 * rows are separated nothing is lost, and a row's own Hessian stays positive semidefinite.
 */
function shapeOf(o: Objective, rows: i32, probabilities: usize, weights: usize, c: i32, e: i32, shape: usize): void {
  memory.fill(shape, 0, ROW);
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i) << 3;
    let bend: f64 = 1;
    if (o.model == LOGISTIC) {
      const p = load<f64>(probabilities + at);
      bend = p * (1 - p);
    } else if (o.model == SOFTMAX) {
      let other: f64 = 0;
      if (c != e) other = -load<f64>(probabilities + <usize>e * ROW + at);
      else for (let k = 0; k < o.outputs; k++) if (k != c) other += load<f64>(probabilities + <usize>k * ROW + at);
      bend = load<f64>(probabilities + <usize>c * ROW + at) * other;
    }
    store<f64>(shape + at, load<f64>(weights + at) * bend);
  }
}

/** The lower triangle of the block of outputs c ≥ e, of a block of rows, and its rows of intercepts. */
function addPair(h: Hessian, outputs: i32, c: i32, e: i32, shape: usize, weighted: usize): void {
  const count = h.count;
  const centred = h.scratch;
  const order = outputs * (count + 1);
  for (let k = 0; k <= count; k++) {
    const own = centred + <usize>k * ROW;
    for (let at: usize = 0; at < ROW; at += 8) {
      store<f64>(weighted + at, load<f64>(own + at) * load<f64>(shape + at));
    }
    const intercept = k == count;
    const row = h.matrix + ((<usize>((intercept ? outputs * count + c : c * count + k) * order)) << 3);
    const to = row + ((<usize>(e * count)) << 3);
    const last = intercept ? count - 1 : k;
    let l = 0;
    for (; l + 3 <= last; l += 4) addFour(weighted, centred + <usize>l * ROW, to + ((<usize>l) << 3));
    for (; l <= last; l++) addDot(weighted, centred + <usize>l * ROW, to + ((<usize>l) << 3));
    if (intercept) addDot(weighted, own, row + ((<usize>(outputs * count + e)) << 3));
  }
}

function addDot(x: usize, y: usize, out: usize): void {
  store<f64>(out, load<f64>(out) + dot<f64>(BLOCK, x, y));
}

/** The whole from what `addPair` left: each block is symmetric, and so is the whole. */
function mirror(outputs: i32, count: i32, matrix: usize): void {
  const order = outputs * (count + 1);
  const weights = outputs * count;
  for (let c = 0; c < outputs; c++) {
    for (let e = 0; e <= c; e++) {
      for (let k = 0; k < count; k++) {
        for (let l = 0; l < k; l++) {
          store<f64>(
            at(matrix, order, c * count + l, e * count + k),
            load<f64>(at(matrix, order, c * count + k, e * count + l)),
          );
        }
        const bend = load<f64>(at(matrix, order, weights + c, e * count + k));
        store<f64>(at(matrix, order, weights + e, c * count + k), bend);
      }
    }
  }
  for (let i = 0; i < order; i++) {
    for (let j = 0; j < i; j++) store<f64>(at(matrix, order, j, i), load<f64>(at(matrix, order, i, j)));
  }
}

function at(matrix: usize, order: i32, row: i32, column: i32): usize {
  return matrix + ((<usize>row * <usize>order + <usize>column) << 3);
}
