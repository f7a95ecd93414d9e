// Rows under transformations, made when a block of them is needed and forgotten after it: of T transformations no copy
// of the data is held. An objective over them sees n·T rows, a block of training rows under all transformations first,
// so that its pixels are read from memory once:
//
//   rows      block of 32 training rows under transformation 0 | the same 32 under 1 | … | the next 32 under 0 | …
//             the last block holds the rows that remain; its parts are that short
//   source    [group of 8 rows][column][8 rows], see stages.ts; the rows that pad the last group are 0
//
// A transformation has one or more alternatives, of which each row gets one by chance; an alternative is a sequence of
// stages, none for the rows as they are.

import { applyStage, below, keyOf, PACK, Stage } from "./stages";

/** Rows of a panel, as objective.ts hands them to its kernels. */
const BLOCK: i32 = 32;

@unmanaged
class Generator {
  rows: i32; // of the training set
  columns: i32;
  transformations: i32;
  seed: u32;
  source: usize;
  alternatives: usize; // i32[transformations + 1]: the first alternative of each
  sequences: usize; // i32[alternatives + 1]: the first stage of each
  stages: usize;
  work: usize; // see generatorWorkBytes

  /** T[BLOCK][columns] */
  panel(): usize {
    return this.work;
  }

  targets(width: usize): usize {
    return this.work + <usize>BLOCK * <usize>this.columns * width;
  }
}

export function generatorBytes(stages: i32): usize {
  return offsetof<Generator>() + <usize>stages * offsetof<Stage>();
}

/** The panel, eight row pointers, a row that nobody reads, and two buffers for what goes from stage to stage. */
export function generatorWorkBytes(columns: i32, width: i32): usize {
  return <usize>(BLOCK + 1 + 2 * PACK) * <usize>columns * <usize>width + 16 + ((<usize>PACK) << 2);
}

export function generatorInit(
  pointer: usize,
  rows: i32,
  columns: i32,
  transformations: i32,
  seed: u32,
  source: usize,
  alternatives: usize,
  sequences: usize,
  work: usize,
): void {
  const g = changetype<Generator>(pointer);
  g.rows = rows;
  g.columns = columns;
  g.transformations = transformations;
  g.seed = seed;
  g.source = source;
  g.alternatives = alternatives;
  g.sequences = sequences;
  g.stages = pointer + offsetof<Generator>();
  g.work = work;
}

export function generatorSetStage(
  pointer: usize,
  index: i32,
  kind: i32,
  starts: usize,
  indices: usize,
  weights: usize,
  biases: usize,
  amount: f64,
  low: f64,
  high: f64,
  width: i32,
  height: i32,
  channels: i32,
): void {
  const g = changetype<Generator>(pointer);
  const stage = stageOf(g, index);
  stage.kind = kind;
  stage.salt = keyOf(g.seed, index + 1);
  stage.starts = starts;
  stage.indices = indices;
  stage.weights = weights;
  stage.biases = biases;
  stage.amount = amount;
  stage.low = low;
  stage.high = high;
  stage.width = width;
  stage.height = height;
  stage.channels = channels;
}

/** The rows first … first + count − 1 (at most BLOCK), one after the other: good until the next call. */
export function generatorPanel(pointer: usize, width: i32, first: i32, count: i32): usize {
  return width == 4 ? generatePanel<f32>(pointer, first, count) : generatePanel<f64>(pointer, first, count);
}

export function generatePanel<T>(pointer: usize, first: i32, count: i32): usize {
  const g = changetype<Generator>(pointer);
  const whole = (g.rows / BLOCK) * BLOCK;
  const panel = g.panel();
  let done = 0;
  while (done < count) {
    // Where row first + done is, and how many follow it under the same transformation.
    const r = first + done;
    const part = r < whole * g.transformations ? BLOCK : g.rows - whole;
    const behind = part == BLOCK ? r : r - whole * g.transformations;
    const block = part == BLOCK ? behind / (BLOCK * g.transformations) : whole / BLOCK;
    const transformation = (behind / part) % g.transformations;
    const within = behind % part;
    const run = min(part - within, count - done);
    transform<T>(g, transformation, block * BLOCK + within, run, panel + <usize>done * <usize>g.columns * sizeof<T>());
    done += run;
  }
  return panel;
}

/** out ← training rows first … first + count − 1 under one transformation. */
function transform<T>(g: Generator, transformation: i32, first: i32, count: i32, out: usize): void {
  const rowBytes = <usize>g.columns * sizeof<T>();
  const targets = g.targets(sizeof<T>());
  const spare = (targets + ((<usize>PACK) << 2) + 15) & ~15;
  const begin = load<i32>(g.alternatives + ((<usize>transformation) << 2));
  const choices = load<i32>(g.alternatives + ((<usize>transformation) << 2), 4) - begin;
  const salt = keyOf(g.seed, -1 - transformation);
  for (let group = first / PACK; group * PACK < first + count; group++) {
    const source = g.source + <usize>group * <usize>PACK * rowBytes;
    for (let a = 0; a < choices; a++) {
      let used = false;
      for (let lane = 0; lane < PACK; lane++) {
        const row = group * PACK + lane;
        const wanted = row >= first && row < first + count && (choices == 1 || below(keyOf(salt, row), choices) == a);
        used = used || wanted;
        store<u32>(targets + ((<usize>lane) << 2), <u32>(wanted ? out + <usize>(row - first) * rowBytes : spare));
      }
      if (used)
        transpose<T>(g.columns, applySequence<T>(g, begin + a, group * PACK, source, spare + rowBytes), targets);
    }
  }
}

/** Eight rows of the source through the stages of an alternative; returns where the result is. */
function applySequence<T>(g: Generator, alternative: i32, firstRow: i32, source: usize, work: usize): usize {
  const bytes = <usize>PACK * <usize>g.columns * sizeof<T>();
  const end = load<i32>(g.sequences + ((<usize>alternative) << 2), 4);
  const buffer = (work + 15) & ~15;
  let x = source;
  for (let s = load<i32>(g.sequences + ((<usize>alternative) << 2)); s < end; s++) {
    const out = x == buffer ? buffer + bytes : buffer;
    applyStage<T>(stageOf(g, s), g.columns, firstRow, x, out);
    x = out;
  }
  return x;
}

function stageOf(g: Generator, index: i32): Stage {
  return changetype<Stage>(g.stages + <usize>index * offsetof<Stage>());
}

/** Row l of the eight rows in lanes → targets[l], column by column: 4 × 4 (f32) or 2 × 2 (f64) values at a time. */
function transpose<T>(columns: i32, x: usize, targets: usize): void {
  let j = 0;
  const bytes: usize = <usize>PACK * sizeof<T>();
  if (ASC_FEATURE_SIMD) {
    const lanes: i32 = 16 / sizeof<T>();
    for (let lane: i32 = 0; lane < PACK; lane += lanes) {
      let p = x + <usize>lane * sizeof<T>();
      const at = targets + ((<usize>lane) << 2);
      const r0 = <usize>load<u32>(at);
      const r1 = <usize>load<u32>(at, 4);
      if (sizeof<T>() == 4) {
        const r2 = <usize>load<u32>(at, 8);
        const r3 = <usize>load<u32>(at, 12);
        for (j = 0; j + 4 <= columns; j += 4) {
          const a = v128.load(p);
          const b = v128.load(p, 32);
          const c = v128.load(p, 64);
          const d = v128.load(p, 96);
          const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5); // a0 b0 a1 b1
          const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
          const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7); // a2 b2 a3 b3
          const CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
          const to = (<usize>j) << 2;
          v128.store(r0 + to, v128.shuffle<i64>(ab, cd, 0, 2));
          v128.store(r1 + to, v128.shuffle<i64>(ab, cd, 1, 3));
          v128.store(r2 + to, v128.shuffle<i64>(AB, CD, 0, 2));
          v128.store(r3 + to, v128.shuffle<i64>(AB, CD, 1, 3));
          p += 4 * bytes;
        }
      } else {
        for (j = 0; j + 2 <= columns; j += 2) {
          const a = v128.load(p);
          const b = v128.load(p, 64);
          const to = (<usize>j) << 3;
          v128.store(r0 + to, v128.shuffle<i64>(a, b, 0, 2));
          v128.store(r1 + to, v128.shuffle<i64>(a, b, 1, 3));
          p += 2 * bytes;
        }
      }
    }
  }
  for (; j < columns; j++) {
    for (let lane = 0; lane < PACK; lane++) {
      const to = <usize>load<u32>(targets + ((<usize>lane) << 2)) + <usize>j * sizeof<T>();
      store<T>(to, load<T>(x + <usize>j * bytes + <usize>lane * sizeof<T>()));
    }
  }
}
