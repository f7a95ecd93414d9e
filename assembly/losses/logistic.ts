// log(1 + eˢ) − y·s for a score s and y of 0 or 1, with gradient weight·(p − y), p = 1/(1 + e⁻ˢ); for the uniform
// cross-entropy y is ½.

import { expPair, logPair } from "../linalg/elementwise";
import { Objective } from "../objective";
import { addLosses, at, loadPair, ownPair, ownWeight, storeSlopePair, uniformPair, uniformWeight } from "./block";

export function logistic<T>(o: Objective, first: i32, count: i32, z: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let i = 0; i < count; i += 2) pair<T>(o, first, i, min(i + 1, count - 1), z);
  } else {
    for (let i = 0; i < count; i++) row<T>(o, first, i, z);
  }
}

/** Rows i and i + 1 of the block; `second` is i where the block ends with i. */
function pair<T>(o: Objective, first: i32, i: i32, second: i32, z: usize): void {
  const one = f64x2.splat(1);
  const half = f64x2.splat(0.5);
  const s = loadPair<T>(at<T>(z, 0, i));
  const e = expPair(f64x2.neg(f64x2.abs(s)));
  const u = f64x2.add(one, e);
  const inverse = f64x2.div(one, u);
  // log(1 + e) where 1 + e was rounded to u: log u − (u − 1 − e)/u.
  const lost = f64x2.sub(f64x2.sub(u, one), e);
  const softplus = f64x2.add(f64x2.max(s, f64x2.splat(0)), f64x2.sub(logPair(u), f64x2.mul(lost, inverse)));
  const p = f64x2.mul(v128.bitselect(e, one, f64x2.lt(s, f64x2.splat(0))), inverse);

  const row0 = <usize>(first + i);
  const row1 = <usize>(first + second);
  const y = f64x2.replace_lane(v128.load64_splat(o.targets + (row0 << 3)), 1, load<f64>(o.targets + (row1 << 3)));
  const loss = f64x2.sub(softplus, f64x2.mul(y, s));
  const uniformLoss = f64x2.sub(softplus, f64x2.mul(half, s));
  addLosses(o, row0, f64x2.extract_lane(loss, 0), f64x2.extract_lane(uniformLoss, 0));
  if (second > i) addLosses(o, row1, f64x2.extract_lane(loss, 1), f64x2.extract_lane(uniformLoss, 1));
  const own = ownPair(o, row0, row1);
  const uniform = uniformPair(o, row0, row1);
  const slope = f64x2.add(f64x2.mul(own, f64x2.sub(p, y)), f64x2.mul(uniform, f64x2.sub(p, half)));
  storeSlopePair<T>(at<T>(z, 0, i), slope);
}

function row<T>(o: Objective, first: i32, i: i32, z: usize): void {
  const row = <usize>(first + i);
  const s = <f64>load<T>(at<T>(z, 0, i));
  const y = load<f64>(o.targets + (row << 3));
  const e = NativeMath.exp(-Math.abs(s));
  const softplus = max(s, 0) + NativeMath.log1p(e);
  const p = (s < 0 ? e : 1) / (1 + e);
  addLosses(o, row, softplus - y * s, softplus - 0.5 * s);
  store<T>(at<T>(z, 0, i), <T>(ownWeight(o, row) * (p - y) + uniformWeight(o, row) * (p - 0.5)));
}
