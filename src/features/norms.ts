import { checkBounds, type Feature, PENALTY_BOUNDS, type WeightBounds } from "./feature.ts";

/** ‖W‖₁ = Σ|w| (intercepts excluded): sparse models. Weight in [1e-6, 1] by default. */
export function l1(bounds: WeightBounds = {}): Feature {
  return { kind: "l1", ...checkBounds("l1", bounds, PENALTY_BOUNDS) };
}

/** ½‖W‖² (intercepts excluded): ridge, weight decay. Weight in [1e-6, 1] by default. */
export function l2(bounds: WeightBounds = {}): Feature {
  return { kind: "l2", ...checkBounds("l2", bounds, PENALTY_BOUNDS) };
}
