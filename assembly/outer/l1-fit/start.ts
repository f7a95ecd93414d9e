// The start: weighted least squares of all rows by normal equations.

import { columnStride, resetInverse } from "../basis";
import { gram, tileSide } from "../gram";
import { panelBytes } from "../panels";
import { at, CHUNK, L1Fit } from "./model";
import { origin } from "./observations";
import { setBasic } from "./rows";

/** Weighted least squares, with a ridge; α = Σ|μ|, away from the apex. Artificials at x are the basis. */
export function start(f: L1Fit): void {
  const p = f.p;
  const k = f.k;
  const side = tileSide(p);
  const normal = f.normal;
  memory.fill(normal, 0, (<usize>(side * side)) << 3);
  for (let first = 0; first < f.m; first += 2 * CHUNK) {
    const panels = chunk(f, first);
    gram(f.chunk, panels, side, normal);
  }
  const column = (<usize>columnStride(p)) << 3;
  memory.fill(f.x, 0, column);
  let trace: f64 = 0;
  for (let a = 0; a <= k; a++) trace += load<f64>(at(normal, a * side + a));
  const ridge = 1e-9 * trace + 1e-300;
  for (let a = 0; a <= k; a++) {
    const diagonal = at(normal, a * side + a);
    store<f64>(diagonal, load<f64>(diagonal) + ridge);
    store<f64>(at(f.x, a), load<f64>(at(normal, (k + 1) * side + a)));
  }
  solveCholesky(normal, k + 1, side, f.x);
  let size: f64 = 0;
  for (let a = 0; a < k; a++) size += abs(load<f64>(at(f.x, a)));
  store<f64>(at(f.x, k + 1), load<f64>(at(f.x, k)));
  store<f64>(at(f.x, k), max(size, f.guard));
  const first = 2 * f.capacity + f.coneCapacity;
  resetInverse(f.inverse, p);
  for (let q = 0; q < p; q++) {
    setBasic(f, q, first + q);
    store<f64>(at(f.b, first + q), load<f64>(at(f.x, q)));
  }
  f.stale = 0;
  f.updates = 0;
  f.started = 1;
}

/** Copies the panels from slot `first`, their rows (φ, 1, e) times √w, and returns how many. */
export function chunk(f: L1Fit, first: i32): i32 {
  const side = (<usize>tileSide(f.p)) << 4;
  const k = f.k;
  let to = f.chunk;
  let panels = 0;
  while (panels < CHUNK && first + 2 * panels < f.m) {
    const slot = first + 2 * panels;
    const even = Math.sqrt(load<f64>(at(f.weight, origin(f, slot))));
    const odd = slot + 1 < f.m ? Math.sqrt(load<f64>(at(f.weight, origin(f, slot + 1)))) : 0;
    const from = f.panels + <usize>(slot >> 1) * panelBytes(k);
    memory.fill(to, 0, side);
    for (let r: usize = 0; r < (<usize>k) << 4; r += 16) {
      store<f64>(to + r, even * load<f64>(from + r));
      store<f64>(to + r, odd * load<f64>(from + r, 8), 8);
    }
    const ones = to + ((<usize>k) << 4);
    store<f64>(ones, even);
    store<f64>(ones, odd, 8);
    store<f64>(ones, even * load<f64>(at(f.b, slot)), 16);
    store<f64>(ones, odd * load<f64>(at(f.b, slot + 1)), 24);
    to += side;
    panels++;
  }
  return panels;
}

/** x ← matrix⁻¹ x, the lower triangle being overwritten by its Cholesky factor. */
function solveCholesky(matrix: usize, p: i32, stride: i32, x: usize): void {
  for (let a = 0; a < p; a++) {
    const rowA = at(matrix, a * stride);
    for (let b = 0; b <= a; b++) {
      const rowB = at(matrix, b * stride);
      let sum = load<f64>(at(rowA, b));
      for (let c = 0; c < b; c++) sum -= load<f64>(at(rowA, c)) * load<f64>(at(rowB, c));
      if (a == b) store<f64>(at(rowA, a), Math.sqrt(max(sum, 1e-300)));
      else store<f64>(at(rowA, b), sum / load<f64>(at(rowB, b)));
    }
  }
  for (let a = 0; a < p; a++) {
    let sum = load<f64>(at(x, a));
    for (let c = 0; c < a; c++) sum -= load<f64>(at(matrix, a * stride + c)) * load<f64>(at(x, c));
    store<f64>(at(x, a), sum / load<f64>(at(matrix, a * stride + a)));
  }
  for (let a = p - 1; a >= 0; a--) {
    let sum = load<f64>(at(x, a));
    for (let c = a + 1; c < p; c++) sum -= load<f64>(at(matrix, c * stride + a)) * load<f64>(at(x, c));
    store<f64>(at(x, a), sum / load<f64>(at(matrix, a * stride + a)));
  }
}
