import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import type { Kernels } from "../../src/wasm/kernels.ts";
import { shippedBuilds } from "../reference/kernel-builds.ts";

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

function unitOf(value: number): number {
  return Math.max(2 ** (Math.floor(Math.log2(Math.abs(value))) - 52), 2 ** -1074);
}

/** actual − exact in units of the last place of `actual`. */
function ulps(actual: number, exact: bigint): number {
  return Math.abs(Number(((fixed(actual) - exact) << 20n) / fixed(unitOf(actual))) / 2 ** 20);
}

/** The same for a logarithm of x: ln x − y = ln(x/eʸ), and x/eʸ is 1 to within a few units of y. */
function logUlps(y: number, x: number): number {
  const excess = (fixed(x) << FRACTION) / exactExp(y) - ONE;
  return Math.abs(Number((excess << 20n) / fixed(unitOf(y))) / 2 ** 20);
}

for (const [name, build] of shippedBuilds) {
  const on = (kernel: "vexp" | "vlog", values: readonly number[], k: Kernels = build!): Float64Array => {
    const arena = new Arena(k);
    const x = arena.copy(Float64Array.from(values));
    k[kernel](values.length, x, x);
    const out = arena.viewF64(x, values.length).slice();
    arena.dispose();
    return out;
  };

  test.skipIf(!build)(`${name}: vexp is within 1 ulp where results are normal, 1.5 where they are subnormal`, () => {
    const random = new Random(1);
    const values = Array.from({ length: 160 }, (_, i) => {
      const u = random.uniform() * 2 - 1;
      return i % 4 === 0 ? u * 700 : i % 4 === 1 ? u : i % 4 === 2 ? -30 * Math.abs(u) : u * 1e-6;
    });
    values.push(709.78, -708.3, Math.LN2 / 2, -Math.LN2 / 2, 88.7);
    const out = on("vexp", values);
    for (const [i, x] of values.entries()) expect(ulps(out[i]!, exactExp(x)), `exp(${x})`).toBeLessThanOrEqual(1);
    const small = [-709, -720.5, -740, -744.4, -745.1];
    for (const [i, y] of on("vexp", small).entries()) {
      expect(ulps(y, exactExp(small[i]!)), `exp(${small[i]})`).toBeLessThanOrEqual(1.5);
    }
  });

  test.skipIf(!build)(`${name}: vexp at the edges: 0, ±∞, overflow, underflow, NaN, subnormal arguments`, () => {
    const edges = [0, -0, Infinity, -Infinity, 709.79, 1e300, -745.2, -1e300, NaN, 5e-324, -5e-324];
    expect([...on("vexp", edges)]).toEqual([1, 1, Infinity, 0, Infinity, Infinity, 0, 0, NaN, 1, 1]);
  });

  test.skipIf(!build)(`${name}: vlog is within 1 ulp over all normal numbers, near 1 too, and keeps NaN`, () => {
    const random = new Random(2);
    const values = Array.from({ length: 160 }, (_, i) => {
      const u = random.uniform() * 2 - 1;
      if (i % 4 === 0) return 2 ** (1000 * u);
      return i % 4 === 1 ? 1 + 99 * Math.abs(u) : i % 4 === 2 ? 1 + u / 2 : 1 + 1e-6 * u;
    });
    values.push(2, 0.5, Math.SQRT2, Math.SQRT1_2, 1 + 2 ** -52, 1 - 2 ** -53, 2 ** -1022, Number.MAX_VALUE);
    const out = on("vlog", values);
    for (const [i, x] of values.entries()) expect(logUlps(out[i]!, x), `log(${x})`).toBeLessThanOrEqual(1);
    expect([...on("vlog", [1, NaN])]).toEqual([0, NaN]);
  });

  test.skipIf(!build)(`${name}: an element of vexp or vlog does not depend on its neighbors or its place`, () => {
    const values = [0.3, 1.7, 12.5, 40.2, 3.3];
    for (const kernel of ["vexp", "vlog"] as const) {
      const all = on(kernel, values);
      for (const [i, x] of values.entries()) expect(on(kernel, [x])[0]).toBe(all[i]);
    }
  });
}
