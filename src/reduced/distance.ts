import { log } from "../wasm/transcendental.ts";

/** The largest |log λ_j − log λ′_j|. */
export function distance(lambda: Float64Array, other: Float64Array): number {
  return lambda.reduce((most, value, j) => Math.max(most, Math.abs(log(value / other[j]!))), 0);
}
