// The inverse of the basis, and x_B, y and d from it.

import { axpy, axpyNorm, dot, scale } from "../basis";
import { BASIC, FREE, f, INFINITE, int, put, Simplex } from "./model";
import { addColumn, columnDot, isBasic, rest, setStatus, settle, structuralDot } from "./variables";

/** Relative residual of x_B and y above which `refresh` makes the inverse anew. */
const ACCURATE: f64 = 1e-11;
/** Entries of the pivot column up to this are rounding and change no row, so that the inverse stays sparse. */
const NOISE: f64 = 1e-14;
/** `refresh` makes the inverse anew once the pivots since have cost this many times what making it did; before, if inaccurate. */
const PATIENCE: f64 = 4;

/** p.column ← inverse · column j. */
export function ftran(p: Simplex, j: i32): void {
  const row = (<usize>p.stride) << 3;
  let inverse = p.inverse;
  if (j >= p.n) {
    inverse += (<usize>(j - p.n)) << 3;
    for (let i = 0; i < p.m; i++) {
      put(p.column, i, -load<f64>(inverse));
      inverse += row;
    }
    return;
  }
  for (let i = 0; i < p.m; i++) {
    put(p.column, i, structuralDot(p, j, inverse));
    inverse += row;
  }
}

export function rowOf(p: Simplex, r: i32): usize {
  return p.inverse + ((<usize>r * <usize>p.stride) << 3);
}

/** The byte offsets of the entries of v (m numbers), in p.nonzeros; −1 when they are too many to gain by. */
export function nonzerosOf(p: Simplex, v: usize): i32 {
  const most = p.m >> 2;
  const end = (<usize>p.m) << 3;
  let count = 0;
  for (let i: usize = 0; i < end; i += 8) {
    if (load<f64>(v + i) != 0) {
      if (count == most) return -1;
      store<i32>(p.nonzeros + ((<usize>count) << 2), <i32>i);
      count++;
    }
  }
  return count;
}

/** Row i of the inverse · v, `count` being what `nonzerosOf` says of v. */
export function rowDot(p: Simplex, i: i32, v: usize, count: i32): f64 {
  const row = rowOf(p, i);
  if (count < 0) return dot(row, v, (<usize>p.stride) << 3);
  let sum: f64 = 0;
  for (let e = 0; e < count; e++) {
    const offset = <usize>int(p.nonzeros, e);
    sum += load<f64>(row + offset) * load<f64>(v + offset);
  }
  return sum;
}

/**
 * Another column takes slot r of the basis; p.column = inverse · that column. Rows of the inverse of a sparse basis are
 * sparse, and only the entries of row r change the others. Weights follow. Returns how many rows changed.
 */
function update(p: Simplex, r: i32): i32 {
  const row = (<usize>p.stride) << 3;
  const pivot = rowOf(p, r);
  scale(1 / f(p.column, r), pivot, row);
  const count = nonzerosOf(p, pivot);
  let changed = 0;
  for (let i = 0; i < p.m; i++) {
    const a = f(p.column, i);
    if (i != r && abs(a) > NOISE) {
      changed++;
      const other = rowOf(p, i);
      if (count < 0) {
        put(p.weight, i, axpyNorm(-a, pivot, other, row));
      } else {
        let growth: f64 = 0;
        for (let e = 0; e < count; e++) {
          const offset = <usize>int(p.nonzeros, e);
          const before = load<f64>(other + offset);
          const after = before - a * load<f64>(pivot + offset);
          store<f64>(other + offset, after);
          growth += after * after - before * before;
        }
        const weight = f(p.weight, i) + growth;
        // What cancellation leaves of a weight is found anew.
        put(p.weight, i, weight > 1e-3 * f(p.weight, i) ? weight : dot(other, other, row));
      }
    }
  }
  put(p.weight, r, dot(pivot, pivot, row));
  return changed;
}

/** The inverse from scratch. Columns that depend on others leave the basis, logicals take their place. */
function refactor(p: Simplex): void {
  const m = p.m;
  const row = (<usize>p.stride) << 3;
  memory.fill(p.inverse, 0, <usize>m * row);
  for (let i = 0; i < m; i++) {
    put(rowOf(p, i), i, -1);
    put(p.weight, i, 1);
    store<i32>(p.head + ((<usize>i) << 2), -1);
  }
  for (let i = 0; i < m; i++) {
    if (isBasic(p, p.n + i)) store<i32>(p.head + ((<usize>i) << 2), p.n + i);
  }
  // Short columns first: they fill the inverse least.
  p.making = 0;
  let count = 0;
  for (let j = 0; j < p.n; j++) {
    if (isBasic(p, j)) {
      store<i32>(p.list + ((<usize>count) << 2), j);
      count++;
    }
  }
  sortByLength(p, count);
  for (let k = 0; k < count; k++) {
    const j = int(p.list, k);
    ftran(p, j);
    let slot = -1;
    let widest: f64 = 1e-9;
    for (let i = 0; i < m; i++) {
      const size = abs(f(p.column, i));
      if (size > widest && int(p.head, i) < 0) {
        widest = size;
        slot = i;
      }
    }
    if (slot >= 0) {
      p.making += <f64>update(p, slot);
      store<i32>(p.head + ((<usize>slot) << 2), j);
    } else {
      setStatus(p, j, FREE);
      settle(p, j);
    }
  }
  for (let i = 0; i < m; i++) {
    if (int(p.head, i) < 0) {
      store<i32>(p.head + ((<usize>i) << 2), p.n + i);
      setStatus(p, p.n + i, BASIC);
    }
    put(p.weight, i, dot(rowOf(p, i), rowOf(p, i), row));
  }
  p.stale = 0;
  p.updates = 0;
  p.work = 0;
}

function sortByLength(p: Simplex, count: i32): void {
  // Shell sort with lengths; stable order is not needed, only the same one each time.
  let gap = count >> 1;
  while (gap > 0) {
    for (let i = gap; i < count; i++) {
      const j = int(p.list, i);
      const length = int(p.starts, j + 1) - int(p.starts, j);
      let k = i;
      while (k >= gap && lengthAt(p, k - gap) > length) {
        store<i32>(p.list + ((<usize>k) << 2), int(p.list, k - gap));
        k -= gap;
      }
      store<i32>(p.list + ((<usize>k) << 2), j);
    }
    gap >>= 1;
  }
}

function lengthAt(p: Simplex, k: i32): i32 {
  const j = int(p.list, k);
  return int(p.starts, j + 1) - int(p.starts, j);
}

/** x_B ← −inverse · N x_N, with one step of refinement. */
export function computePrimal(p: Simplex): void {
  const row = (<usize>p.stride) << 3;
  for (let i = 0; i < p.m; i++) put(p.x, int(p.head, i), 0);
  let size: f64 = 0;
  for (let pass = 0; pass < 2; pass++) {
    memory.fill(p.right, 0, row);
    for (let j = 0; j < p.all; j++) {
      const x = f(p.x, j);
      if (x != 0) addColumn(p, j, -x, p.right);
    }
    if (pass == 1) p.residual = largest(p.right, p.m) / (1 + size);
    const count = nonzerosOf(p, p.right);
    for (let i = 0; i < p.m; i++) {
      const j = int(p.head, i);
      const x = f(p.x, j) + rowDot(p, i, p.right, count);
      put(p.x, j, x);
      size = max(size, abs(x));
    }
  }
}

/** y ← inverseᵀ c_B with one step of refinement; d ← c − [A, −I]ᵀ y. */
export function computeDual(p: Simplex): void {
  const row = (<usize>p.stride) << 3;
  memory.fill(p.y, 0, row);
  for (let pass = 0; pass < 2; pass++) {
    for (let i = 0; i < p.m; i++) {
      const j = int(p.head, i);
      put(p.right, i, f(p.c, j) - columnDot(p, j, p.y));
    }
    if (pass == 1) p.residual = max(p.residual, largest(p.right, p.m) / (1 + largest(p.y, p.m)));
    for (let i = 0; i < p.m; i++) {
      const c = f(p.right, i);
      if (c != 0) axpy(c, rowOf(p, i), p.y, row);
    }
  }
  for (let j = 0; j < p.all; j++) put(p.d, j, isBasic(p, j) ? 0 : f(p.c, j) - columnDot(p, j, p.y));
}

/** The largest |v[i]|; NaN counts as infinite. */
function largest(v: usize, n: i32): f64 {
  let most: f64 = 0;
  for (let i = 0; i < n; i++) {
    const size = abs(f(v, i));
    if (!(size <= most)) most = size == size ? size : INFINITE;
  }
  return most;
}

/** Everything from the basis. */
export function fresh(p: Simplex): void {
  refactor(p);
  computePrimal(p);
  computeDual(p);
}

/**
 * Everything from the inverse, which is made anew unless it is accurate and that would cost more than the pivots since
 * (a dense inverse costs m of them: five times the whole time at 1000 rows when it is made every 100).
 */
export function refresh(p: Simplex): void {
  if (p.work < PATIENCE * p.making) {
    computePrimal(p);
    computeDual(p);
    p.stale = 0;
    if (p.updates == 0 || p.residual <= ACCURATE) return;
  }
  fresh(p);
}

/** alpha ← row r of inverse · [A, −I] over the nonbasic variables; p.touched lists its entries. */
export function pivotRow(p: Simplex, r: i32): void {
  const row = rowOf(p, r);
  let count = 0;
  for (let j = 0; j < p.all; j++) {
    const a = isBasic(p, j) ? 0 : columnDot(p, j, row);
    put(p.alpha, j, a);
    if (a != 0) {
      store<i32>(p.touched + ((<usize>count) << 2), j);
      count++;
    }
  }
  p.touching = count;
}

/** x_B ← x_B − t · p.column: variable q, to which the column belongs, moves by t. */
export function moveBasic(p: Simplex, t: f64): void {
  for (let i = 0; i < p.m; i++) {
    const a = f(p.column, i);
    if (a != 0) {
      const j = int(p.head, i);
      put(p.x, j, f(p.x, j) - t * a);
    }
  }
}

/** Variable q becomes basic in row r, whose variable goes to `status`; p.column is the pivot column. */
export function exchange(p: Simplex, r: i32, q: i32, status: i32): void {
  const leaving = int(p.head, r);
  p.work += <f64>update(p, r);
  setStatus(p, leaving, status);
  setStatus(p, q, BASIC);
  store<i32>(p.head + ((<usize>r) << 2), q);
  rest(p, leaving);
  p.stale++;
  p.updates++;
}
