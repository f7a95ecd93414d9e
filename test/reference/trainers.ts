import { Random } from "../../src/random.ts";

/** A trainer whose argmin_θ λ·φ(θ) is known exactly. */
export interface Trainer {
  readonly k: number;
  train(lambda: readonly number[]): { readonly features: number[]; readonly error: number };
}

/** φ_j(θ) = ½‖θ − c_j‖² with random centres: θ̂(λ) is their λ-weighted mean. e = slope·λ*·φ + 1 is affine. */
export function quadratic(seed: number, k: number, optimum: readonly number[], slope = 2): Trainer {
  const random = new Random(seed, 77);
  const centers = Array.from({ length: k }, () => Array.from({ length: k + 2 }, () => random.normal()));
  return {
    k,
    train(lambda) {
      const sum = lambda.reduce((a, b) => a + b, 0);
      const theta = centers[0]!.map((_, i) => centers.reduce((a, c, j) => a + (lambda[j]! * c[i]!) / sum, 0));
      const features = centers.map((c) => 0.5 * c.reduce((a, value, i) => a + (value - theta[i]!) ** 2, 0));
      return { features, error: 1 + slope * features.reduce((a, f, j) => a + optimum[j]! * f, 0) };
    },
  };
}

/** Finitely many models; the minimizer of λ·φ is looked up, the first of equals. */
export function finite(k: number, models: readonly { readonly features: number[]; readonly error: number }[]): Trainer {
  return {
    k,
    train(lambda) {
      let best = models[0]!;
      let least = Number.POSITIVE_INFINITY;
      for (const model of models) {
        const loss = model.features.reduce((a, f, j) => a + f * lambda[j]!, 0);
        if (loss < least) {
          least = loss;
          best = model;
        }
      }
      return best;
    },
  };
}

/**
 * Models near a convex front in the positive orthant, φ_j ≈ 1/share_j. The error grows with the distance, in log φ,
 * from a hidden place on the front, and has a ripple: many local minima.
 */
export function multimodal(seed: number, k: number, count: number): Trainer {
  const random = new Random(seed, 78);
  const target = shares(random, k);
  const models = Array.from({ length: count }, () => {
    const share = shares(random, k);
    const features = share.map((value) => (1 + 0.02 * random.uniform()) / value);
    const distance = share.reduce((sum, value, j) => sum + Math.abs(Math.log(value / target[j]!)), 0);
    return { features, error: distance + Math.sin(9 * distance) ** 2 + 0.3 * random.uniform() };
  });
  return finite(k, models);
}

function shares(random: Random, k: number): number[] {
  const raw = Array.from({ length: k }, () => random.uniform() ** 2 + 1e-3);
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((value) => value / sum + 0.02);
}

/** Features of models near the same front. */
export function front(seed: number, k: number, count: number): number[][] {
  const random = new Random(seed, 90);
  return Array.from({ length: count }, () => shares(random, k).map((value) => (1 + 0.02 * random.uniform()) / value));
}

/** The trainer with g(e) for its errors. */
export function transformed({ k, train }: Trainer, g: (error: number) => number): Trainer {
  return {
    k,
    train(lambda) {
      const { features, error } = train(lambda);
      return { features, error: g(error) };
    },
  };
}
