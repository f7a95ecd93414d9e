// Observations and the slots that hold them.

import { columnStride, dot } from "../basis";
import { panelBytes, setRow, swapRows } from "../panels";
import { at, L1Fit, origin } from "./model";
import { addTo, bound, rowInto } from "./rows";

/**
 * Appends `count` observations: φ (count × k) and e, scaled by what arrays 4 and 5 hold; arrays 0 and 1 have their
 * weights and flags already. They are active.
 */
export function l1FitAppend(block: usize, count: i32, phi: usize, e: usize, center: f64, spread: f64): void {
  const f = changetype<L1Fit>(block);
  f.feasible = 0; // they may contradict the hard rows
  for (let i = 0; i < count; i++) {
    const slot = f.m;
    // Slots come into use by eight: what follows the last observation is 0.
    if ((slot & 7) == 0) memory.fill(f.panels + <usize>(slot >> 1) * panelBytes(f.k), 0, panelBytes(f.k) << 2);
    setRow(f.panels, f.k, slot, phi + <usize>i * ((<usize>f.k) << 3), f.center, f.spread);
    store<f64>(at(f.b, slot), (load<f64>(at(e, i)) - center) / spread);
    store<f64>(at(f.s, slot), 1);
    store<f64>(at(f.s, f.capacity + slot), 1);
    assign(f, slot, slot);
    f.m = slot + 1;
    if (f.current) join(f, slot);
    if (f.active < slot) swapSlots(f, slot, f.active);
    f.active++;
  }
  const rounded = min((f.active + 7) & ~7, f.m);
  if (f.current) {
    for (let i = f.active; i < rounded; i++) {
      addTo(f, i, -bound(f, i), f.resting);
      if (f.incumbent >= 0) addTo(f, f.capacity + i, -bound(f, f.capacity + i), f.resting);
    }
  }
  f.active = rounded;
}

/** Gives a new slot its bounds and residuals at x, and adds its share to g. */
function join(f: L1Fit, slot: i32): void {
  const w = load<f64>(at(f.weight, slot));
  f.total += w;
  const ordered = f.incumbent >= 0 && load<f64>(at(f.ordered, slot)) > 0;
  joinRow(f, slot, -w, w);
  joinRow(f, f.capacity + slot, 0, ordered ? f.penalty : 0);
}

function joinRow(f: L1Fit, row: i32, low: f64, high: f64): void {
  store<f64>(at(f.lo, row), low);
  store<f64>(at(f.hi, row), high);
  store<f64>(at(f.span, row), high - low);
  if (high == 0) return;
  rowInto(f, row, f.row);
  const r = load<f64>(at(f.b, row)) - dot(f.row, f.x, (<usize>columnStride(f.p)) << 3);
  store<f64>(at(f.r, row), r);
  if (r < 0) store<f64>(at(f.s, row), -1);
  addTo(f, row, bound(f, row), f.g);
}

function assign(f: L1Fit, slot: i32, observation: i32): void {
  store<i32>(f.origin + ((<usize>slot) << 2), observation);
  store<i32>(f.place + ((<usize>observation) << 2), slot);
}

/** Exchanges two slots, neither of them basic. */
export function swapSlots(f: L1Fit, a: i32, b: i32): void {
  if (a == b) return;
  swapRows(f.panels, f.k, a, b);
  swapRow(f, a, b);
  swapRow(f, f.capacity + a, f.capacity + b);
  const observation = origin(f, a);
  assign(f, a, origin(f, b));
  assign(f, b, observation);
  if (f.incumbent == a) f.incumbent = b;
  else if (f.incumbent == b) f.incumbent = a;
}

function swapRow(f: L1Fit, a: i32, b: i32): void {
  swapNumbers(f.b, a, b);
  swapNumbers(f.shift, a, b);
  swapNumbers(f.r, a, b);
  swapNumbers(f.s, a, b);
  swapNumbers(f.lo, a, b);
  swapNumbers(f.hi, a, b);
  swapNumbers(f.span, a, b);
}

function swapNumbers(base: usize, a: i32, b: i32): void {
  const value = load<f64>(at(base, a));
  store<f64>(at(base, a), load<f64>(at(base, b)));
  store<f64>(at(base, b), value);
}
