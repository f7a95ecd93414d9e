// Where the quadratic model of a smooth objective is least, in a few sweeps over the unknowns.

import { sumOfPair } from "../linalg/dense";
import { multiplyAdd } from "../linalg/multiply-add";
import { Objective } from "../objective";
import { Curvature } from "./curvature";
import { applyInverse } from "./curvature-inverse";
import { Solver } from "./solver";

/** trial ← centred − (B + l2·I)⁻¹·∇F, step ← trial − centred. Returns step·∇f and the change of the ridge. */
export function newtonPoint(s: Solver, o: Objective, c: Curvature): f64 {
  const n = o.weightCount;
  const all = o.thetaCount;
  sumOf(n, all, s.gradient, o.l2, s.centred, s.step);
  applyInverse(c, o.l2, n, s.step, s.products);
  let sum: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const half = f64x2.splat(0.5);
    const l2 = f64x2.splat(o.l2);
    let sums = f64x2.splat(0);
    for (; i + 2 <= n; i += 2) {
      const at = (<usize>i) << 3;
      const from = v128.load(s.centred + at);
      const to = f64x2.sub(from, v128.load(s.step + at));
      const move = f64x2.sub(to, from);
      v128.store(s.trial + at, to);
      v128.store(s.step + at, move);
      const slope = multiplyAdd<f64>(l2, multiplyAdd<f64>(half, move, from), v128.load(s.gradient + at));
      sums = multiplyAdd<f64>(move, slope, sums);
    }
    sum = sumOfPair(sums);
  }
  for (; i < all; i++) {
    const at = (<usize>i) << 3;
    const from = load<f64>(s.centred + at);
    const to = from - load<f64>(s.step + at);
    const move = to - from;
    store<f64>(s.trial + at, to);
    store<f64>(s.step + at, move);
    sum += move * (load<f64>(s.gradient + at) + (i < n ? o.l2 * (from + 0.5 * move) : 0));
  }
  return sum;
}

/** out ← x + a·y over the first n unknowns, x over the others. */
function sumOf(n: i32, all: i32, x: usize, a: f64, y: usize, out: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const av = f64x2.splat(a);
    for (; i + 2 <= n; i += 2) {
      const at = (<usize>i) << 3;
      v128.store(out + at, multiplyAdd<f64>(av, v128.load(y + at), v128.load(x + at)));
    }
  }
  for (; i < all; i++) {
    const at = (<usize>i) << 3;
    store<f64>(out + at, load<f64>(x + at) + (i < n ? a * load<f64>(y + at) : 0));
  }
}
