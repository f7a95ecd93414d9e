import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";

/** Fixed point with so many fraction bits that the smallest result, 2⁻¹⁰⁷⁵, still has 300 bits. */
const FRACTION = 1400n;
const ONE = 1n << FRACTION;

/** A double, exactly; the doubles used here have no bit below 2⁻¹⁴⁰⁰. */
function fixed(x: number): bigint {
  let exponent = 0;
  let mantissa = x;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent++;
  }
  return (BigInt(mantissa) << FRACTION) >> BigInt(exponent);
}

/** eˣ by halving the argument ten times and Taylor's series. */
function exactExp(x: number): bigint {
  const reduced = fixed(x) >> 10n;
  let term = ONE;
  let sum = ONE;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = ((term * reduced) >> FRACTION) / n;
    sum += term;
  }
  for (let i = 0; i < 10; i++) sum = (sum * sum) >> FRACTION;
  return sum;
}

function vexp(values: readonly number[]): Float64Array {
  const arena = new Arena(kernels());
  const x = arena.copy(Float64Array.from(values));
  arena.kernels.vexp(values.length, x, x);
  const out = arena.viewF64(x, values.length).slice();
  arena.dispose();
  return out;
}

function ulps(actual: number, x: number): number {
  const unit = Math.max(2 ** (Math.floor(Math.log2(actual)) - 52), 2 ** -1074);
  const difference = fixed(actual) - exactExp(x);
  return Math.abs(Number((difference << 20n) / fixed(unit)) / 2 ** 20);
}

test("vexp is within 1 ulp where results are normal, 1.5 where they are subnormal", () => {
  const random = new Random(1);
  const values = Array.from({ length: 160 }, (_, i) => {
    const u = random.uniform() * 2 - 1;
    return i % 4 === 0 ? u * 700 : i % 4 === 1 ? u : i % 4 === 2 ? -30 * Math.abs(u) : u * 1e-6;
  });
  values.push(709.78, -708.3, Math.LN2 / 2, -Math.LN2 / 2, 88.7);
  const out = vexp(values);
  for (const [i, x] of values.entries()) expect(ulps(out[i]!, x), `exp(${x})`).toBeLessThanOrEqual(1);
  const small = [-709, -720.5, -740, -744.4, -745.1];
  for (const [i, y] of vexp(small).entries()) expect(ulps(y, small[i]!), `exp(${small[i]})`).toBeLessThanOrEqual(1.5);
});

test("vexp at the edges: 0, ±∞, overflow, underflow, NaN, subnormal arguments", () => {
  const edges = [0, -0, Infinity, -Infinity, 709.79, 1e300, -745.2, -1e300, NaN, 5e-324, -5e-324];
  expect([...vexp(edges)]).toEqual([1, 1, Infinity, 0, Infinity, Infinity, 0, 0, NaN, 1, 1]);
});

test("an element of vexp does not depend on its neighbours or its place", () => {
  const values = [0.3, -1.7, 12.5, -40.2, 3.3];
  const all = vexp(values);
  for (const [i, x] of values.entries()) expect(vexp([x])[0]).toBe(all[i]);
});
