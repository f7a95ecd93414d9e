import type { Dataset } from "./dataset.ts";
import { isTyped } from "./typed-array.ts";

/** Validation rows, target included, that occur in the training set. */
export function sharedRows(train: Dataset, validation: Dataset): number {
  // Chains of the training rows by hash: the last row of each, and the one before it. Numbers from 1; 0 ends a chain.
  const buckets = 1 << (32 - Math.clz32(train.rows));
  const last = new Int32Array(buckets);
  const before = new Int32Array(train.rows + 1);
  const hashes = new Int32Array(train.rows + 1);
  let hash = hasherOf(train);
  for (let i = 0; i < train.rows; i++) {
    const h = hash(i);
    const bucket = h & (buckets - 1);
    hashes[i + 1] = h;
    before[i + 1] = last[bucket]!;
    last[bucket] = i + 1;
  }
  hash = hasherOf(validation);
  let count = 0;
  for (let i = 0; i < validation.rows; i++) {
    const h = hash(i);
    let row = last[h & (buckets - 1)]!;
    while (row > 0 && !(hashes[row] === h && equal(train, row - 1, validation, i))) row = before[row]!;
    if (row > 0) count++;
  }
  return count;
}

/** The nonzeros of a row, as [column, value]: the same for dense and sparse rows. */
function* entries({ x, columns }: Dataset, i: number): Generator<readonly [number, number]> {
  if (x.kind === "dense") {
    for (let j = 0; j < columns; j++) {
      const value = x.values[i * columns + j]!;
      if (value !== 0) yield [j, value];
    }
  } else {
    for (let e = x.starts[i]!; e < x.starts[i + 1]!; e++) {
      if (x.values[e] !== 0) yield [x.indices[e]!, x.values[e]!];
    }
  }
}

/**
 * FNV-1a of rows over their target (of columns that are flags there may be few kinds of rows, each with many of them) and
 * over the positions and values (rounded to f32, so that precision does not matter) of what is not 0.
 */
function hasherOf({ x, y, columns }: Dataset): (i: number) => number {
  const row = new Float32Array(columns);
  const bits = new Int32Array(row.buffer);
  const { values } = x;
  if (x.kind === "dense") {
    return (i) => {
      let h = targetHash(y[i]!);
      row.set(values.subarray(i * columns, (i + 1) * columns));
      for (let j = 0; j < columns; j++) if (bits[j]! << 1 !== 0) h = mixed(mixed(h, j), bits[j]!); // ±0 are none
      return spread(h);
    };
  }
  const { starts, indices } = x;
  return (i) => {
    let h = targetHash(y[i]!);
    const [from, to] = [starts[i]!, starts[i + 1]!];
    row.set(values.subarray(from, to)); // no more of them than columns
    for (let e = 0; e < to - from; e++) if (bits[e]! << 1 !== 0) h = mixed(mixed(h, indices[from + e]!), bits[e]!);
    return spread(h);
  };
}

const BASIS = 0x811c9dc5;

function mixed(h: number, word: number): number {
  return Math.imul(h ^ word, 0x01000193);
}

/** Low bits of products depend on low bits alone: now on all. */
function spread(h: number): number {
  return h ^ (h >>> 15);
}

const word = new Float32Array(1);
const wordBits = new Int32Array(word.buffer);

function targetHash(target: string | number): number {
  let h = BASIS;
  if (typeof target === "string") {
    for (let at = 0; at < target.length; at++) h = mixed(h, target.charCodeAt(at));
    return h;
  }
  word[0] = target + 0; // −0 is 0
  return mixed(h, wordBits[0]!);
}

function equal(a: Dataset, i: number, b: Dataset, k: number): boolean {
  if (a.y[i] !== b.y[k]) return false;
  // Data held in f32 are compared with what f32 leaves of the others.
  const exact = [a, b].every(({ x }) => isTyped(x.values, "Float64Array"));
  const same = (p: number, q: number) => (exact ? p === q : Math.fround(p) === Math.fround(q));
  const left = entries(a, i);
  const right = entries(b, k);
  for (let x = left.next(), y = right.next(); ; x = left.next(), y = right.next()) {
    if (x.done || y.done) return x.done === y.done;
    if (x.value[0] !== y.value[0] || !same(x.value[1], y.value[1])) return false;
  }
}
