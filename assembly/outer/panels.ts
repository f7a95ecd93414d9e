// Observations lie in panels of two rows, interleaved, so that a dot product needs no horizontal add and k no padding:
//
//   panel i>>1:   | φ₀ of row i, φ₀ of row i+1 | φ₁ of both | … | φ_{k−1} of both |      (k × f64x2)

/** Bytes of a panel. */
export function panelBytes(k: i32): usize {
  return (<usize>k) << 4;
}

/** out[i] = init + row i · v for `count` rows, a multiple of 8: four panels at a time, one accumulator each. */
export function panelDots(panels: usize, k: i32, count: i32, v: usize, init: f64, out: usize): void {
  const bytes = panelBytes(k);
  let x = panels;
  let o = out;
  const end = out + ((<usize>count) << 3);
  if (ASC_FEATURE_SIMD) {
    const start = f64x2.splat(init);
    while (o < end) {
      let a = start;
      let b = start;
      let c = start;
      let d = start;
      let w = v;
      for (let r: usize = 0; r < bytes; r += 16) {
        const f = v128.load64_splat(w);
        a = f64x2.add(a, f64x2.mul(v128.load(x + r), f));
        b = f64x2.add(b, f64x2.mul(v128.load(x + bytes + r), f));
        c = f64x2.add(c, f64x2.mul(v128.load(x + 2 * bytes + r), f));
        d = f64x2.add(d, f64x2.mul(v128.load(x + 3 * bytes + r), f));
        w += 8;
      }
      v128.store(o, a);
      v128.store(o, b, 16);
      v128.store(o, c, 32);
      v128.store(o, d, 48);
      x += bytes << 2;
      o += 64;
    }
  } else {
    while (o < end) {
      let a = init;
      let b = init;
      let w = v;
      for (let r: usize = 0; r < bytes; r += 16) {
        const f = load<f64>(w);
        a += load<f64>(x + r) * f;
        b += load<f64>(x + r, 8) * f;
        w += 8;
      }
      store<f64>(o, a);
      store<f64>(o, b, 8);
      x += bytes;
      o += 16;
    }
  }
}

/** out ← out + a · row `i`. */
export function addRow(panels: usize, k: i32, i: i32, a: f64, out: usize): void {
  let x = panels + <usize>(i >> 1) * panelBytes(k) + ((<usize>(i & 1)) << 3);
  for (let r = 0; r < k; r++) {
    store<f64>(out + ((<usize>r) << 3), load<f64>(out + ((<usize>r) << 3)) + a * load<f64>(x));
    x += 16;
  }
}

/** out ← out + Σ y[i] · row i over `count` rows, a multiple of 2; `pairs` is scratch of k × 16 bytes. */
export function addRows(panels: usize, k: i32, count: i32, y: usize, pairs: usize, out: usize): void {
  const bytes = panelBytes(k);
  let x = panels;
  const end = y + ((<usize>count) << 3);
  if (ASC_FEATURE_SIMD) {
    memory.fill(pairs, 0, bytes);
    for (let v = y; v < end; v += 16) {
      const factor = v128.load(v);
      if (v128.any_true(f64x2.ne(factor, f64x2.splat(0)))) {
        for (let r: usize = 0; r < bytes; r += 16) {
          v128.store(pairs + r, f64x2.add(v128.load(pairs + r), f64x2.mul(factor, v128.load(x + r))));
        }
      }
      x += bytes;
    }
    for (let r = 0; r < k; r++) {
      const pair = v128.load(pairs + ((<usize>r) << 4));
      const slot = out + ((<usize>r) << 3);
      store<f64>(slot, load<f64>(slot) + f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1));
    }
  } else {
    for (let i = 0; i < count; i++) {
      const factor = load<f64>(y + ((<usize>i) << 3));
      if (factor != 0) addRow(panels, k, i, factor, out);
    }
  }
}

/** Exchanges rows `a` and `b`. */
export function swapRows(panels: usize, k: i32, a: i32, b: i32): void {
  let x = panels + <usize>(a >> 1) * panelBytes(k) + ((<usize>(a & 1)) << 3);
  let z = panels + <usize>(b >> 1) * panelBytes(k) + ((<usize>(b & 1)) << 3);
  for (let r = 0; r < k; r++) {
    const value = load<f64>(x);
    store<f64>(x, load<f64>(z));
    store<f64>(z, value);
    x += 16;
    z += 16;
  }
}

/** Writes row `i` from k contiguous numbers, each less its center over its spread. */
export function setRow(panels: usize, k: i32, i: i32, values: usize, center: usize, spread: usize): void {
  let x = panels + <usize>(i >> 1) * panelBytes(k) + ((<usize>(i & 1)) << 3);
  for (let r = 0; r < k; r++) {
    const at = (<usize>r) << 3;
    store<f64>(x, (load<f64>(values + at) - load<f64>(center + at)) / load<f64>(spread + at));
    x += 16;
  }
}
