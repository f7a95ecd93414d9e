// What a proof about the minimizer of ℓ_λ needs of the rows (src/inner/region.ts): what each weighs in the loss, a
// weighted sum of them, and how far each is from a point.

import { multiplyAdd } from "../linalg/multiply-add";
import { BLOCK, Objective, panelOf } from "../objective";
import { loadPair, ownWeight, uniformWeight } from "./block";

/** out: f64[3][rows], what the row's own loss weighs in ℓ_λ, what its uniform cross-entropy does, its target. */
export function objectiveRowTerms(pointer: usize, out: usize): void {
  const o = changetype<Objective>(pointer);
  const bytes = (<usize>o.rows) << 3;
  for (let i = 0; i < o.rows; i++) {
    const at = out + ((<usize>i) << 3);
    store<f64>(at, ownWeight(o, i));
    store<f64>(at + bytes, uniformWeight(o, i));
    store<f64>(at + 2 * bytes, load<f64>(o.targets + ((<usize>i) << 3)));
  }
}

/** out ← Σ_i weights[i]·x_i, f64[columns]. Counts as one output of a forward half of a pass, as `rowDistances` does. */
export function rowSum(pointer: usize, weights: usize, out: usize): void {
  const o = changetype<Objective>(pointer);
  memory.fill(out, 0, (<usize>o.columns) << 3);
  if (o.width == 4) sum<f32>(o, weights, out);
  else sum<f64>(o, weights, out);
  o.passes += 0.5 / <f64>o.outputs;
}

function sum<T>(o: Objective, weights: usize, out: usize): void {
  if (o.columnIndices != 0) {
    for (let i = 0; i < o.rows; i++) {
      const w = load<f64>(weights + ((<usize>i) << 3));
      const place = o.rowStarts + ((<usize>o.placeOf(i)) << 2);
      const end = load<i32>(place, 4);
      for (let k = load<i32>(place); k < end; k++) {
        const at = out + ((<usize>load<i32>(o.columnIndices + ((<usize>k) << 2))) << 3);
        store<f64>(at, load<f64>(at) + w * <f64>load<T>(o.values + <usize>k * sizeof<T>()));
      }
    }
    return;
  }
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    let row = panelOf<T>(o, first, count);
    for (let i = first; i < first + count; i++) {
      addRow<T>(o.columns, load<f64>(weights + ((<usize>i) << 3)), row, out);
      row += <usize>o.columns * sizeof<T>();
    }
  }
}

/** y ← y + a·x, x of T, y of f64. */
function addRow<T>(n: i32, a: f64, x: usize, y: usize): void {
  let j = 0;
  if (ASC_FEATURE_SIMD) {
    const factor = f64x2.splat(a);
    for (; j + 2 <= n; j += 2) {
      const to = y + ((<usize>j) << 3);
      v128.store(to, multiplyAdd<f64>(factor, loadPair<T>(x + <usize>j * sizeof<T>()), v128.load(to)));
    }
  }
  for (; j < n; j++) {
    const to = y + ((<usize>j) << 3);
    store<f64>(to, load<f64>(to) + a * <f64>load<T>(x + <usize>j * sizeof<T>()));
  }
}

/** Share of ‖centre‖² below which ‖x − centre‖² of a sparse row has lost too many digits. */
const CANCELED: f64 = 1e-3;

/** out[i] ← ‖x_i − centre‖. */
export function rowDistances(pointer: usize, centre: usize, out: usize): void {
  const o = changetype<Objective>(pointer);
  if (o.width == 4) distances<f32>(o, centre, out);
  else distances<f64>(o, centre, out);
  o.passes += 0.5 / <f64>o.outputs;
}

function distances<T>(o: Objective, centre: usize, out: usize): void {
  if (o.columnIndices != 0) {
    let empty: f64 = 0; // ‖0 − centre‖²
    let rest: f64 = 0; // … and what rounding took from it
    for (let j = 0; j < o.columns; j++) {
      const c = load<f64>(centre + ((<usize>j) << 3));
      const sum = empty + c * c;
      rest += restOfSum(empty, c * c, sum) + restOfSquare(c);
      empty = sum;
    }
    for (let i = 0; i < o.rows; i++) {
      const place = o.rowStarts + ((<usize>o.placeOf(i)) << 2);
      const end = load<i32>(place, 4);
      let squares = empty;
      for (let k = load<i32>(place); k < end; k++) {
        const c = load<f64>(centre + ((<usize>load<i32>(o.columnIndices + ((<usize>k) << 2))) << 3));
        const x = <f64>load<T>(o.values + <usize>k * sizeof<T>());
        squares += x * (x - 2 * c);
      }
      if (squares < CANCELED * empty) squares = distanceSquared<T>(o, i, centre, empty, rest);
      store<f64>(out + ((<usize>i) << 3), Math.sqrt(max(squares, 0)));
    }
    return;
  }
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    let row = panelOf<T>(o, first, count);
    for (let i = first; i < first + count; i++) {
      let squares: f64 = 0;
      for (let j = 0; j < o.columns; j++) {
        const x = <f64>load<T>(row + <usize>j * sizeof<T>()) - load<f64>(centre + ((<usize>j) << 3));
        squares += x * x;
      }
      store<f64>(out + ((<usize>i) << 3), Math.sqrt(squares));
      row += <usize>o.columns * sizeof<T>();
    }
  }
}

/** ‖x_i − centre‖² of a sparse row from ‖centre‖² = empty + rest, in twice the digits: what is left of columns far from 0. */
function distanceSquared<T>(o: Objective, i: i32, centre: usize, empty: f64, rest: f64): f64 {
  const place = o.rowStarts + ((<usize>o.placeOf(i)) << 2);
  const end = load<i32>(place, 4);
  let squares: f64 = 0;
  for (let k = load<i32>(place); k < end; k++) {
    const c = load<f64>(centre + ((<usize>load<i32>(o.columnIndices + ((<usize>k) << 2))) << 3));
    const x = <f64>load<T>(o.values + <usize>k * sizeof<T>()) - c;
    squares += x * x;
    const sum = empty - c * c;
    rest += restOfSum(empty, -c * c, sum) - restOfSquare(c);
    empty = sum;
  }
  return squares + (empty + rest);
}

/** a + b − sum, exactly (Knuth). */
function restOfSum(a: f64, b: f64, sum: f64): f64 {
  const own = sum - a;
  return a - (sum - own) + (b - own);
}

/** x² − x·x as it is rounded, exactly (Dekker 1971). */
function restOfSquare(x: f64): f64 {
  const scaled = x * 134217729; // 2²⁷ + 1
  const high = scaled - (scaled - x);
  const low = x - high;
  return high * high - x * x + 2 * high * low + low * low;
}
