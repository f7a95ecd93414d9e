// Rows that stand for all rows of a projection in its whole Hessian. A row's mass is its share of each class's curvature,
//
//   q_i = Σ_c w_i·p_ic·(1 − p_ic) / Σ_k w_k·p_kc·(1 − p_kc)
//
// so that all classes have the same mass, however few rows or little weight they have, and rows that are decided have
// next to none. One row is drawn of each `spacing` of mass, at a place that differs from one to the next (rows may come in
// a cycle of classes): it weighs spacing/q_i, and the mean of such Hessians over the places is that of all rows.

import { axpy } from "../linalg/dense";
import { BLOCK, Objective } from "../objective";
import { dotBlock, product } from "./projection";
import { Projection, rowsOf } from "./slots";

/** Share of the largest curvature of a class up to which another's may be rounding: that class has no mass then. */
const ROUNDED: f64 = 1e-10;

@unmanaged
export class RowSample {
  spacing: f64; // mass that a row is drawn of; 0: every row is taken as it is
  passed: f64; // mass of the rows so far
  drawn: i32;
  totals: usize; // curvature of each class: f64[outputs]
  masses: usize; // of the rows of a block: f64[BLOCK]
  scratch: usize; // f64[BLOCK]
}

export function sampleBytes(outputs: i32): usize {
  return offsetof<RowSample>() + ((<usize>(outputs + 2 * BLOCK)) << 3);
}

/** Begins to draw about so many rows `wanted`, by their curvatures at the last gradient's a. */
export function sampleInit(pointer: usize, p: Projection, wanted: i32): void {
  const s = changetype<RowSample>(pointer);
  const o = changetype<Objective>(p.objective);
  s.totals = pointer + offsetof<RowSample>();
  s.masses = s.totals + ((<usize>o.outputs) << 3);
  s.scratch = s.masses + ((<usize>BLOCK) << 3);
  s.passed = 0;
  s.drawn = 0;
  s.spacing = 0;
  if (wanted >= o.rows) return;
  let largest: f64 = 0;
  for (let c = 0; c < o.outputs; c++) {
    const total = totalOf(s, p, c);
    store<f64>(s.totals + ((<usize>c) << 3), total);
    largest = max(largest, total);
  }
  let seen = 0;
  for (let c = 0; c < o.outputs; c++) {
    const at = s.totals + ((<usize>c) << 3);
    if (load<f64>(at) > ROUNDED * largest) seen++;
    else store<f64>(at, 0);
  }
  s.spacing = <f64>seen / <f64>wanted;
}

function totalOf(s: RowSample, p: Projection, c: i32): f64 {
  const o = changetype<Objective>(p.objective);
  let total: f64 = 0;
  for (let first = 0; first < o.rows; first += BLOCK) {
    const weights = p.curvatures + ((<usize>first) << 3);
    const prob = rowsOf(p.probabilities, o, first / BLOCK, c);
    product(weights, prob, s.scratch);
    total += dotBlock(weights, prob) - dotBlock(s.scratch, prob);
  }
  return total;
}

/** The masses of the rows of the next block. */
export function sampleBlock(s: RowSample, p: Projection, block: i32): void {
  if (s.spacing == 0) return;
  const o = changetype<Objective>(p.objective);
  memory.fill(s.masses, 0, (<usize>BLOCK) << 3);
  for (let c = 0; c < o.outputs; c++) {
    const total = load<f64>(s.totals + ((<usize>c) << 3));
    if (!(total > 0)) continue;
    const prob = rowsOf(p.probabilities, o, block, c);
    product(prob, prob, s.scratch);
    axpy<f64>(BLOCK, 1 / total, prob, s.masses);
    axpy<f64>(BLOCK, -1 / total, s.scratch, s.masses);
  }
  product(s.masses, p.curvatures + ((<usize>(block * BLOCK)) << 3), s.masses);
}

/** What the next row, the i-th of its block, weighs in the sample, relative to its weight; 0: it was not drawn. */
export function sampleNext(s: RowSample, i: i32): f64 {
  if (s.spacing == 0) return 1;
  const mass = load<f64>(s.masses + ((<usize>i) << 3));
  s.passed += mass;
  let times = 0;
  while (s.passed > s.spacing * placeOf(s.drawn)) {
    times++;
    s.drawn++;
  }
  return times == 0 ? 0 : (<f64>times * s.spacing) / mass;
}

/** Mass at which draw j takes a row, in spacings: j + frac((j + 1)·golden ratio), which keeps step with no cycle of rows. */
function placeOf(j: i32): f64 {
  const turn = <f64>(j + 1) * 0.6180339887498949;
  return <f64>j + turn - Math.floor(turn);
}
