// Where the rows of a data set lie that are seen through a basis, and what is known of each (projection.ts):
//
//   z  [chunk][block][output][slot of CHUNK][BLOCK rows]      lanes over rows; rows that pad the last block are 0 throughout
//
// A span seldom fills: a chunk of slots is allocated when the first of them is wanted.

import { BLOCK, Objective } from "../objective";

/** Slots per output that are allocated at once: with 4 as with 36 a reduced gradient takes 0.92 to 1.05 of the time. */
export const CHUNK: i32 = 4;

@unmanaged
export class Projection {
  objective: usize;
  capacity: i32; // slots per output, as in the basis
  size: i32;
  chunks: usize; // usize[⌈capacity / CHUNK⌉], where each is: f64[blocks][outputs][CHUNK][BLOCK]; 0: not yet
  residuals: usize; // dℓ/dscore at the last gradient, λ included: f64[blocks][outputs][BLOCK]; until the next, scores kept
  probabilities: usize; // softmax, logistic: p; squared: score − target. f64[blocks][outputs][BLOCK]
  curvatures: usize; // λ-weighted sample weight of each row: f64[blocks][BLOCK]
  scratch: usize; // f64[outputs][BLOCK]
}

/** The record, and where its chunks are. Zeroed. */
export function projectionBytes(capacity: i32): usize {
  return offsetof<Projection>() + <usize>chunksFor(capacity) * sizeof<usize>();
}

function chunksFor(slots: i32): i32 {
  return (slots + CHUNK - 1) / CHUNK;
}

/** Bytes of a chunk that must be there before `slot` is set: 0 where it is; may be more than there is memory. */
export function projectionLacks(pointer: usize, slot: i32): f64 {
  const p = changetype<Projection>(pointer);
  const o = changetype<Objective>(p.objective);
  if (load<usize>(chunkOf(p, slot)) != 0) return 0;
  return <f64>((o.rows + BLOCK - 1) / BLOCK) * <f64>(o.outputs * CHUNK * BLOCK) * 8;
}

/** The chunk of `slot` is here, zeroed. */
export function projectionGrow(pointer: usize, slot: i32, chunk: usize): void {
  const p = changetype<Projection>(pointer);
  store<usize>(chunkOf(p, slot), chunk);
  if (slot == 0) setOnes(p);
}

function chunkOf(p: Projection, slot: i32): usize {
  return p.chunks + <usize>(<u32>slot / <u32>CHUNK) * sizeof<usize>();
}

export function projectionInit(
  pointer: usize,
  objective: usize,
  capacity: i32,
  residuals: usize,
  probabilities: usize,
  curvatures: usize,
  scratch: usize,
): void {
  const p = changetype<Projection>(pointer);
  p.objective = objective;
  p.capacity = capacity;
  p.size = 1;
  p.chunks = pointer + offsetof<Projection>();
  p.residuals = residuals;
  p.probabilities = probabilities;
  p.curvatures = curvatures;
  p.scratch = scratch;
}

/** Slot 0 is the intercept. */
function setOnes(p: Projection): void {
  const o = changetype<Objective>(p.objective);
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    for (let c = 0; c < o.outputs; c++) {
      const ones = slotOf(p, o, first / BLOCK, c, 0);
      for (let i = 0; i < count; i++) store<f64>(ones + ((<usize>i) << 3), 1);
    }
  }
}

export function slotOf(p: Projection, o: Objective, block: i32, output: i32, slot: i32): usize {
  const place = <usize>(block * o.outputs + output) * CHUNK + <usize>(<u32>slot % <u32>CHUNK);
  return load<usize>(chunkOf(p, slot)) + ((place * BLOCK) << 3);
}

export function rowsOf(base: usize, o: Objective, block: i32, output: i32): usize {
  return base + ((<usize>(block * o.outputs + output) * <usize>BLOCK) << 3);
}
