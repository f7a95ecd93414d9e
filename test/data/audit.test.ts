import { expect, test } from "vitest";
import { audit } from "../../src/data/audit.ts";
import { dense } from "../../src/data/dataset.ts";
import { standardization, standardize } from "../../src/data/standardize.ts";

/** Flags of few kinds of rows, each with many targets. */
function flags(rows: number, target: (i: number) => number) {
  const x = Float32Array.from({ length: 3 * rows }, (_, at) => (Math.floor(at / 3) >> (at % 3)) & 1);
  return dense({ x, columns: 3, y: Float64Array.from({ length: rows }, (_, i) => target(i)) });
}

const leaks = (warnings: readonly string[]) => Number(warnings.find((w) => w.startsWith("LEAK"))?.split(" ")[1] ?? 0);

test("rows that are the same but for their targets are no leak, and none is compared with all of its kind", () => {
  const train = flags(200_000, (i) => i + 0.5);
  // 1e10 comparisons, were only the columns looked up.
  expect(leaks(audit(train, { validation: flags(100_000, (i) => -i) }))).toBe(0);
  expect(leaks(audit(train, { validation: flags(1000, (i) => (i % 10 === 0 ? i + 0.5 : -i)) }))).toBe(100);
});

test("a row leaks in either precision, sparse or dense, with its label, zeros of either sign", () => {
  const y = ["a", "b", "a", "b"];
  const train = dense({ x: Float32Array.of(0.1, 0, 2, 3, 0, 0, 5, 0.7), columns: 2, y });
  const same = dense({ x: Float64Array.of(0.1, -0, 2, 3, -0, 0, 5, 0.7), columns: 2, y });
  expect(leaks(audit(train, { validation: same }))).toBe(4);
  expect(leaks(audit(train, { validation: { ...same, y: ["b", "b", "a", "a"] } }))).toBe(2);
});

test("columns far from 0 that vary by little are named, unless they are constant, sparse or near", () => {
  const x = [0, 1, 2, 3].flatMap((i) => [1.7e9 + 100 * i, -1e6 + 100 * i, 2000 + 10 * i, 5, i]);
  const y = ["a", "b", "a", "b"];
  const columnNames = ["time", "height", "year", "five", "number"];
  const rows = dense({ x: Float64Array.from(x), columns: 5, y });
  const warnings = audit({ ...rows, columnNames });
  expect(warnings.map((warning) => warning.split(":")[0])).toEqual(["CONSTANT", "FAR"]);
  expect(warnings[1]).toMatch(/^FAR: time, height vary/);
  expect(audit({ ...rows, columnNames }, { precision: "f64" }).map((warning) => warning.split(":")[0])).toEqual([
    "CONSTANT",
  ]);
  const further = {
    ...dense({ x: Float64Array.from([0, 1, 2, 3], (i) => 1e12 + i), columns: 1, y }),
    columnNames: ["time"],
  };
  expect(audit(further, { precision: "f64" })).toEqual([expect.stringMatching(/^FAR: time varies by .* f64 leaves/)]);
  expect(audit(standardize(rows, standardization(rows))).filter((warning) => warning.startsWith("FAR"))).toEqual([]);
});

test("units of another scale are named where there are penalties, what is rare or sparse is not", () => {
  const x = Array.from({ length: 40 }, (_, i) => [i * 2000, (i % 7) * 1e-3, i === 8 ? 1 : 0, 3]).flat();
  const rows = dense({ x: Float64Array.from(x), columns: 4, y: Float64Array.from({ length: 40 }, (_, i) => i % 3) });
  const scales = (warnings: readonly string[]) => warnings.filter((warning) => warning.startsWith("SCALES"));
  const columnNames = ["salary", "share", "flag", "three"];
  expect(scales(audit({ ...rows, columnNames }))).toEqual([
    expect.stringMatching(/^SCALES: salary ranges 10000000 times as widely as share, .*standardize/),
  ]);
  expect(scales(audit(rows))[0]).toMatch(/column 1 .* column 2,/);
  expect(scales(audit(rows, { penalized: false }))).toEqual([]);
  expect(scales(audit(standardize(rows, standardization(rows))))).toEqual([]);
  const pixels = x.map((value, at) => [255, 1, 3, 0][at % 4]! * Math.sign(value));
  expect(scales(audit(dense({ x: Float64Array.from(pixels), columns: 4, y: rows.y })))).toEqual([]);
});

test("a label that reads like a missing value is said to", () => {
  const labeled = (label: string) => audit(dense({ x: [[1], [2], [3]], y: ["yes", "no", label] }));
  for (const label of ["NA", "nan", "N/A", "?"]) expect(labeled(label)).toEqual([expect.stringMatching(/^MISSING: /)]);
  for (const label of ["Nancy", "none", "no"]) expect(labeled(label)).toEqual([]);
});
