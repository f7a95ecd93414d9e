// θ′ = (W, b′ = b + W·mean): the same model on centred columns (moments.ts), where iterates live.

import { dot } from "../linalg/dense";
import { Objective } from "../objective";

/** out ← θ with b + sign·W·mean for b. */
export function centre(o: Objective, moments: usize, theta: usize, out: usize, sign: f64): void {
  const d = o.columns;
  const n = o.weightCount;
  memory.copy(out, theta, (<usize>o.thetaCount) << 3);
  for (let c = 0; c < o.outputs; c++) {
    const at = out + ((<usize>(n + c)) << 3);
    store<f64>(at, load<f64>(at) + sign * dot<f64>(d, theta + ((<usize>(c * d)) << 3), moments));
  }
}

/** ∂/∂θ → ∂/∂θ′: g_W − g_b·mean; what rounding leaves of it in a constant column is taken out. */
export function centreGradient(o: Objective, moments: usize, gradient: usize): void {
  const d = o.columns;
  const n = o.weightCount;
  for (let c = 0; c < o.outputs; c++) {
    const gb = load<f64>(gradient + ((<usize>(n + c)) << 3));
    const g = gradient + ((<usize>(c * d)) << 3);
    let j = 0;
    if (ASC_FEATURE_SIMD) {
      const pull = f64x2.splat(gb);
      for (; j + 2 <= d; j += 2) {
        const at = (<usize>j) << 3;
        const varies = f64x2.ne(v128.load(moments + ((<usize>(d + j)) << 3)), f64x2.splat(0));
        const own = f64x2.sub(v128.load(g + at), f64x2.mul(pull, v128.load(moments + at)));
        v128.store(g + at, v128.and(own, varies));
      }
    }
    for (; j < d; j++) {
      const at = (<usize>j) << 3;
      const constant = load<f64>(moments + ((<usize>(d + j)) << 3)) == 0;
      store<f64>(g + at, constant ? 0 : load<f64>(g + at) - gb * load<f64>(moments + at));
    }
  }
}
