// Second derivatives of a block's losses in its scores, λ included: w·(diag p − p·pᵀ) for softmax, w·p·(1 − p) for
// logistic, w for squared losses. Blocks are [output][BLOCK], as in block.ts.

import { multiplyAdd } from "../linalg/multiply-add";
import { BLOCK, LOGISTIC, Objective, SOFTMAX } from "../objective";
import { areAlike, loadPair, ownWeight, uniformWeight } from "./block";

/**
 * probabilities, weights ← p of each row and what the row weighs. p is read back from the slopes that the link left:
 * r = (own + uniform)·p − uniform/C − own·[label]. Squared losses have no p: `probabilities` stays as it is.
 */
export function probabilitiesOf(
  o: Objective,
  first: i32,
  count: i32,
  slopes: usize,
  probabilities: usize,
  weights: usize,
): void {
  for (let i = 0; i < count; i++) {
    const row = <usize>(first + i);
    const own = ownWeight(o, row);
    const uniform = uniformWeight(o, row);
    const whole = own + uniform;
    const at = (<usize>i) << 3;
    store<f64>(weights + at, whole);
    const target = load<f64>(o.targets + (row << 3));
    if (o.model == SOFTMAX) {
      for (let c = 0; c < o.outputs; c++) {
        const to = at + ((<usize>(c * BLOCK)) << 3);
        const r = load<f64>(slopes + to) + uniform / <f64>o.outputs;
        const share = <f64>c == target ? r + own : r;
        store<f64>(probabilities + to, whole > 0 ? max(share / whole, 0) : 0);
      }
    } else if (o.model == LOGISTIC) {
      const r = load<f64>(slopes + at) + own * target + 0.5 * uniform;
      store<f64>(probabilities + at, whole > 0 ? min(max(r / whole, 0), 1) : 0);
    }
  }
}

/** v ← second derivatives · v for changes v of the scores of a block, in pairs of rows. */
export function bendBlock(o: Objective, count: i32, probabilities: usize, weights: usize, v: usize): void {
  for (let i = 0; i < count; i += 2) {
    const at = (<usize>i) << 3;
    if (ASC_FEATURE_SIMD) {
      bendPair(o, probabilities + at, v128.load(weights + at), v + at);
    } else {
      bendRow(o, probabilities + at, load<f64>(weights + at), v + at);
      bendRow(o, probabilities + at + 8, load<f64>(weights + at, 8), v + at + 8);
    }
  }
}

const NEXT: usize = (<usize>BLOCK) << 3;

function bendPair(o: Objective, p: usize, whole: v128, v: usize): void {
  if (o.model == SOFTMAX) {
    let mean = f64x2.splat(0);
    const end = <usize>o.outputs * NEXT;
    for (let at: usize = 0; at < end; at += NEXT) {
      mean = f64x2.add(mean, f64x2.mul(v128.load(p + at), v128.load(v + at)));
    }
    for (let at: usize = 0; at < end; at += NEXT) {
      const own = f64x2.sub(v128.load(v + at), mean);
      v128.store(v + at, f64x2.mul(f64x2.mul(whole, v128.load(p + at)), own));
    }
  } else if (o.model == LOGISTIC) {
    const q = v128.load(p);
    const bend = f64x2.mul(f64x2.mul(whole, q), f64x2.sub(f64x2.splat(1), q));
    v128.store(v, f64x2.mul(bend, v128.load(v)));
  } else {
    v128.store(v, f64x2.mul(whole, v128.load(v)));
  }
}

function bendRow(o: Objective, p: usize, whole: f64, v: usize): void {
  if (o.model == SOFTMAX) {
    let mean: f64 = 0;
    const end = <usize>o.outputs * NEXT;
    for (let at: usize = 0; at < end; at += NEXT) mean += load<f64>(p + at) * load<f64>(v + at);
    for (let at: usize = 0; at < end; at += NEXT) {
      store<f64>(v + at, whole * load<f64>(p + at) * (load<f64>(v + at) - mean));
    }
  } else if (o.model == LOGISTIC) {
    const q = load<f64>(p);
    store<f64>(v, whole * q * (1 - q) * load<f64>(v));
  } else {
    store<f64>(v, whole * load<f64>(v));
  }
}

/** Σ over the rows of a block, mean over the outputs, of the second derivative in each score alone. */
export function totalCurvature(o: Objective, count: i32, probabilities: usize, weights: usize): f64 {
  let sum: f64 = 0;
  for (let c = 0; c < o.outputs; c++) {
    for (let i = 0; i < count; i++) {
      const whole = load<f64>(weights + ((<usize>i) << 3));
      const q = load<f64>(probabilities + ((<usize>(c * BLOCK + i)) << 3));
      sum += o.model == SOFTMAX || o.model == LOGISTIC ? whole * q * (1 - q) : whole;
    }
  }
  return sum / <f64>o.outputs;
}

/**
 * Σ over the rows of a block of vᵀ·second derivatives·v, for changes v of their scores, f64[outputs][rows], by the slopes r,
 * f32[outputs][rows]. Softmax: w·(Σ p·v² − (Σ p·v)²), where w·p = r + uniform/C + own·[label]: `bendBlock` would want every p, a
 * quotient each, in each iteration.
 */
export function curvatureAlong(o: Objective, first: i32, count: i32, slopes: usize, v: usize): f64 {
  if (o.model == SOFTMAX) sumProducts(o, first, count, slopes, v);
  const alike = areAlike(o);
  let own = alike ? ownWeight(o, <usize>first) : 0;
  let uniform: f64 = 0;
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const row = <usize>(first + i);
    if (!alike) {
      own = ownWeight(o, row);
      uniform = uniformWeight(o, row);
    }
    const whole = own + uniform;
    const target = load<f64>(o.targets + (row << 3));
    if (o.model == SOFTMAX) {
      const change = load<f64>(v + ((<usize>target * <usize>o.rows + row) << 3));
      const m = load<f64>(o.largest + ((<usize>i) << 3)) + own * change;
      const square = load<f64>(o.totals + ((<usize>i) << 3)) + own * change * change;
      if (whole > 0) sum += max(square - (m * m) / whole, 0);
    } else {
      const change = load<f64>(v + (row << 3));
      let bend = whole;
      if (o.model == LOGISTIC && whole > 0) {
        const p = min(max((<f64>load<f32>(slopes + (row << 2)) + own * target + 0.5 * uniform) / whole, 0), 1);
        bend *= p * (1 - p);
      }
      sum += bend * change * change;
    }
  }
  return sum;
}

/** largest, totals ← Σ_c (r_c + uniform/C)·v_c and Σ_c (r_c + uniform/C)·v_c² of each row. */
function sumProducts(o: Objective, first: i32, count: i32, slopes: usize, v: usize): void {
  const next = (<usize>o.rows) << 3;
  const end = <usize>o.outputs * next;
  let i = 0;
  if (ASC_FEATURE_SIMD && o.uniformWeights == 0) {
    // Four rows at a time.
    for (; i + 4 <= count; i += 4) {
      const from = (<usize>(first + i)) << 3;
      let m0 = f64x2.splat(0);
      let m1 = f64x2.splat(0);
      let q0 = f64x2.splat(0);
      let q1 = f64x2.splat(0);
      for (let at: usize = from; at < from + end; at += next) {
        const v0 = v128.load(v + at);
        const v1 = v128.load(v + at, 16);
        const p0 = f64x2.mul(loadPair<f32>(slopes + (at >> 1)), v0);
        const p1 = f64x2.mul(loadPair<f32>(slopes + (at >> 1) + 8), v1);
        m0 = f64x2.add(m0, p0);
        m1 = f64x2.add(m1, p1);
        q0 = multiplyAdd<f64>(p0, v0, q0);
        q1 = multiplyAdd<f64>(p1, v1, q1);
      }
      const to = (<usize>i) << 3;
      v128.store(o.largest + to, m0);
      v128.store(o.largest + to, m1, 16);
      v128.store(o.totals + to, q0);
      v128.store(o.totals + to, q1, 16);
    }
  }
  for (; i < count; i++) {
    const from = (<usize>(first + i)) << 3;
    const shift = uniformWeight(o, <usize>(first + i)) / <f64>o.outputs;
    let m: f64 = 0;
    let q: f64 = 0;
    for (let at: usize = from; at < from + end; at += next) {
      const change = load<f64>(v + at);
      const product = (<f64>load<f32>(slopes + (at >> 1)) + shift) * change;
      m += product;
      q += product * change;
    }
    store<f64>(o.largest + ((<usize>i) << 3), m);
    store<f64>(o.totals + ((<usize>i) << 3), q);
  }
}
