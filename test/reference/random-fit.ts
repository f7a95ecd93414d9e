import type { Box } from "../../src/outer/box.ts";
import { Random } from "../../src/random.ts";

export interface RandomFit {
  readonly k: number;
  readonly phi: Float64Array;
  readonly error: Float64Array;
  readonly F: Box;
  readonly best: number;
}

/** Errors are `slope`·λ·φ plus noise; `grid` rounds everything, so that ties abound. */
export function randomFit(seed: number, m: number, k: number, { slope = 1, noise = 0.3, grid = 0 } = {}): RandomFit {
  const random = new Random(seed, 11);
  const round = (x: number) => (grid > 0 ? Math.round(x / grid) * grid : x);
  const truth = Array.from({ length: k }, (_, j) => (j === 0 ? 1 : 0.02 + random.uniform()));
  const phi = new Float64Array(m * k);
  const error = new Float64Array(m);
  let best = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < k; j++) {
      phi[i * k + j] = round(5 + random.normal() * (1 + (j % 3)));
      error[i]! += slope * truth[j]! * phi[i * k + j]!;
    }
    error[i] = round(error[i]! + noise * random.normal());
    if (error[i]! < error[best]!) best = i;
  }
  const F = {
    lower: Float64Array.from(truth, (_, j) => (j === 0 ? 1 : 1e-6)),
    upper: Float64Array.from(truth, (_, j) => (j === 0 ? 1 : 10)),
  };
  return { k, phi, error, F, best };
}
