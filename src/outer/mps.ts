import { LearnLossError } from "../errors.ts";
import type { LpProblem } from "./lp.ts";

/** A problem with the names of its parts. */
export interface MpsModel {
  readonly name: string;
  readonly problem: LpProblem;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly objective: string;
}

/** In UTF-8, read as that or byte by byte. */
const BYTE_ORDER_MARK = /^(\ufeff|\xef\xbb\xbf)/;

/** Exponents of Fortran too; no hexadecimal, octal or binary numbers. */
const NUMBER = /^[+-]?(Infinity|(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?)$/;

const SECTIONS = ["NAME", "ROWS", "COLUMNS", "RHS", "RANGES", "BOUNDS", "ENDATA", "OBJSENSE"];

/**
 * Reads MPS: fixed (names may contain blanks) or free, RANGES, bounds UP LO FX FR MI PL BV, and a right-hand side on the
 * objective, which is minus its constant. Integrality markers are ignored. A maximization is returned with the costs'
 * signs turned.
 *
 * @param options.format @default free, unless a line does not parse so; then fixed
 * @throws PARSE with the line, TYPE
 */
export function parseMps(text: string, options: { readonly format?: "fixed" | "free" } = {}): MpsModel {
  if (typeof text !== "string") throw new LearnLossError("TYPE", `${String(text)} is no text of an MPS file.`);
  if (options.format) return parse(text, options.format === "fixed");
  try {
    return parse(text, false);
  } catch (error) {
    try {
      return parse(text, true);
    } catch {
      throw error;
    }
  }
}

interface Column {
  readonly rows: number[];
  readonly values: number[];
}

function parse(text: string, fixed: boolean): MpsModel {
  let name = "";
  let section = "";
  let objective: string | undefined;
  let sign = 1;
  let offset = 0;
  const rowIndex = new Map<string, number>();
  const ignored = new Set<string>();
  const kinds: string[] = [];
  const columnIndex = new Map<string, number>();
  const columns: Column[] = [];
  const cost: number[] = [];
  const rhs: number[] = [];
  const ranges = new Map<number, number>();
  const colLower: number[] = [];
  const colUpper: number[] = [];
  const seen = { RHS: "", RANGES: "", BOUNDS: "" };
  let line = 0;
  const fail = (what: string): never => {
    throw new LearnLossError("PARSE", `Line ${line}: ${what}.`);
  };
  const number = (field: string | undefined): number => {
    if (field === undefined || !NUMBER.test(field)) return fail(`"${field}" is not a number`);
    return Number(field.replace(/[dD]/, "e"));
  };
  /** Pairs of name and number; in RHS, RANGES and BOUNDS of free files the set's name may be missing. */
  const pairs = (fields: readonly string[]): [string, number][] => {
    const list: [string, number][] = [];
    for (let f = 0; f < fields.length; f += 2) list.push([fields[f]!, number(fields[f + 1])]);
    return list;
  };
  const column = (of: string): number => columnIndex.get(of) ?? fail(`column "${of}" is not in COLUMNS`);

  for (const raw of text.replace(BYTE_ORDER_MARK, "").split("\n")) {
    line++;
    const content = raw.replace(/\r$/, "").replace(/\t/g, " ");
    if (content.trim() === "" || content.startsWith("*")) continue;
    if (!/^\s/.test(content)) {
      const [head, ...others] = content.trim().split(/\s+/);
      section = head!.toUpperCase();
      if (!SECTIONS.includes(section)) fail(`section ${head!.slice(0, 40)} is not known`);
      if (section === "NAME") name = others.join(" ");
      if (section === "OBJSENSE" && others[0]) sign = /^max/i.test(others[0]) ? -1 : 1;
      if (section === "ENDATA") break;
      continue;
    }
    const fields = fixed ? fixedFields(content) : content.trim().split(/\s+/);
    if (section === "OBJSENSE") {
      sign = /^max/i.test(content.trim()) ? -1 : 1;
    } else if (section === "ROWS") {
      const [kind, row] = fixed ? [fields[0]!.trim(), fields[1]!] : fields;
      const type = kind!.toUpperCase();
      if (!/^[NLGE]$/.test(type) || !row || (!fixed && fields.length !== 2))
        fail(`a row is given as "${content.trim()}"`);
      else if (type === "N") {
        if (objective === undefined) objective = row;
        else ignored.add(row);
      } else {
        if (rowIndex.has(row)) fail(`row "${row}" was given before`);
        rowIndex.set(row, kinds.length);
        kinds.push(type);
        rhs.push(0);
      }
    } else if (section === "COLUMNS") {
      const [of, ...rest] = fixed ? fields.slice(1) : fields;
      if (content.includes("'MARKER'")) continue;
      if (rest.length === 0) fail(`a column is given as "${content.trim()}"`);
      let j = columnIndex.get(of!);
      if (j === undefined) {
        j = columns.length;
        columnIndex.set(of!, j);
        columns.push({ rows: [], values: [] });
        cost.push(0);
        colLower.push(0);
        colUpper.push(Number.POSITIVE_INFINITY);
      }
      for (const [row, value] of pairs(rest)) {
        if (row === objective) cost[j]! += value;
        else if (!ignored.has(row)) {
          columns[j]!.rows.push(rowIndex.get(row) ?? fail(`row "${row}" is not in ROWS`));
          columns[j]!.values.push(value);
        }
      }
    } else if (section === "RHS" || section === "RANGES") {
      const list = fixed ? fields.slice(1) : fields;
      const unnamed = list.length % 2 === 0;
      const set = unnamed ? "" : list[0]!;
      // Only the first set of several counts.
      seen[section] ||= set;
      if (set !== "" && set !== seen[section]) continue;
      for (const [row, value] of pairs(unnamed ? list : list.slice(1))) {
        if (row === objective) {
          if (section === "RHS") offset = -value;
        } else if (!ignored.has(row)) {
          const i = rowIndex.get(row) ?? fail(`row "${row}" is not in ROWS`);
          if (section === "RHS") rhs[i] = value;
          else ranges.set(i, value);
        }
      }
    } else if (section === "BOUNDS") {
      const kind = fields[0]!.trim().toUpperCase();
      if (!/^(UP|UI|LO|LI|FX|FR|MI|PL|BV)$/.test(kind)) fail(`bound type ${kind} is not known`);
      const valued = !/^(FR|MI|PL|BV)$/.test(kind);
      const list = fields.slice(1);
      const unnamed = !fixed && list.length === (valued ? 2 : 1);
      const [set, of, given] = unnamed ? ["", ...list] : list;
      seen.BOUNDS ||= set!;
      if (set !== "" && set !== seen.BOUNDS) continue;
      const j = column(of!);
      const value = valued ? number(given) : 0;
      if (kind === "UP" || kind === "UI") {
        colUpper[j] = value;
        if (value < 0 && colLower[j] === 0) colLower[j] = Number.NEGATIVE_INFINITY;
      } else if (kind === "LO" || kind === "LI") colLower[j] = value;
      else if (kind === "FX") {
        colLower[j] = value;
        colUpper[j] = value;
      } else if (kind === "FR") {
        colLower[j] = Number.NEGATIVE_INFINITY;
        colUpper[j] = Number.POSITIVE_INFINITY;
      } else if (kind === "MI") colLower[j] = Number.NEGATIVE_INFINITY;
      else if (kind === "PL") colUpper[j] = Number.POSITIVE_INFINITY;
      else {
        colLower[j] = 0;
        colUpper[j] = 1;
      }
    } else fail(`data outside of a section`);
  }
  if (section !== "ENDATA") fail("the file ends without ENDATA");
  const rowLower = kinds.map((kind, i) => (kind === "L" ? Number.NEGATIVE_INFINITY : rhs[i]!));
  const rowUpper = kinds.map((kind, i) => (kind === "G" ? Number.POSITIVE_INFINITY : rhs[i]!));
  for (const [i, range] of ranges) {
    const kind = kinds[i]!;
    if (kind === "L" || (kind === "E" && range < 0)) rowLower[i] = rhs[i]! - Math.abs(range);
    else rowUpper[i] = rhs[i]! + Math.abs(range);
  }
  const columnStarts = [0];
  for (const { rows } of columns) columnStarts.push(columnStarts.at(-1)! + rows.length);
  const problem: LpProblem = {
    cost: cost.map((value) => sign * value + 0),
    matrix: {
      rows: kinds.length,
      columnStarts,
      rowIndices: columns.flatMap(({ rows }) => rows),
      values: columns.flatMap(({ values }) => values),
    },
    rowLower,
    rowUpper,
    colLower,
    colUpper,
    offset: sign * offset + 0,
  };
  return { name, problem, rows: [...rowIndex.keys()], columns: [...columnIndex.keys()], objective: objective ?? "" };
}

/** Columns 2–3, 5–12, 15–22, 25–36, 40–47, 50–61. */
function fixedFields(content: string): string[] {
  const cut = (from: number, to: number) => content.slice(from, to).trim();
  const fields = [cut(1, 3), cut(4, 12), cut(14, 22), cut(24, 36), cut(39, 47), cut(49, 61)];
  while (fields.length > 2 && fields.at(-1) === "") fields.pop();
  return fields;
}
