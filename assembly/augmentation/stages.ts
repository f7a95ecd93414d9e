// What a transformation is made of: stages that read 8 images and write 8 images. Lanes run over the images, so that a
// tap of a resampling stencil (one pixel of the source times a weight) is a load, a multiplication and an addition for
// all of them, and no image needs a gather:
//
//   x  [column][8 images]        f32: two v128 a column, f64: four

export const PACK: i32 = 8;

const STENCIL: i32 = 0;
const CONTRAST: i32 = 1;
const CUTOUT: i32 = 2;
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
  const end = x + <usize>columns * bytes;
  const count = <f64>columns;
  if (ASC_FEATURE_SIMD) {
    for (let lane: usize = 0; lane < bytes; lane += 4 * sizeof<T>()) {
      let s0 = f64x2.splat(0);
      let s1 = f64x2.splat(0);
      for (let p = x + lane; p < end; p += bytes) {
        const v = v128.load(p);
        if (sizeof<T>() == 4) {
          s0 = f64x2.add(s0, f64x2.promote_low_f32x4(v));
          s1 = f64x2.add(s1, f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3)));
        } else {
          s0 = f64x2.add(s0, v);
          s1 = f64x2.add(s1, v128.load(p, 16));
        }
      }
      const m0 = f64x2.div(s0, f64x2.splat(count));
      const m1 = f64x2.div(s1, f64x2.splat(count));
      if (sizeof<T>() == 4) {
        const means = v128.shuffle<i32>(f32x4.demote_f64x2_zero(m0), f32x4.demote_f64x2_zero(m1), 0, 1, 4, 5);
        stretch<T>(stage, means, x + lane, end, out + lane);
      } else {
        stretch<T>(stage, m0, x + lane, end, out + lane);
        stretch<T>(stage, m1, x + lane + 16, end, out + lane + 16);
      }
    }
  } else {
    for (let lane: usize = 0; lane < bytes; lane += sizeof<T>()) {
      let sum: f64 = 0;
      for (let p = x + lane; p < end; p += bytes) sum += <f64>load<T>(p);
      const mean = <T>(sum / count);
      let to = out + lane;
      for (let p = x + lane; p < end; p += bytes) {
        const value = <T>(mean + <T>stage.amount * (load<T>(p) - mean));
        store<T>(to, clip<T>(stage, value));
        to += bytes;
      }
    }
  }
}

/** One vector of lanes, column after column. */
function stretch<T>(stage: Stage, means: v128, x: usize, end: usize, out: usize): void {
  const factor = v128.splat<T>(<T>stage.amount);
  const low = v128.splat<T>(<T>stage.low);
  const high = v128.splat<T>(<T>stage.high);
  for (let p = x; p < end; p += <usize>PACK * sizeof<T>()) {
    const value = v128.add<T>(means, v128.mul<T>(factor, v128.sub<T>(v128.load(p), means)));
    v128.store(out, v128.pmin<T>(v128.pmax<T>(value, low), high));
    out += <usize>PACK * sizeof<T>();
  }
}

/** What pmax and pmin do: one instruction each, where max and min, which care for NaN and −0, take six or more. */
function clip<T>(stage: Stage, x: T): T {
  const raised = x < <T>stage.low ? <T>stage.low : x;
  return <T>stage.high < raised ? <T>stage.high : raised;
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

/** Words of random bits for one number: twelve bytes, whose sum has the mean 1530 and the variance 12·(256² − 1)/12. */
const WORDS: i32 = 3;
const MEAN: i32 = 1530;
const UNIT: f64 = 1 / 255.99804686754937;

/**
 * Adds chance of mean 0 that is nearly normal (excess kurtosis −0.1), the sum of twelve uniform bytes. Every image has a
 * stream of its own (sfc32, as in src/random.ts) that begins at a hash of its row, so that a row gets the same noise in
 * whichever block it is made. Without multiplications: 2.4 times faster than a hash per pixel.
 */
function noise<T>(stage: Stage, columns: i32, firstRow: i32, x: usize, out: usize): void {
  for (let lane = 0; lane < PACK; lane += 4) {
    const offset = <usize>lane * sizeof<T>();
    const row = firstRow + lane;
    if (ASC_FEATURE_SIMD) {
      let keys = i32x4.splat(keyOf(stage.salt, row));
      keys = i32x4.replace_lane(keys, 1, keyOf(stage.salt, row + 1));
      keys = i32x4.replace_lane(keys, 2, keyOf(stage.salt, row + 2));
      keys = i32x4.replace_lane(keys, 3, keyOf(stage.salt, row + 3));
      addNoise<T>(stage, columns, keys, x + offset, out + offset);
    } else {
      for (let i = 0; i < 4; i++) {
        const at = offset + <usize>i * sizeof<T>();
        addOne<T>(stage, columns, keyOf(stage.salt, row + i), x + at, out + at);
      }
    }
  }
}

/** Four images. */
function addNoise<T>(stage: Stage, columns: i32, keys: v128, x: usize, out: usize): void {
  const unit = v128.splat<T>(<T>(stage.amount * UNIT));
  const low = v128.splat<T>(<T>stage.low);
  const high = v128.splat<T>(<T>stage.high);
  let a = keys;
  let b = mix4(a);
  let c = mix4(b);
  let counter = i32x4.splat(1);
  for (let j = 0; j < columns; j++) {
    let sums = i16x8.splat(0);
    for (let w = 0; w < WORDS; w++) {
      const word = i32x4.add(i32x4.add(a, b), counter);
      counter = i32x4.add(counter, i32x4.splat(1));
      a = v128.xor(b, i32x4.shr_u(b, 9));
      b = i32x4.add(c, i32x4.shl(c, 3));
      c = i32x4.add(v128.or(i32x4.shl(c, 21), i32x4.shr_u(c, 11)), word);
      sums = i16x8.add(sums, i16x8.extadd_pairwise_i8x16_u(word));
    }
    const centred = i32x4.sub(i32x4.extadd_pairwise_i16x8_u(sums), i32x4.splat(MEAN));
    if (sizeof<T>() == 4) {
      const noisy = f32x4.add(v128.load(x), f32x4.mul(f32x4.convert_i32x4_s(centred), unit));
      v128.store(out, f32x4.pmin(f32x4.pmax(noisy, low), high));
    } else {
      const far = v128.shuffle<i32>(centred, centred, 2, 3, 2, 3);
      const first = f64x2.add(v128.load(x), f64x2.mul(f64x2.convert_low_i32x4_s(centred), unit));
      const second = f64x2.add(v128.load(x, 16), f64x2.mul(f64x2.convert_low_i32x4_s(far), unit));
      v128.store(out, f64x2.pmin(f64x2.pmax(first, low), high));
      v128.store(out, f64x2.pmin(f64x2.pmax(second, low), high), 16);
    }
    x += <usize>PACK * sizeof<T>();
    out += <usize>PACK * sizeof<T>();
  }
}

function mix4(given: v128): v128 {
  let h = v128.xor(given, i32x4.shr_u(given, 16));
  h = i32x4.mul(h, i32x4.splat(0x7feb352d));
  h = v128.xor(h, i32x4.shr_u(h, 15));
  h = i32x4.mul(h, i32x4.splat(0x846ca68b));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/** One image. */
function addOne<T>(stage: Stage, columns: i32, key: u32, x: usize, out: usize): void {
  const unit = <T>(stage.amount * UNIT);
  let a = key;
  let b = mix(a);
  let c = mix(b);
  let counter: u32 = 1;
  for (let j = 0; j < columns; j++) {
    let sum: i32 = -MEAN;
    for (let w = 0; w < WORDS; w++) {
      const word = a + b + counter;
      counter++;
      a = b ^ (b >> 9);
      b = c + (c << 3);
      c = ((c << 21) | (c >> 11)) + word;
      sum += <i32>((word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + (word >> 24));
    }
    const value = <T>(load<T>(x) + <T>sum * unit);
    store<T>(out, clip<T>(stage, value));
    x += <usize>PACK * sizeof<T>();
    out += <usize>PACK * sizeof<T>();
  }
}
