// The heap that TypeScript's arenas own: 64-byte aligned blocks, an address-ordered free list, neighbours joined on
// release. A study makes tens of blocks, so first fit over a list costs nothing, and unlike a doubling allocator the
// memory grows by what is asked for and no more.
//
//   | header: payload bytes, next free | … 64 bytes … | payload, a multiple of 64 bytes | header …
//
// Two blocks that touch in memory are exactly `HEADER + payload` apart.

const ALIGNMENT: usize = 64;
const HEADER: usize = 64;
const PAGE: usize = 65536;

@unmanaged
class Block {
  bytes: usize;
  next: Block | null;
}

const START: usize = (__heap_base + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

let top: usize = START; // first byte never handed out
let free_: Block | null = null; // free blocks, by ascending address
let live: usize = 0;

/** Bytes handed out and not yet released, headers included. */
export function allocatedBytes(): usize {
  return live;
}

/** A block of at least `bytes` bytes at a multiple of 64, not zeroed; 0 when memory cannot grow any further. */
export function allocate(bytes: usize): usize {
  if (bytes > <usize>0xffff0000) return 0;
  const wanted = (max(bytes, 1) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  let previous: Block | null = null;
  let block = free_;
  while (block !== null && block.bytes < wanted) {
    previous = block;
    block = block.next;
  }
  if (block === null) {
    const end = <u64>top + HEADER + wanted;
    if (end > <u64>u32.MAX_VALUE) return 0; // nor may `top` be 2³², which is 0
    const have = <u64>memory.size() * PAGE;
    if (end > have) {
      const pages = <i32>((end - have + PAGE - 1) / PAGE);
      if (memory.grow(pages) < 0) return 0;
    }
    block = changetype<Block>(top);
    block.bytes = wanted;
    top = <usize>end;
  } else {
    let rest = block.next;
    if (block.bytes >= wanted + HEADER + ALIGNMENT) {
      const tail = changetype<Block>(changetype<usize>(block) + HEADER + wanted);
      tail.bytes = block.bytes - wanted - HEADER;
      tail.next = rest;
      block.bytes = wanted;
      rest = tail;
    }
    if (previous === null) free_ = rest;
    else previous.next = rest;
  }
  block.next = null;
  live += HEADER + block.bytes;
  return changetype<usize>(block) + HEADER;
}

/** Gives a block of `allocate` back; joined with free neighbours, and with the untouched rest of memory. */
export function release(pointer: usize): void {
  const block = changetype<Block>(pointer - HEADER);
  live -= HEADER + block.bytes;
  let previous: Block | null = null;
  let next = free_;
  while (next !== null && changetype<usize>(next) < changetype<usize>(block)) {
    previous = next;
    next = next.next;
  }
  block.next = next;
  if (next !== null && end(block) == changetype<usize>(next)) {
    block.bytes += HEADER + next.bytes;
    block.next = next.next;
  }
  let joined = block;
  if (previous === null) {
    free_ = block;
  } else if (end(previous) == changetype<usize>(block)) {
    previous.bytes += HEADER + block.bytes;
    previous.next = block.next;
    joined = previous;
  } else {
    previous.next = block;
  }
  if (end(joined) == top) giveBack(joined);
}

function end(block: Block): usize {
  return changetype<usize>(block) + HEADER + block.bytes;
}

/** The last block is free: lower `top` to it, so that the next large block starts there and memory need not grow. */
function giveBack(last: Block): void {
  let previous: Block | null = null;
  let block = free_;
  while (block !== null && block !== last) {
    previous = block;
    block = block.next;
  }
  if (previous === null) free_ = null;
  else previous.next = null;
  top = changetype<usize>(last);
}
