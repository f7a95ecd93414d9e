// ℓ_λ(θ) = Σ_g λ_g·(mean loss over the rows of group g) + λ_u·(uniform cross-entropy) + penalty(W): one record that
// every kernel and solver reads. A row group is whatever shares a λ: all rows (plain log loss), a class (class
// weights), a domain (group weights). TypeScript owns the memory; nothing here allocates.
//
//   θ (f64)    | W: outputs × columns, row by row | intercepts: outputs |       penalties see W only

import { generatePanel } from "./augmentation/generator";
import { PANEL } from "./linalg/panel";
import { paddedOutputs } from "./linalg/sparse";
import { sweep } from "./linalg/sweep";

export const SOFTMAX: i32 = 0;
export const LOGISTIC: i32 = 1;
export const SQUARED: i32 = 2;

export const BLOCK: i32 = PANEL;

@unmanaged
export class Objective {
  model: i32; // SOFTMAX, LOGISTIC or SQUARED
  width: i32; // bytes of a value of X, and of the arithmetic on it: 4 (f32) or 8 (f64)
  fine: bool; // arithmetic in f64 on an X in f32: what a solver ends with, and proofs need
  rows: i32;
  columns: i32;
  outputs: i32; // classes for SOFTMAX, otherwise 1
  groups: i32;
  gapAt: i32; // rows from here on lie `gap` rows further in X: what another fold is judged by is passed over
  gap: i32;
  block: usize; // the block of rows around the gap, side by side (dense)
  values: usize; // X, row by row; only the nonzeros when `columnIndices` is set
  columnIndices: usize; // i32 per nonzero, ascending within a row (CSR), or 0 for dense
  rowStarts: usize; // i32[rows + 1] (CSR), the gap apart
  generator: usize; // makes the rows of X where they are not held (augmentation), or 0
  targets: usize; // f64 per row: class index, 0 or 1, or a real number
  rowWeights: usize; // f64 per row: sample weight over the total of its group, so that a group's loss is a mean
  even: bool; // … or per group: all its rows weigh the same
  uniformWeights: usize; // f64 per row: sample weight over the total of all rows, for uniform cross-entropy; 0 without
  rowGroups: usize; // i32 per row, or 0 when there is one group
  groupWeights: usize; // λ of the data features: f64[groups + 1], uniform cross-entropy last
  groupLosses: usize; // their values at the last θ evaluated: f64[groups + 1]
  scratch: usize; // `scratchBytes` bytes
  gram: usize; // second moments of the rows, which gradients come from (losses/gram.ts), or 0
  kept: usize; // scores of the last θ that all rows were seen at, `width` bytes each, as `classesOf` has them; 0: not kept
  keptAt: usize; // where that θ is, or was; 0: no such
  known: usize; // scores of the θ at `knownAt`, f64[outputs][rows]; 0: of none
  knownAt: usize;
  slopes: usize; // where gradients leave the slopes of the losses in all scores, f32[outputs][rows]; 0: nowhere
  // penalty(W) = l1·‖W‖₁ + l2·½‖W‖² + Σ_b knotWeights[b]·Σ max(0, |w| − knots[b]) + groupNorm·Σ_g √|g|·‖W_g‖₂
  l1: f64;
  l2: f64;
  knots: usize; // f64[knotCount], ascending
  knotWeights: usize;
  knotCount: i32;
  groupNorm: f64;
  normGroups: i32; // groups of columns that the group norm sees, a partition
  normStarts: usize; // i32[normGroups + 1]: where the members of each begin
  normMembers: usize; // i32[outputs·columns]: indices of weights, group by group
  normFactors: usize; // f64[normGroups]: √|g|
  passes: f64; // spent so far: forward + backward over all rows counts 1, forward alone ½

  /** f64[outputs][BLOCK] behind the block of scores. */
  get exponentials(): usize {
    return this.scratch + ((<usize>(this.outputs * BLOCK)) << 3);
  }

  /** f64[BLOCK], of the exponentials: the largest score of a row. */
  get largest(): usize {
    return this.scratch + ((<usize>(this.outputs * BLOCK)) << 4);
  }

  /** f64[BLOCK], of the exponentials: their sum. */
  get totals(): usize {
    return this.largest + (BLOCK << 3);
  }

  /** f64[BLOCK]: logarithms of the sums. */
  get logarithms(): usize {
    return this.totals + (BLOCK << 3);
  }

  /** CSR with several classes: W and its gradient are transposed for linalg/sparse.ts. */
  get packs(): bool {
    return this.columnIndices != 0 && this.outputs > 1;
  }

  /** W as the kernels read it. */
  get packed(): usize {
    return this.logarithms + (BLOCK << 3);
  }

  get packedBytes(): usize {
    return (<usize>this.columns * <usize>paddedOutputs(this.outputs)) << 3;
  }

  /** A direction beside W, or the gradient of CSR with several classes. */
  get packedGradient(): usize {
    return this.packed + this.packedBytes;
  }

  /** f64 per padded class, of one row (CSR). */
  get packedRow(): usize {
    return this.packedGradient + this.packedBytes;
  }

  /** f64[BLOCK][columns]: rows of a dense X in f32, widened. */
  get wide(): usize {
    return this.packedGradient + this.packedBytes;
  }

  get weightCount(): i32 {
    return this.outputs * this.columns;
  }

  /** Where row i lies in X. */
  placeOf(i: i32): i32 {
    return i < this.gapAt ? i : i + this.gap;
  }

  /** Values of X in the rows of the objective. */
  get valueCount(): f64 {
    if (this.columnIndices == 0) return <f64>this.rows * <f64>this.columns;
    return <f64>(this.valuesBetween(0, this.rows + this.gap) - this.valuesBetween(this.gapAt, this.gapAt + this.gap));
  }

  private valuesBetween(from: i32, to: i32): i32 {
    return load<i32>(this.rowStarts + ((<usize>to) << 2)) - load<i32>(this.rowStarts + ((<usize>from) << 2));
  }

  get thetaCount(): i32 {
    return this.outputs * (this.columns + 1);
  }
}

/** Arithmetic in f64 on an X in f32, for scores and gradients from now on. */
export function objectiveSetFine(pointer: usize, fine: bool): void {
  changetype<Objective>(pointer).fine = fine;
}

export function objectiveBytes(): usize {
  return offsetof<Objective>();
}

/** Scratch of `objective`: a block's scores, exponentials and what the link knows of a row; W as the kernels read it, and on. */
export function objectiveScratchBytes(columns: i32, outputs: i32, sparse: bool, width: i32): usize {
  const block = (2 * <usize>outputs + 3) * <usize>BLOCK * 8;
  if (sparse && outputs == 1) return block + <usize>columns * 4;
  const packed = block + 2 * <usize>columns * <usize>paddedOutputs(outputs) * 8;
  if (sparse) return packed + <usize>paddedOutputs(outputs) * 8;
  return width == 8 ? packed : packed + <usize>BLOCK * <usize>columns * 8;
}

export function objectiveSetData(
  pointer: usize,
  model: i32,
  width: i32,
  rows: i32,
  columns: i32,
  outputs: i32,
  groups: i32,
  values: usize,
  columnIndices: usize,
  rowStarts: usize,
  targets: usize,
  rowWeights: usize,
  even: bool,
  uniformWeights: usize,
  rowGroups: usize,
  groupWeights: usize,
  groupLosses: usize,
  scratch: usize,
): void {
  const o = changetype<Objective>(pointer);
  o.model = model;
  o.width = width;
  o.rows = rows;
  o.columns = columns;
  o.outputs = outputs;
  o.groups = groups;
  o.values = values;
  o.columnIndices = columnIndices;
  o.rowStarts = rowStarts;
  o.targets = targets;
  o.rowWeights = rowWeights;
  o.even = even;
  o.uniformWeights = uniformWeights;
  o.rowGroups = rowGroups;
  o.groupWeights = groupWeights;
  o.groupLosses = groupLosses;
  o.scratch = scratch;
  o.kept = 0;
  o.keptAt = 0;
  o.known = 0;
  o.knownAt = 0;
  o.slopes = 0;
  o.generator = 0;
  o.gram = 0;
  o.gapAt = rows;
  o.gap = 0;
  o.fine = false;
  o.passes = 0;
}

/** Bytes that `objectiveKeep` needs: may be more than there is memory. */
export function objectiveKeepBytes(pointer: usize): f64 {
  const o = changetype<Objective>(pointer);
  return <f64>o.outputs * <f64>o.rows * <f64>o.width;
}

/** Keeps the scores of every θ whose gradient is taken until that of the next. */
export function objectiveKeep(pointer: usize, kept: usize): void {
  changetype<Objective>(pointer).kept = kept;
}

/** The scores, f64[outputs][rows], of the θ at this address: its next gradient costs half a pass. 0: forgets them. */
export function objectiveKnow(pointer: usize, theta: usize, scores: usize): void {
  const o = changetype<Objective>(pointer);
  o.knownAt = theta;
  o.known = scores;
}

/** Bytes of the block that `objectiveSetGap` copies the rows around a gap to (dense X). */
export function objectiveBlockBytes(pointer: usize): usize {
  const o = changetype<Objective>(pointer);
  return <usize>BLOCK * <usize>o.columns * <usize>o.width;
}

/** The rows from `gapAt` on lie `gap` rows further. block: `objectiveBlockBytes` bytes, 0 for CSR. */
export function objectiveSetGap(pointer: usize, gapAt: i32, gap: i32, block: usize): void {
  const o = changetype<Objective>(pointer);
  o.gapAt = gapAt;
  o.gap = gap;
  o.block = block;
  const first = gapAt - (gapAt % BLOCK);
  if (block == 0 || gapAt == first) return;
  const row = <usize>o.columns * <usize>o.width;
  for (let i = first; i < min(first + BLOCK, o.rows); i++) {
    memory.copy(block + <usize>(i - first) * row, o.values + <usize>o.placeOf(i) * row, row);
  }
}

export function objectiveValues(pointer: usize): f64 {
  return changetype<Objective>(pointer).valueCount;
}

export function objectiveSetNormGroups(
  pointer: usize,
  groups: i32,
  starts: usize,
  members: usize,
  factors: usize,
): void {
  const o = changetype<Objective>(pointer);
  o.normGroups = groups;
  o.normStarts = starts;
  o.normMembers = members;
  o.normFactors = factors;
}

/** X comes from a generator (augmentation/generator.ts) from now on. */
export function objectiveSetGenerator(pointer: usize, generator: usize): void {
  changetype<Objective>(pointer).generator = generator;
}

/**
 * Rows first … first + count − 1 of a dense X, a block of them, one after the other: good until the next call. They come
 * from memory in one sweep, unless they are `near` already. (Of a sparse X: nothing.)
 */
export function panelOf<T>(o: Objective, first: i32, count: i32, near: bool = false): usize {
  if (o.columnIndices != 0) return 0;
  if (sizeof<T>() == 8 && o.width == 4) {
    const narrow = panelOf<f32>(o, first, count);
    const values = count * o.columns;
    let i = 0;
    if (ASC_FEATURE_SIMD) {
      for (; i + 2 <= values; i += 2) {
        const pair = f64x2.promote_low_f32x4(v128.load64_zero(narrow + ((<usize>i) << 2)));
        v128.store(o.wide + ((<usize>i) << 3), pair);
      }
    }
    for (; i < values; i++) store<f64>(o.wide + ((<usize>i) << 3), <f64>load<f32>(narrow + ((<usize>i) << 2)));
    return o.wide;
  }
  if (o.generator != 0) return generatePanel<T>(o.generator, first, count);
  if (first < o.gapAt && o.gapAt < first + count) return o.block;
  const rowBytes = <usize>o.columns * sizeof<T>();
  const panel = o.values + <usize>o.placeOf(first) * rowBytes;
  if (!near && rowBytes > NARROW && <usize>o.rows * rowBytes > CACHED) {
    const rows = max(<i32>(SWEEP / rowBytes) & ~(BLOCK - 1), BLOCK);
    if (first % rows == 0) sweep(panel, <usize>min(rows, o.rows - first) * rowBytes);
  }
  return panel;
}

/** Bytes of X that stay in a second-level cache. */
const CACHED: usize = 1 << 20;

/** Bytes of a row up to which four rows are one stream, whose prefetching leaves nothing to gain. */
const NARROW: usize = 256;

/** Bytes to bring at once, where a block has fewer. */
const SWEEP: usize = 1 << 16;

export function objectiveSetPenalty(
  pointer: usize,
  l1: f64,
  l2: f64,
  groupNorm: f64,
  knotCount: i32,
  knots: usize,
  knotWeights: usize,
): void {
  const o = changetype<Objective>(pointer);
  o.l1 = l1;
  o.l2 = l2;
  o.groupNorm = groupNorm;
  o.knotCount = knotCount;
  o.knots = knots;
  o.knotWeights = knotWeights;
}

export function objectivePasses(pointer: usize): f64 {
  return changetype<Objective>(pointer).passes;
}
