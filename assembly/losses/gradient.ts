// Loss and gradient of the data terms in one pass over X: forward, link, backward, a block of rows at a time.

import { axpy, sumOfPair } from "../linalg/dense";
import { moveSums, panelGradient, touchesAhead } from "../linalg/panel-gradient";
import { packWeights, panelScores } from "../linalg/panel-scores";
import { pack, paddedOutputs, sparseGradient, sparseScores, unpack } from "../linalg/sparse";
import { BLOCK, Objective, panelOf, SOFTMAX } from "../objective";
import { add, at, loadPair, narrow, weighs } from "./block";
import { gramGradient } from "./gram";
import { linkBlock } from "./link";
import { sparseAxpy, sparseDot } from "./sparse-row";

/**
 * Σ_g λ_g·φ_g(θ), the data part of the objective, and its gradient (overwritten; f64, θ's layout) unless `gradient`
 * is 0. The φ_g of groups with λ_g > 0 are left in `groupLosses`: blocks of rows that all have λ = 0 are passed over, and
 * not counted.
 */
export function objectiveGradient(pointer: usize, theta: usize, gradient: usize): f64 {
  const o = changetype<Objective>(pointer);
  if (o.gram != 0) return gramGradient(o, theta, gradient);
  memory.fill(o.groupLosses, 0, (<usize>o.groups + 1) << 3);
  if (gradient != 0) memory.fill(gradient, 0, (<usize>o.thetaCount) << 3);
  const rows = o.width == 4 && !o.fine ? overBlocks<f32>(o, theta, gradient) : overBlocks<f64>(o, theta, gradient);
  const known = isKnown(o, theta);
  if (known) o.known = 0;
  o.passes += ((known ? 0 : 0.5) + (gradient == 0 ? 0 : 0.5)) * (<f64>rows / <f64>o.rows);
  let loss: f64 = 0;
  for (let g = 0; g <= o.groups; g++) {
    loss += load<f64>(o.groupWeights + ((<usize>g) << 3)) * load<f64>(o.groupLosses + ((<usize>g) << 3));
  }
  return loss;
}

/**
 * The gradient of the data terms under other weights, f64[groups + 1] (overwritten; θ's layout). `groupLosses` is lost.
 * With 1 for one group and 0 for the others: ∇φ_g(θ), for a pass over the blocks that have a row of it.
 */
export function objectiveGroupGradient(pointer: usize, weights: usize, theta: usize, gradient: usize): void {
  const o = changetype<Objective>(pointer);
  const lambda = o.groupWeights;
  o.groupWeights = weights;
  memory.fill(gradient, 0, (<usize>o.thetaCount) << 3);
  const rows = o.width == 4 ? overBlocks<f32>(o, theta, gradient) : overBlocks<f64>(o, theta, gradient);
  o.groupWeights = lambda;
  o.passes += <f64>rows / <f64>o.rows;
}

function isKnown(o: Objective, theta: usize): bool {
  return o.known != 0 && o.knownAt == theta;
}

/** z ← a block's scores, from those of all rows in `o.known`. */
function recall<T>(o: Objective, classes: i32, first: i32, count: i32, z: usize): void {
  const n = <usize>o.rows;
  const from = o.known + ((<usize>first) << 3);
  const reference = from + ((<usize>classes * n) << 3);
  for (let c = 0; c < classes; c++) {
    narrow<T>(count, from + ((<usize>c * n) << 3), classes < o.outputs ? reference : 0, at<T>(z, c, 0));
  }
  if (classes < o.outputs) clear<T>(at<T>(z, classes, 0));
}

function slopesAt(o: Objective, output: i32, row: i32): usize {
  return o.slopes + ((<usize>output * <usize>o.rows + <usize>row) << 2);
}

/** Copies a block's slopes to those of all rows, `o.slopes`. */
function leave<T>(o: Objective, first: i32, count: i32, z: usize): void {
  for (let c = 0; c < o.outputs; c++) {
    const to = slopesAt(o, c, first);
    if (sizeof<T>() == 4) memory.copy(to, at<T>(z, c, 0), (<usize>count) << 2);
    else narrow<f32>(count, at<T>(z, c, 0), 0, to);
  }
}

/** Copies a block's scores to those of all rows, `o.kept`, for `objectiveKeptScores`. */
function keep<T>(o: Objective, classes: i32, first: i32, count: i32, z: usize): void {
  for (let c = 0; c < classes; c++) {
    const to = o.kept + (<usize>c * <usize>o.rows + <usize>first) * <usize>o.width;
    if (sizeof<T>() == o.width) memory.copy(to, at<T>(z, c, 0), <usize>count * sizeof<T>());
    else for (let i = 0; i < count; i++) store<f32>(to + ((<usize>i) << 2), <f32>load<T>(at<T>(z, c, i)));
  }
}

/**
 * Σ_i a_ic·x_i for every output c and the sums of a_·c, in f64 (overwrites `out`; θ's layout): what a gradient is of slopes
 * a, [output][row]. Counts ½ pass.
 */
export function combineRows(o: Objective, coefficients: usize, out: usize): void {
  const z = o.scratch;
  const sums = o.packs ? o.packedGradient : out;
  memory.fill(out, 0, (<usize>o.thetaCount) << 3);
  if (o.packs) memory.fill(sums, 0, o.packedBytes);
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    for (let c = 0; c < o.outputs; c++) {
      const from = coefficients + ((<usize>c * <usize>o.rows + <usize>first) << 3);
      memory.copy(at<f64>(z, c, 0), from, (<usize>count) << 3);
    }
    backward<f64>(o, o.outputs, first, count, panelOf<f64>(o, first, count), 0, z, sums, out);
  }
  if (o.packs) unpack(o.columns, o.outputs, sums, out);
  o.passes += 0.5;
}

/** Blocks whose gradient is summed in f32 before it is added to that of all in f64. */
const GATHERED: i32 = 8;

/** All blocks with a row that weighs anything; returns the number of rows in them. */
function overBlocks<T>(o: Objective, theta: usize, gradient: usize): i32 {
  let rows = 0;
  const z = o.scratch;
  const classes = classesOf(o);
  const known = isKnown(o, theta);
  const weights = known ? 0 : weightsOf<T>(o, theta, classes);
  const gathers = sizeof<T>() == 4 && o.columnIndices == 0;
  const sums = gathers || o.packs ? o.packedGradient : gradient;
  if (gradient != 0 && sums != gradient) memory.fill(sums, 0, o.packedBytes);
  let gathered = 0;
  let touched = -1;
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    if (weighs(o, first, count)) {
      const x = panelOf<T>(o, first, count, first == touched);
      if (known) recall<T>(o, classes, first, count, z);
      else forward<T>(o, classes, first, count, x, weights, theta, z);
      if (o.kept != 0) keep<T>(o, classes, first, count, z);
      linkBlock<T>(o, first, count, z);
      if (o.slopes != 0) leave<T>(o, first, count, z);
      if (gradient != 0) {
        const next = ahead<T>(o, classes, first);
        backward<T>(o, classes, first, count, x, next, z, sums, gradient);
        touched = next == 0 ? -1 : first + BLOCK;
        if (gathers && ++gathered == GATHERED) {
          moveSums(classes * o.columns, sums, gradient);
          gathered = 0;
        }
      }
      rows += count;
    } else if (o.slopes != 0) {
      for (let c = 0; c < o.outputs; c++) memory.fill(slopesAt(o, c, first), 0, (<usize>count) << 2);
    }
  }
  if (o.kept != 0) o.keptAt = rows == o.rows ? theta : 0;
  if (gradient == 0) return rows;
  if (gathers) moveSums(classes * o.columns, sums, gradient);
  if (o.packs) unpack(o.columns, o.outputs, sums, gradient);
  if (classes < o.outputs) addReference(o, classes, gradient);
  return rows;
}

/**
 * Outputs whose scores and gradient are computed. Softmax does not change when a row's scores all change by the same
 * number, and a row's slopes sum to 0: the last class of a dense X is a reference with score 0, the others have weights
 * w_c − w_last, and its gradient is minus the sum of theirs. (CSR pads classes to an even number: one fewer saves nothing.)
 */
export function classesOf(o: Objective): i32 {
  return o.model == SOFTMAX && o.columnIndices == 0 ? o.outputs - 1 : o.outputs;
}

/** The gradient of the reference class. */
function addReference(o: Objective, classes: i32, gradient: usize): void {
  minusSum(o.columns, classes, gradient);
  minusSum(1, classes, gradient + ((<usize>o.weightCount) << 3));
}

/** Row `count` of a matrix of doubles ← −Σ of the rows before it. It holds zeros when it is called. */
function minusSum(columns: i32, count: i32, rows: usize): void {
  const to = rows + ((<usize>count * <usize>columns) << 3);
  for (let c = 0; c < count; c++) axpy<f64>(columns, -1, rows + ((<usize>c * <usize>columns) << 3), to);
}

/**
 * W as the forward kernels read it, of all outputs or, `classes` being fewer, less that of the reference class. θ itself
 * for CSR with one output in f64.
 */
export function weightsOf<T>(o: Objective, theta: usize, classes: i32): usize {
  if (o.packs) {
    pack(o.columns, o.outputs, theta, o.packed);
    return o.packed;
  }
  if (sizeof<T>() == 8 && o.columnIndices != 0) return theta;
  const reference = classes < o.outputs ? theta + ((<usize>classes * <usize>o.columns) << 3) : 0;
  packWeights<T>(o.columns, classes, theta, reference, o.packed);
  return o.packed;
}

/** A direction of θ in f64, to be read beside `weightsOf<f64>` of all outputs. */
export function directionOf(o: Objective, v: usize): usize {
  if (o.packs) {
    pack(o.columns, o.outputs, v, o.packedGradient);
    return o.packedGradient;
  }
  if (o.columnIndices != 0) return v;
  packWeights<f64>(o.columns, o.outputs, v, 0, o.packedGradient);
  return o.packedGradient;
}

/** Scores of a block; with fewer `classes` than outputs, relative to those of the last output, the reference class. */
export function forward<T>(
  o: Objective,
  classes: i32,
  first: i32,
  count: i32,
  x: usize,
  weights: usize,
  theta: usize,
  z: usize,
): void {
  const d = o.columns;
  if (o.columnIndices == 0) {
    panelScores<T>(count, d, classes, x, weights, z);
  } else if (o.packs) {
    const row = o.packedRow;
    for (let i = 0; i < count; i++) {
      const place = o.rowStarts + ((<usize>o.placeOf(first + i)) << 2);
      const start = load<i32>(place);
      const nonzeros = load<i32>(place, 4) - start;
      const values = o.values + <usize>start * <usize>o.width;
      const indices = o.columnIndices + ((<usize>start) << 2);
      if (o.width == 4) sparseScores<f32>(nonzeros, values, indices, o.outputs, weights, row);
      else sparseScores<f64>(nonzeros, values, indices, o.outputs, weights, row);
      for (let c = 0; c < o.outputs; c++) {
        store<T>(z + <usize>(c * BLOCK + i) * sizeof<T>(), <T>load<f64>(row + ((<usize>c) << 3)));
      }
    }
  } else {
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < o.outputs; c++) {
        const w = weights + <usize>c * <usize>d * sizeof<T>();
        const score = o.width == 4 ? sparseDot<f32, T>(o, first + i, w) : sparseDot<f64, T>(o, first + i, w);
        store<T>(z + <usize>(c * BLOCK + i) * sizeof<T>(), score);
      }
    }
  }
  const intercepts = theta + ((<usize>o.weightCount) << 3);
  const reference = classes < o.outputs ? load<f64>(intercepts + ((<usize>classes) << 3)) : 0;
  for (let c = 0; c < classes; c++) {
    const intercept = <T>(load<f64>(intercepts + ((<usize>c) << 3)) - reference);
    const row = z + <usize>(c * BLOCK) * sizeof<T>();
    if (ASC_FEATURE_SIMD) {
      const vector = v128.splat<T>(intercept);
      const end = row + <usize>count * sizeof<T>(); // the last vector reaches into the rest of z's row, which nobody reads
      for (let at = row; at < end; at += 16) v128.store(at, v128.add<T>(v128.load(at), vector));
    } else {
      for (let i = 0; i < count; i++) {
        const at = row + <usize>i * sizeof<T>();
        store<T>(at, <T>(load<T>(at) + intercept));
      }
    }
  }
  if (classes < o.outputs) clear<T>(at<T>(z, classes, 0));
}

/** A row of z ← 0. (memory.fill leaves Wasm: 0.1 µs a block.) */
function clear<T>(row: usize): void {
  if (!ASC_FEATURE_SIMD) {
    memory.fill(row, 0, BLOCK * sizeof<T>());
    return;
  }
  for (const end = row + BLOCK * sizeof<T>(); row < end; row += 16) v128.store(row, v128.splat<T>(0));
}

/** The rows of the next block where the panel kernels touch them ahead; or 0. */
function ahead<T>(o: Objective, classes: i32, first: i32): usize {
  const next = first + BLOCK;
  if (o.columnIndices != 0 || o.generator != 0 || sizeof<T>() != o.width || next + BLOCK > o.rows) return 0;
  if (!touchesAhead(<usize>(BLOCK * o.columns) * sizeof<T>(), classes)) return 0;
  return panelOf<T>(o, next, BLOCK, true);
}

function backward<T>(
  o: Objective,
  classes: i32,
  first: i32,
  count: i32,
  x: usize,
  next: usize,
  z: usize,
  sums: usize,
  gradient: usize,
): void {
  const d = o.columns;
  if (o.columnIndices == 0) {
    panelGradient<T>(count, d, classes, x, z, sums, next);
  } else if (o.packs) {
    const row = o.packedRow;
    store<f64>(row + ((<usize>(paddedOutputs(o.outputs) - 1)) << 3), 0);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < o.outputs; c++) {
        store<f64>(row + ((<usize>c) << 3), <f64>load<T>(z + <usize>(c * BLOCK + i) * sizeof<T>()));
      }
      const place = o.rowStarts + ((<usize>o.placeOf(first + i)) << 2);
      const start = load<i32>(place);
      const nonzeros = load<i32>(place, 4) - start;
      const values = o.values + <usize>start * <usize>o.width;
      const indices = o.columnIndices + ((<usize>start) << 2);
      if (o.width == 4) sparseGradient<f32>(nonzeros, values, indices, o.outputs, row, sums);
      else sparseGradient<f64>(nonzeros, values, indices, o.outputs, row, sums);
    }
  }
  const intercepts = gradient + ((<usize>o.weightCount) << 3);
  for (let c = 0; c < classes; c++) add(intercepts + ((<usize>c) << 3), sumOf<T>(count, at<T>(z, c, 0)));
  if (o.columnIndices == 0 || o.packs) return;
  for (let i = 0; i < count; i++) {
    const slope = <f64>load<T>(at<T>(z, 0, i));
    if (o.width == 4) sparseAxpy<f32>(o, first + i, slope, gradient);
    else sparseAxpy<f64>(o, first + i, slope, gradient);
  }
}

/** The sum of `count` values of T, in f64. */
function sumOf<T>(count: i32, values: usize): f64 {
  let sum: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let even = f64x2.splat(0);
    let odd = f64x2.splat(0);
    for (; i + 4 <= count; i += 4) {
      even = f64x2.add(even, loadPair<T>(values + <usize>i * sizeof<T>()));
      odd = f64x2.add(odd, loadPair<T>(values + <usize>(i + 2) * sizeof<T>()));
    }
    sum = sumOfPair(f64x2.add(even, odd));
  }
  for (; i < count; i++) sum += <f64>load<T>(values + <usize>i * sizeof<T>());
  return sum;
}
