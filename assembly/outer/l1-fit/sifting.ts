// Which slots take part in the iterations.

import { smallest } from "../ratio-test";
import { at, L1Fit } from "./model";
import { swapSlots } from "./observations";
import { multiply, recompute, rest, rhs } from "./rows";

/** Fewer numbers than this are not worth sifting. */
const SIFT: i32 = 1000;

/** Residuals of the slots at rest. */
function lookAtRest(f: L1Fit): void {
  const first = f.active;
  multiply(f, f.x, first, ((f.m + 7) & ~7) - first, f.alpha);
  for (let i = first; i < f.m; i++) {
    store<f64>(at(f.r, i), rhs(f, i) - load<f64>(at(f.alpha, i)));
    const row = f.capacity + i;
    if (f.incumbent >= 0) store<f64>(at(f.r, row), rhs(f, row) - load<f64>(at(f.alpha, row)));
  }
}

/** Whether a row is on the other side of 0 than its state says, and would have another bound there. */
function contradicts(f: L1Fit, row: i32): bool {
  const r = load<f64>(at(f.r, row));
  return r * load<f64>(at(f.s, row)) < 0 && abs(r) > 1e-12 && load<f64>(at(f.span, row)) > 0;
}

/** Looks at the slots at rest: those on the wrong side become active. Whether there were any. */
export function awake(f: L1Fit): bool {
  if (f.active == f.m) return false;
  lookAtRest(f);
  const before = f.active;
  let count = before;
  for (let i = before; i < f.m; i++) {
    if (contradicts(f, i) || (f.incumbent >= 0 && contradicts(f, f.capacity + i))) swapSlots(f, i, count++);
  }
  if (count == before) return false;
  f.active = min((count + 7) & ~7, f.m);
  rest(f);
  recompute(f, 1e-12);
  return true;
}

export function wakeAll(f: L1Fit): void {
  lookAtRest(f);
  f.active = f.m;
  rest(f);
  recompute(f, 1e-12);
}

/** The slots with the least residuals and the tightest orderings become the active ones. All residuals are known. */
export function sift(f: L1Fit): void {
  const m = f.m;
  const wanted = max(10 * f.p, m >> 2);
  if (m * f.k < SIFT || 2 * wanted > m) return;
  for (let i = 0; i < m; i++) store<f64>(at(f.t, i), abs(load<f64>(at(f.r, i))));
  const near = smallest(f.t, m, wanted);
  let tight = Infinity;
  if (f.incumbent >= 0) {
    for (let i = 0; i < m; i++) {
      const row = f.capacity + i;
      store<f64>(at(f.t, i), load<f64>(at(f.span, row)) > 0 ? -load<f64>(at(f.r, row)) : Infinity);
    }
    tight = smallest(f.t, m, 4 * f.p);
  }
  let count = 0;
  for (let i = 0; i < m; i++) {
    const ordering = f.capacity + i;
    const ordered = f.incumbent >= 0 && load<f64>(at(f.span, ordering)) > 0;
    if (abs(load<f64>(at(f.r, i))) <= near || (ordered && -load<f64>(at(f.r, ordering)) <= tight)) {
      swapSlots(f, i, count++);
    }
  }
  f.active = min((count + 7) & ~7, m);
  rest(f);
}
