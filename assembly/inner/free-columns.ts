// The unknowns of a squared loss that no kink holds, as a path of minimizers needs them (homotopy.ts): the intercept and some
// columns of X, centred, copied out, and a factor of what they are to one another,
//
//   L·Lᵀ = X_JᵀΩX_J + l2·I,     Ω what rows weigh.

import { dot } from "../linalg/dense";
import { appendToFactor, removeFromFactor } from "../linalg/factor-update";
import { ownWeight } from "../losses/block";
import { Objective } from "../objective";

/** An unknown whose squared pivot is at most this share of its column's squared norm counts as spanned by the others. */
const SPANNED: f64 = 1e-13;

@unmanaged
export class FreeColumns {
  capacity: i32; // unknowns at most
  count: i32;
  moments: usize; // of moments.ts
  unknowns: usize; // i32[capacity]: columns, and the number of columns for the intercept
  pieces: usize; // i32[capacity]: of the penalty (penalties/path.ts), 0 for the intercept
  places: usize; // i32[thetaCount]: where an unknown is among them, or −1
  roots: usize; // f64[rows]: √Ω
  columns: usize; // f64[capacity][rows]: each row times its root
  factor: usize; // L, row by row, `capacity` apart
}

export function freeColumnsBytes(o: Objective, capacity: i32): usize {
  const f64s = <usize>o.rows + <usize>capacity * <usize>(o.rows + capacity);
  return offsetof<FreeColumns>() + (f64s << 3) + ((2 * <usize>capacity + <usize>o.thetaCount + 1) << 2);
}

/** block: of `freeColumnsBytes`. */
export function freeColumnsInit(block: usize, o: Objective, moments: usize, capacity: i32): void {
  const f = changetype<FreeColumns>(block);
  f.capacity = capacity;
  f.moments = moments;
  f.roots = block + offsetof<FreeColumns>();
  f.columns = f.roots + ((<usize>o.rows) << 3);
  f.factor = f.columns + ((<usize>capacity * <usize>o.rows) << 3);
  f.unknowns = f.factor + ((<usize>capacity * <usize>capacity) << 3);
  f.pieces = f.unknowns + ((<usize>capacity) << 2);
  f.places = f.pieces + ((<usize>capacity) << 2);
}

/** Empties the list, and takes √Ω from the objective's weights. */
export function clearFree(f: FreeColumns, o: Objective): void {
  f.count = 0;
  memory.fill(f.places, 0xff, (<usize>o.thetaCount) << 2);
  for (let i = 0; i < o.rows; i++) store<f64>(f.roots + ((<usize>i) << 3), Math.sqrt(ownWeight(o, i)));
}

/** Lets an unknown move, on a piece of the penalty. Returns whether there is room, and the others do not span its column. */
export function join(f: FreeColumns, o: Objective, unknown: i32, piece: i32): bool {
  if (f.count == f.capacity) return false;
  const own = columnAt(f, o, f.count);
  gatherColumn(f, o, unknown, own);
  const row = f.factor + ((<usize>f.count * <usize>f.capacity) << 3);
  for (let k = 0; k < f.count; k++) store<f64>(row + ((<usize>k) << 3), dot<f64>(o.rows, own, columnAt(f, o, k)));
  countWork(o, <f64>f.count * <f64>(o.rows + f.count));
  const squares = dot<f64>(o.rows, own, own);
  const ridge = unknown < o.columns ? o.l2 : 0;
  const pivot = appendToFactor(f.count, f.capacity, f.factor, squares + ridge);
  if (!(pivot > SPANNED * squares)) return false;
  store<f64>(row + ((<usize>f.count) << 3), Math.sqrt(pivot));
  const at = (<usize>f.count) << 2;
  store<i32>(f.unknowns + at, unknown);
  store<i32>(f.pieces + at, piece);
  store<i32>(f.places + ((<usize>unknown) << 2), f.count);
  f.count++;
  return true;
}

/** A kink holds the unknown at place k from now on. */
export function leave(f: FreeColumns, o: Objective, k: i32): void {
  const last = f.count - 1;
  const behind = <usize>(last - k);
  removeFromFactor(f.count, f.capacity, f.factor, k);
  countWork(o, 3 * <f64>behind * <f64>behind);
  store<i32>(f.places + ((<usize>unknownAt(f, k)) << 2), -1);
  const to = (<usize>k) << 2;
  memory.copy(f.unknowns + to, f.unknowns + to + 4, behind << 2);
  memory.copy(f.pieces + to, f.pieces + to + 4, behind << 2);
  memory.copy(columnAt(f, o, k), columnAt(f, o, k + 1), (behind * <usize>o.rows) << 3);
  for (let i = k; i < last; i++) store<i32>(f.places + ((<usize>unknownAt(f, i)) << 2), i);
  f.count = last;
}

export function unknownAt(f: FreeColumns, k: i32): i32 {
  return load<i32>(f.unknowns + ((<usize>k) << 2));
}

export function pieceAt(f: FreeColumns, k: i32): i32 {
  return load<i32>(f.pieces + ((<usize>k) << 2));
}

/** −1 for an unknown that a kink holds. */
export function placeAmongFree(f: FreeColumns, unknown: i32): i32 {
  return load<i32>(f.places + ((<usize>unknown) << 2));
}

/** The column of the k-th free unknown; for k = count that of the last one that was to join and could not. */
export function columnAt(f: FreeColumns, o: Objective, k: i32): usize {
  return f.columns + ((<usize>k * <usize>o.rows) << 3);
}

/** Counts multiplications as their share of a pass. */
export function countWork(o: Objective, multiplications: f64): void {
  o.passes += multiplications / (2 * o.valueCount);
}

/** out ← a column, centred, or 1 for the intercept, each row times its root. */
function gatherColumn(f: FreeColumns, o: Objective, unknown: i32, out: usize): void {
  const intercept = unknown == o.columns;
  const mean = intercept ? 0 : load<f64>(f.moments + ((<usize>unknown) << 3));
  for (let row = 0; row < o.rows; row++) {
    const at = (<usize>row) << 3;
    const value = intercept ? 1 : valueAt(o, row, unknown) - mean;
    store<f64>(out + at, value * load<f64>(f.roots + at));
  }
}

function valueAt(o: Objective, row: i32, column: i32): f64 {
  let place = <usize>o.placeOf(row) * <usize>o.columns + <usize>column;
  if (o.columnIndices != 0) {
    const starts = o.rowStarts + ((<usize>o.placeOf(row)) << 2);
    const end = load<i32>(starts, 4);
    let low = load<i32>(starts);
    let high = end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (load<i32>(o.columnIndices + ((<usize>middle) << 2)) < column) low = middle + 1;
      else high = middle;
    }
    if (low == end || load<i32>(o.columnIndices + ((<usize>low) << 2)) != column) return 0;
    place = <usize>low;
  }
  return o.width == 4 ? <f64>load<f32>(o.values + (place << 2)) : load<f64>(o.values + (place << 3));
}
