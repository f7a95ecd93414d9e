// Products of one CSR row with W and with the slopes of the loss, in f64 whatever X is held in. W and its gradient lie
// transposed, so that a nonzero meets all classes in consecutive lanes, and a row costs its nonzeros only:
//
//   packed | column 0: class 0 … class P−1 | column 1: … |      P = classes rounded up to even; the pad stays 0

import { evenUp } from "./dense";

export function paddedOutputs(outputs: i32): i32 {
  return evenUp(outputs);
}

/** packed[j][c] ← w[c][j]. */
export function pack(columns: i32, outputs: i32, w: usize, packed: usize): void {
  const width = (<usize>paddedOutputs(outputs)) << 3;
  memory.fill(packed, 0, <usize>columns * width);
  for (let c = 0; c < outputs; c++) {
    let to = packed + ((<usize>c) << 3);
    let from = w + ((<usize>c * <usize>columns) << 3);
    for (let j = 0; j < columns; j++) {
      store<f64>(to, load<f64>(from));
      to += width;
      from += 8;
    }
  }
}

/** w[c][j] ← packed[j][c]. */
export function unpack(columns: i32, outputs: i32, packed: usize, w: usize): void {
  const width = (<usize>paddedOutputs(outputs)) << 3;
  for (let c = 0; c < outputs; c++) {
    let from = packed + ((<usize>c) << 3);
    let to = w + ((<usize>c * <usize>columns) << 3);
    for (let j = 0; j < columns; j++) {
      store<f64>(to, load<f64>(from));
      from += width;
      to += 8;
    }
  }
}

/** out[c] ← Σ_k values[k]·packed[indices[k]][c] for the P padded classes. */
export function sparseScores<T>(
  nonzeros: i32,
  values: usize,
  indices: usize,
  outputs: i32,
  packed: usize,
  out: usize,
): void {
  const width = (<usize>paddedOutputs(outputs)) << 3;
  const end = indices + ((<usize>nonzeros) << 2);
  let at: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; at + 64 <= width; at += 64) {
      let a = f64x2.splat(0);
      let b = f64x2.splat(0);
      let c = f64x2.splat(0);
      let d = f64x2.splat(0);
      let v = values;
      for (let k = indices; k < end; k += 4) {
        const x = f64x2.splat(<f64>load<T>(v));
        const w = packed + <usize>load<i32>(k) * width + at;
        a = f64x2.add(a, f64x2.mul(x, v128.load(w)));
        b = f64x2.add(b, f64x2.mul(x, v128.load(w, 16)));
        c = f64x2.add(c, f64x2.mul(x, v128.load(w, 32)));
        d = f64x2.add(d, f64x2.mul(x, v128.load(w, 48)));
        v += sizeof<T>();
      }
      v128.store(out + at, a);
      v128.store(out + at, b, 16);
      v128.store(out + at, c, 32);
      v128.store(out + at, d, 48);
    }
    for (; at < width; at += 16) {
      let a = f64x2.splat(0);
      let v = values;
      for (let k = indices; k < end; k += 4) {
        const x = f64x2.splat(<f64>load<T>(v));
        a = f64x2.add(a, f64x2.mul(x, v128.load(packed + <usize>load<i32>(k) * width + at)));
        v += sizeof<T>();
      }
      v128.store(out + at, a);
    }
  } else {
    for (; at < width; at += 8) {
      let sum: f64 = 0;
      let v = values;
      for (let k = indices; k < end; k += 4) {
        sum += <f64>load<T>(v) * load<f64>(packed + <usize>load<i32>(k) * width + at);
        v += sizeof<T>();
      }
      store<f64>(out + at, sum);
    }
  }
}

/** packed[indices[k]][c] += values[k]·slopes[c] for the P padded classes; the pad of `slopes` is 0. */
export function sparseGradient<T>(
  nonzeros: i32,
  values: usize,
  indices: usize,
  outputs: i32,
  slopes: usize,
  packed: usize,
): void {
  const width = (<usize>paddedOutputs(outputs)) << 3;
  const end = indices + ((<usize>nonzeros) << 2);
  for (let k = indices; k < end; k += 4) {
    const x = <f64>load<T>(values);
    const g = packed + <usize>load<i32>(k) * width;
    if (ASC_FEATURE_SIMD) {
      const xv = f64x2.splat(x);
      for (let at: usize = 0; at < width; at += 16) {
        v128.store(g + at, f64x2.add(v128.load(g + at), f64x2.mul(xv, v128.load(slopes + at))));
      }
    } else {
      for (let at: usize = 0; at < width; at += 8) {
        store<f64>(g + at, load<f64>(g + at) + x * load<f64>(slopes + at));
      }
    }
    values += sizeof<T>();
  }
}
