import { expect, test } from "vitest";
import { scale, tick } from "../../src/report/axis.ts";
import { chart } from "../../src/report/chart.ts";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** The number that a tick says. */
function said(text: string): number {
  const [, digits = "1", power = "0"] = /^(?:(-?[\d.]+)·)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$/.exec(text) ?? [undefined, text];
  return Number(`${digits}e${power.replace("⁻", "-").replace(/[^-\d]/g, (d) => String(SUPERSCRIPTS.indexOf(d)))}`);
}

test.each([
  [2_000_000, 2_050_000],
  [123_456, 123_457],
  [12_345.1, 12_345.2],
  [-2e7, -1.99e7],
  [3.001e-5, 3.002e-5],
  [0, 1],
  [1, 10],
])("ticks from %d to %d say where they are, each something else", (low, high) => {
  for (const log of low > 0 ? [false, true] : [false]) {
    const { ticks } = scale([low, high], { label: "", log }, 0, 500, 20);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.map(tick).map(said)).toEqual(ticks);
  }
});

test("values apart by rounding have the ticks of one value", () => {
  for (const value of [0.030653430031715535, 1, 1e-6, 123.456, 7e12, 1e17]) {
    for (const share of [1, 2, 5, 1000, 1e6].map((ulps) => ulps * 2 ** -52)) {
      for (const log of [false, true]) {
        for (const sign of log ? [1] : [-1, 1]) {
          const { ticks, at } = scale([sign * value, sign * value * (1 + share)], { label: "", log }, 0, 500, 20);
          expect(ticks.length).toBeGreaterThan(1);
          expect(at(sign * value)).toBeGreaterThan(0);
          expect(at(sign * value)).toBeLessThan(500);
        }
      }
    }
  }
});

test("powers of ten are short", () => {
  expect([1e5, 1e-4, 2e6, 0.001, 99_999].map(tick)).toEqual(["10⁵", "10⁻⁴", "2·10⁶", "0.001", "99999"]);
});

test("long ticks of the y axis have the place they need", () => {
  const series = [{ color: "red", kind: "line", points: [[0, 995_002] as const, [1, 995_004] as const] }] as const;
  const svg = chart({ x: { label: "" }, y: { label: "" }, series });
  const ticks = Array.from(svg.matchAll(/<text x="([\d.]+)" y="[\d.]+" text-anchor="end">([^<]+)</g));
  expect(ticks.some(([, , text]) => text!.length > 8)).toBe(true);
  for (const [, right, text] of ticks) expect(Number(right) - 7 * text!.length).toBeGreaterThan(20);
});
