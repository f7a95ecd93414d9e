// The lower triangle of Σ z zᵀ over panels of two rows, interleaved as in panels.ts: tiles of 2 × 4 entries stay in
// registers while all panels of a chunk pass by.

/** Numbers per side of the padded Gram matrix of p columns. */
export function tileSide(p: i32): i32 {
  return (p + 3) & ~3;
}

/** out (side × side) ← out + the Gram matrix of `panels` panels of `side` pairs; at least its lower triangle. */
export function gram(panels: usize, count: i32, side: i32, out: usize): void {
  const bytes = (<usize>side) << 4;
  const end = panels + <usize>count * bytes;
  for (let a = 0; a < side; a += 2) {
    for (let b = 0; b < a + 2; b += 4) {
      let x = panels + ((<usize>a) << 4);
      let z = panels + ((<usize>b) << 4);
      const first = out + ((<usize>(a * side + b)) << 3);
      const second = first + ((<usize>side) << 3);
      if (ASC_FEATURE_SIMD) {
        let c0 = f64x2.splat(0);
        let c1 = c0;
        let c2 = c0;
        let c3 = c0;
        let d0 = c0;
        let d1 = c0;
        let d2 = c0;
        let d3 = c0;
        while (x < end) {
          const u = v128.load(x);
          const v = v128.load(x, 16);
          let w = v128.load(z);
          c0 = f64x2.add(c0, f64x2.mul(u, w));
          d0 = f64x2.add(d0, f64x2.mul(v, w));
          w = v128.load(z, 16);
          c1 = f64x2.add(c1, f64x2.mul(u, w));
          d1 = f64x2.add(d1, f64x2.mul(v, w));
          w = v128.load(z, 32);
          c2 = f64x2.add(c2, f64x2.mul(u, w));
          d2 = f64x2.add(d2, f64x2.mul(v, w));
          w = v128.load(z, 48);
          c3 = f64x2.add(c3, f64x2.mul(u, w));
          d3 = f64x2.add(d3, f64x2.mul(v, w));
          x += bytes;
          z += bytes;
        }
        addPair(first, c0, c1);
        addPair(first + 16, c2, c3);
        addPair(second, d0, d1);
        addPair(second + 16, d2, d3);
      } else {
        while (x < end) {
          for (let j: usize = 0; j < 4; j++) {
            const even = load<f64>(z + (j << 4));
            const odd = load<f64>(z + (j << 4), 8);
            const c = first + (j << 3);
            const d = second + (j << 3);
            store<f64>(c, load<f64>(c) + load<f64>(x) * even + load<f64>(x, 8) * odd);
            store<f64>(d, load<f64>(d) + load<f64>(x, 16) * even + load<f64>(x, 24) * odd);
          }
          x += bytes;
          z += bytes;
        }
      }
    }
  }
}

/** Adds the sums of two pairs to two neighbours. */
function addPair(at: usize, a: v128, b: v128): void {
  const sums = f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3));
  v128.store(at, f64x2.add(v128.load(at), sums));
}
