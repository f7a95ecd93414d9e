// What a transformation is made of: stages that read 8 images and write 8 images. Lanes run over the images, so that a
// tap of a resampling stencil (one pixel of the source times a weight) is a load, a multiplication and an addition for
// all of them, and no image needs a gather:
//
//   x  [column][8 images]        f32: two v128 a column, f64: four

export const PACK: i32 = 8;

export const STENCIL: i32 = 0;
export const CONTRAST: i32 = 1;
export const CUTOUT: i32 = 2;
export const NOISE: i32 = 3;

@unmanaged
export class Stage {
  kind: i32;
  salt: u32; // of the chance in it
  // STENCIL: out_j = biases[j] + Σ_k weights[k]·x[indices[k]], k = starts[j] … starts[j + 1] − 1; biases and weights in T
  starts: usize; // i32[columns + 1]
  indices: usize; // i32
  weights: usize;
  biases: usize;
  amount: f64; // CONTRAST: factor · CUTOUT: side in pixels · NOISE: standard deviation
  low: f64; // results of CONTRAST and NOISE are clipped to [low, high]; CUTOUT fills with low
  high: f64;
  width: i32; // of the image (CUTOUT)
  height: i32;
  channels: i32;
}

export function applyStage<T>(stage: Stage, columns: i32, firstRow: i32, x: usize, out: usize): void {
  if (stage.kind == STENCIL) stencil<T>(stage, columns, x, out);
  else if (stage.kind == CONTRAST) contrast<T>(stage, columns, x, out);
  else if (stage.kind == CUTOUT) cutout<T>(stage, columns, firstRow, x, out);
  else noise<T>(stage, columns, firstRow, x, out);
}

/** 32 well-mixed bits of 32 (lowbias32, C. Wellons, "Prospecting for hash functions", 2018). */
export function mix(given: u32): u32 {
  let h = given;
  h ^= h >> 16;
  h *= 0x7feb352d;
  h ^= h >> 15;
  h *= 0x846ca68b;
  return h ^ (h >> 16);
}

/** A key for the chance in one image: the same for whatever block it is made in. */
export function keyOf(salt: u32, row: i32): u32 {
  return mix(salt + mix(<u32>row * 0x9e3779b9 + 0x7f4a7c15));
}

function stencil<T>(stage: Stage, columns: i32, x: usize, out: usize): void {
  const bytes: usize = <usize>PACK * sizeof<T>();
  let k = stage.indices;
  let w = stage.weights;
  let b = stage.biases;
  let to = out;
  for (let j = 0; j < columns; j++) {
    const end = stage.indices + ((<usize>load<i32>(stage.starts + ((<usize>j) << 2), 4)) << 2);
    if (ASC_FEATURE_SIMD) {
      const bias = v128.load_splat<T>(b);
      let s0 = bias;
      let s1 = bias;
      let s2 = bias;
      let s3 = bias;
      while (k < end) {
        const weight = v128.load_splat<T>(w);
        const p = x + <usize>load<i32>(k) * bytes;
        s0 = v128.add<T>(s0, v128.mul<T>(weight, v128.load(p)));
        s1 = v128.add<T>(s1, v128.mul<T>(weight, v128.load(p, 16)));
        if (sizeof<T>() == 8) {
          s2 = v128.add<T>(s2, v128.mul<T>(weight, v128.load(p, 32)));
          s3 = v128.add<T>(s3, v128.mul<T>(weight, v128.load(p, 48)));
        }
        k += 4;
        w += sizeof<T>();
      }
      v128.store(to, s0);
      v128.store(to, s1, 16);
      if (sizeof<T>() == 8) {
        v128.store(to, s2, 32);
        v128.store(to, s3, 48);
      }
    } else {
      for (let at: usize = 0; at < bytes; at += sizeof<T>()) store<T>(to + at, load<T>(b));
      while (k < end) {
        const weight = load<T>(w);
        const p = x + <usize>load<i32>(k) * bytes;
        for (let at: usize = 0; at < bytes; at += sizeof<T>()) {
          store<T>(to + at, <T>(load<T>(to + at) + weight * load<T>(p + at)));
        }
        k += 4;
        w += sizeof<T>();
      }
    }
    b += sizeof<T>();
    to += bytes;
  }
}

/** Each pixel's distance from the mean of its image times a factor; the mean is summed in f64. */
function contrast<T>(stage: Stage, columns: i32, x: usize, out: usize): void {
  const bytes: usize = <usize>PACK * sizeof<T>();
  const factor = <T>stage.amount;
  for (let lane: usize = 0; lane < bytes; lane += sizeof<T>()) {
    let sum: f64 = 0;
    let p = x + lane;
    for (let j = 0; j < columns; j++) {
      sum += <f64>load<T>(p);
      p += bytes;
    }
    const mean = <T>(sum / <f64>columns);
    p = lane;
    for (let j = 0; j < columns; j++) {
      const value = <T>(mean + factor * (load<T>(x + p) - mean));
      store<T>(out + p, min<T>(max<T>(value, <T>stage.low), <T>stage.high));
      p += bytes;
    }
  }
}

/** A square around a pixel drawn by chance, so that parts of it may lie outside (DeVries, Taylor 2017). */
function cutout<T>(stage: Stage, columns: i32, firstRow: i32, x: usize, out: usize): void {
  const bytes: usize = <usize>PACK * sizeof<T>();
  memory.copy(out, x, <usize>columns * bytes);
  const side = <i32>stage.amount;
  for (let lane = 0; lane < PACK; lane++) {
    const key = keyOf(stage.salt, firstRow + lane);
    const left = below(key, stage.width) - (side >> 1);
    const top = below(mix(key), stage.height) - (side >> 1);
    for (let v = max(top, 0); v < min(top + side, stage.height); v++) {
      for (let u = max(left, 0); u < min(left + side, stage.width); u++) {
        const pixel = (v * stage.width + u) * stage.channels;
        for (let c = 0; c < stage.channels; c++) {
          store<T>(out + <usize>(pixel + c) * bytes + <usize>lane * sizeof<T>(), <T>stage.low);
        }
      }
    }
  }
}

/** One of 0 … n − 1 from 32 bits. */
export function below(bits: u32, n: i32): i32 {
  return <i32>((<u64>bits * <u64>n) >> 32);
}

/** Uniform bytes that are summed for one nearly normal number, four to a hash. */
const HASHES: i32 = 3;
const MEAN: i32 = (HASHES * 4 * 255) / 2;
/** 1/√(12·(256² − 1)/12): twelve bytes. */
const UNIT: f64 = 1 / 255.99804686754937;

/**
 * Adds chance of mean 0. The number of (image, column) is a hash of both, so that it is the same whenever and in
 * whichever block it is made: the sum of twelve uniform bytes, nearly normal (excess kurtosis −0.1).
 */
function noise<T>(stage: Stage, columns: i32, firstRow: i32, x: usize, out: usize): void {
  const scale = <T>(stage.amount * UNIT);
  const k0 = keyOf(stage.salt, firstRow);
  const k1 = keyOf(stage.salt, firstRow + 1);
  const k2 = keyOf(stage.salt, firstRow + 2);
  const k3 = keyOf(stage.salt, firstRow + 3);
  const k4 = keyOf(stage.salt, firstRow + 4);
  const k5 = keyOf(stage.salt, firstRow + 5);
  const k6 = keyOf(stage.salt, firstRow + 6);
  const k7 = keyOf(stage.salt, firstRow + 7);
  if (ASC_FEATURE_SIMD) {
    let front = i32x4.splat(k0);
    front = i32x4.replace_lane(front, 1, k1);
    front = i32x4.replace_lane(front, 2, k2);
    front = i32x4.replace_lane(front, 3, k3);
    let back = i32x4.splat(k4);
    back = i32x4.replace_lane(back, 1, k5);
    back = i32x4.replace_lane(back, 2, k6);
    back = i32x4.replace_lane(back, 3, k7);
    const unit = v128.splat<T>(scale);
    const low = v128.splat<T>(<T>stage.low);
    const high = v128.splat<T>(<T>stage.high);
    const half: usize = 4 * sizeof<T>();
    let p = x;
    let to = out;
    for (let j = 0; j < columns; j++) {
      addNoise<T>(byteSums(front, j), unit, low, high, p, to);
      addNoise<T>(byteSums(back, j), unit, low, high, p + half, to + half);
      p += 2 * half;
      to += 2 * half;
    }
  } else {
    for (let j = 0; j < columns; j++) {
      const at = <usize>j * <usize>PACK * sizeof<T>();
      addOne<T>(stage, k0, j, scale, x + at, out + at);
      addOne<T>(stage, k1, j, scale, x + at + sizeof<T>(), out + at + sizeof<T>());
      addOne<T>(stage, k2, j, scale, x + at + 2 * sizeof<T>(), out + at + 2 * sizeof<T>());
      addOne<T>(stage, k3, j, scale, x + at + 3 * sizeof<T>(), out + at + 3 * sizeof<T>());
      addOne<T>(stage, k4, j, scale, x + at + 4 * sizeof<T>(), out + at + 4 * sizeof<T>());
      addOne<T>(stage, k5, j, scale, x + at + 5 * sizeof<T>(), out + at + 5 * sizeof<T>());
      addOne<T>(stage, k6, j, scale, x + at + 6 * sizeof<T>(), out + at + 6 * sizeof<T>());
      addOne<T>(stage, k7, j, scale, x + at + 7 * sizeof<T>(), out + at + 7 * sizeof<T>());
    }
  }
}

/** Σ of twelve uniform bytes − their mean, for four keys at column j. */
function byteSums(keys: v128, j: i32): v128 {
  const mask = i32x4.splat(0x00ff00ff);
  let sums = i32x4.splat(0);
  for (let h = 0; h < HASHES; h++) {
    const bits = mix4(i32x4.add(keys, i32x4.splat((j * HASHES + h) * 0x2545f491)));
    sums = i32x4.add(sums, i32x4.add(v128.and(bits, mask), v128.and(i32x4.shr_u(bits, 8), mask)));
  }
  const halves = i32x4.add(v128.and(sums, i32x4.splat(0xffff)), i32x4.shr_u(sums, 16));
  return i32x4.sub(halves, i32x4.splat(MEAN));
}

function mix4(given: v128): v128 {
  let h = v128.xor(given, i32x4.shr_u(given, 16));
  h = i32x4.mul(h, i32x4.splat(0x7feb352d));
  h = v128.xor(h, i32x4.shr_u(h, 15));
  h = i32x4.mul(h, i32x4.splat(0x846ca68b));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

function addNoise<T>(sums: v128, unit: v128, low: v128, high: v128, x: usize, out: usize): void {
  if (sizeof<T>() == 4) {
    const noisy = f32x4.add(v128.load(x), f32x4.mul(f32x4.convert_i32x4_s(sums), unit));
    v128.store(out, f32x4.min(f32x4.max(noisy, low), high));
  } else {
    const far = v128.shuffle<i32>(sums, sums, 2, 3, 2, 3);
    const first = f64x2.add(v128.load(x), f64x2.mul(f64x2.convert_low_i32x4_s(sums), unit));
    const second = f64x2.add(v128.load(x, 16), f64x2.mul(f64x2.convert_low_i32x4_s(far), unit));
    v128.store(out, f64x2.min(f64x2.max(first, low), high));
    v128.store(out, f64x2.min(f64x2.max(second, low), high), 16);
  }
}

function addOne<T>(stage: Stage, key: u32, j: i32, scale: T, x: usize, out: usize): void {
  let sum: i32 = -MEAN;
  for (let h = 0; h < HASHES; h++) {
    const bits = mix(key + <u32>((j * HASHES + h) * 0x2545f491));
    sum += <i32>((bits & 255) + ((bits >> 8) & 255) + ((bits >> 16) & 255) + (bits >> 24));
  }
  const value = <T>(load<T>(x) + <T>sum * scale);
  store<T>(out, min<T>(max<T>(value, <T>stage.low), <T>stage.high));
}
