import { expect, test } from "vitest";
import type { Box } from "../../src/outer/box.ts";
import { orderingMargin } from "../../src/outer/ordering-proof.ts";
import { Random } from "../../src/random.ts";

/** Bits between a double and a product of three. */
const SCALE = 2148n;

/** x·2¹⁰⁷⁴, a whole number. */
function exact(x: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const [high, low] = [bits.getUint32(0), bits.getUint32(4)];
  const exponent = (high >>> 20) & 0x7ff;
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(low);
  const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return high >>> 31 ? -size : size;
}

/** The least Σ weights·λ·(φ_incumbent − φ_model) over a box, times 2³²²². The incumbent is the first. */
function exactMargin(phi: readonly number[], k: number, weights: readonly number[], { lower, upper }: Box): bigint {
  let least = 0n;
  for (let j = 0; j < k; j++) {
    let difference = 0n;
    for (const [n, w] of weights.entries()) difference += exact(w) * (exact(phi[j]!) - exact(phi[(n + 1) * k + j]!));
    least += exact((difference < 0n ? upper : lower)[j]!) * difference;
  }
  return least;
}

test("a margin is no more than it is in exact arithmetic, and hardly less, of losses that differ by roundings", () => {
  const random = new Random(1);
  let proofs = 0;
  for (let trial = 0; trial < 800; trial++) {
    const k = 1 + random.below(trial % 4 === 0 ? 60 : 6);
    const count = 1 + random.below(3);
    const spread = () => 10 ** (-3 * random.uniform());
    const shares = Array.from({ length: count }, spread);
    const weights = shares.map((share) => share / shares.reduce((sum, other) => sum + other, 0));
    const lower = Float64Array.from({ length: k }, spread);
    const upper = lower.map((low) => low * (1 + 1e-15 * random.below(3)));
    const phi = Array.from({ length: (count + 1) * k }, spread);
    // The incumbent's last feature makes up for what the others differ by, but for some units in the last place.
    const difference = (j: number) => weights.reduce((sum, w, n) => sum + w * (phi[j]! - phi[(n + 1) * k + j]!), 0);
    let rest = 0;
    for (let j = 0; j < k - 1; j++) rest += lower[j]! * difference(j);
    phi[k - 1]! -= difference(k - 1) + rest / lower[k - 1]!;
    phi[k - 1]! *= 1 + 2 ** -52 * (random.below(21) - 10) * (trial % 2 === 0 ? 1 : 50);
    const models = weights.map((_, n) => n + 1);
    const margin = orderingMargin(phi, k, 0, models, weights, { lower, upper });
    const truth = exactMargin(phi, k, weights, { lower, upper });
    expect(exact(margin) << SCALE <= truth).toBe(true);
    const size = phi.reduce((sum, value, at) => sum + Math.abs(value) * upper[at % k]!, 0);
    expect(exact(margin + 1e-15 * (k + 10) * size) << SCALE >= truth).toBe(true);
    if (margin > 0) proofs++;
  }
  expect(proofs).toBeGreaterThan(50);
});

test("nor of many features whose sum is rounded up at each of them", () => {
  const k = 1000;
  const small = 1.2e-16; // of 1, more than half a unit in the last place
  const phi = Array.from({ length: 2 * k }, (_, j) => {
    if (j === 2 * k - 1) return 1 + 1.7e-16 * k;
    return j === 0 ? 1 : j < k - 1 ? small : 0;
  });
  const ones = new Float64Array(k).fill(1);
  const F = { lower: ones, upper: ones };
  expect(exactMargin(phi, k, [1], F) < 0n).toBe(true);
  expect(orderingMargin(phi, k, 0, [1], [1], F)).toBeLessThan(0);
});

test("of a weight without an upper bound as of one that no λ reaches, and of none that lowers the difference", () => {
  const random = new Random(2);
  for (let trial = 0; trial < 200; trial++) {
    const k = 2 + random.below(4);
    const phi = Array.from({ length: 3 * k }, () => random.uniform());
    const margin = (upper: number, data?: Float64Array) => {
      const F = {
        lower: new Float64Array(k).fill(0.01),
        upper: new Float64Array(k).fill(upper),
        ...(data && { data }),
      };
      return orderingMargin(phi, k, 0, [1, 2], [0.3, 0.7], F);
    };
    const shares = new Float64Array(k).fill(1);
    expect(margin(Number.POSITIVE_INFINITY, shares)).toBe(margin(2, shares));
    // Where every feature of the incumbent is larger, the least λ has the least difference.
    for (let j = 0; j < k; j++) phi[j] = 1;
    expect(margin(Number.POSITIVE_INFINITY)).toBe(margin(0.01));
    expect(margin(0.01)).toBeGreaterThan(0);
    phi[0] = 0;
    expect(margin(Number.POSITIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY);
  }
});
