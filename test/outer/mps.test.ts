import { expect, test } from "vitest";
import { solveLp } from "../../src/lp.ts";
import { parseMps } from "../../src/mps.ts";

const free = `* every section
NAME example
ROWS
 N cost
 N other
 L low
 G high
 E same
 E minus
COLUMNS
 x cost 1 low 1
 x high 1 other 5
 y cost -2 low 1
 y same 1 minus 1
 z cost 1d0 high 1
RHS
 RHS low 10 high 2
 RHS same 3 minus 3
 RHS cost -5
RANGES
 RNG low 4 high 6
 RNG same 2 minus -2
BOUNDS
 UP BND x 4
 MI BND y
 UP BND y 8
 FR BND z
ENDATA
`;

test("ranges, bounds of every kind and the objective's right-hand side", () => {
  const { problem, rows, columns, objective, name } = parseMps(free);
  expect({ rows, columns, objective, name }).toEqual({
    rows: ["low", "high", "same", "minus"],
    columns: ["x", "y", "z"],
    objective: "cost",
    name: "example",
  });
  expect(problem.rowLower).toEqual([6, 2, 3, 1]);
  expect(problem.rowUpper).toEqual([10, 8, 5, 3]);
  expect(problem.colLower).toEqual([0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  expect(problem.colUpper).toEqual([4, 8, Number.POSITIVE_INFINITY]);
  expect(problem.offset).toBe(5);
  const outcome = solveLp(problem);
  // y = 3 by its two rows; x ≥ 3 by low; x + z ≥ 2: the objective is x + z − 2y + 5.
  expect(outcome.status === "optimal" && outcome.objective).toBeCloseTo(1, 10);
});

test("names with blanks in fixed form", () => {
  const fixed = [
    "NAME          BLANKS",
    "ROWS",
    " N  COST",
    " G  MY ROW",
    "COLUMNS",
    "    A COL     COST               1.0   MY ROW             2.0",
    "RHS",
    "    RHS       MY ROW             3.0",
    "ENDATA",
  ].join("\n");
  const { problem, rows, columns } = parseMps(fixed);
  expect([rows, columns]).toEqual([["MY ROW"], ["A COL"]]);
  const outcome = solveLp(problem);
  expect(outcome.status === "optimal" && outcome.objective).toBe(1.5);
});

test("a negative upper bound frees the lower one; BV, FX and PL; a maximization turns the costs' signs", () => {
  const text = `NAME
OBJSENSE
 MAX
ROWS
 N o
 L r
COLUMNS
 a o 1 r 1
 b o 1 r 1
 c o 1 r 1
BOUNDS
 UP B a -1
 BV B b
 FX B c 2
ENDATA`;
  const { problem } = parseMps(text);
  expect(problem.cost).toEqual([-1, -1, -1]);
  expect(problem.colLower).toEqual([Number.NEGATIVE_INFINITY, 0, 2]);
  expect(problem.colUpper).toEqual([-1, 1, 2]);
});

test("bounds as other readers take them: infinite from 1e20 on, a lower one of 0 that is given, integers from 0 to 1", () => {
  const text = `NAME t
ROWS
 N o
 L r
COLUMNS
 a o 1 r 1
 M1 'MARKER' 'INTORG'
 b o 1 r 1
 c o 1 r 1
 M2 'MARKER' 'INTEND'
 d o 1 r 1
 e o 1 r 1
BOUNDS
 LO B a 0
 UP B a -1
 LO B c 2
 UP B d 1e30
 LO B e -1e30
ENDATA`;
  const { problem } = parseMps(text);
  const infinity = Number.POSITIVE_INFINITY;
  expect(problem.colLower).toEqual([0, 0, 2, 0, -infinity]);
  expect(problem.colUpper).toEqual([-1, 1, infinity, infinity, infinity]);
});

test.each([
  ["a row named as the objective", free.replace("L low", "L cost"), /Line 6: row "cost" was given before/],
  ["two right-hand sides", free.replace("RHS same 3", "RHS low 3"), /Line 18: row "low" has a right-hand side already/],
  ["a row that is not in ROWS", free.replace("low 1", "lwo 1"), /Line 11: row "lwo"/],
  ["a number that is none", free.replace("10 high", "ten high"), /Line 17: "ten"/],
  ["a hexadecimal number", free.replace("10 high", "0x10 high"), /Line 17: "0x10"/],
  ["a bound of another kind", free.replace("MI BND", "XX BND"), /Line 25: bound type XX/],
  ["no end", free.replace("ENDATA", ""), /without ENDATA/],
])("%s is a PARSE error with its line", (_, text, message) => {
  expect(() => parseMps(text, { format: "free" })).toThrow(message);
  expect(() => parseMps(text, { format: "free" })).toThrow(expect.objectContaining({ code: "PARSE" }));
});

test("a free file read as fixed is refused, and not read as columns without entries", () => {
  const text = "NAME t\nROWS\n N obj\n L r0\nCOLUMNS\n x1 obj -1\n x1 r0 1\nRHS\n rhs r0 4\nENDATA";
  expect(solveLp(parseMps(text).problem)).toMatchObject({ status: "optimal", objective: -4 });
  expect(() => parseMps(text, { format: "fixed" })).toThrow(expect.objectContaining({ code: "PARSE" }));
});
