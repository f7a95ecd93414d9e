import { LearnLossError } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import type { LpProblem } from "./lp.ts";

/** A problem with the names of its parts. */
export interface MpsModel {
  /** Empty where the file gives none. */
  readonly name: string;
  /** What `solveLp` takes. */
  readonly problem: LpProblem;
  /** Names of the rows, without those of type N. */
  readonly rows: readonly string[];
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** Name of the objective: the first row of type N. */
  readonly objective: string;
}

/** In UTF-8, read as that or byte by byte. */
const BYTE_ORDER_MARK = /^(\ufeff|\xef\xbb\xbf)/;

/** Exponents of Fortran too; no hexadecimal, octal or binary numbers. */
const NUMBER = /^[+-]?(Infinity|(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?)$/;

/** A bound from which on it is none, as in other readers. */
const INFINITE = 1e20;

const SECTIONS = ["NAME", "ROWS", "COLUMNS", "RHS", "RANGES", "BOUNDS", "ENDATA", "OBJSENSE"];

/**
 * Reads MPS: fixed (names may contain blanks) or free, RANGES, bounds UP UI LO LI FX FR MI PL BV (not SC), and a right-hand side
 * on the objective, which is minus its constant. Bounds of 1e20 and more are infinite. Integers are relaxed: between markers
 * a column without bounds is from 0 to 1. A maximization is returned with the costs' signs turned.
 *
 * @param options.format @default free, unless a line does not parse so; then fixed
 * @throws PARSE with the line, TYPE, OPTION
 */
export function parseMps(text: string, options: { readonly format?: "fixed" | "free" } = {}): MpsModel {
  if (typeof text !== "string") throw new LearnLossError("TYPE", `${String(text)} is no text of an MPS file.`);
  checkNames(options, { format: true });
  if (options.format && options.format !== "fixed" && options.format !== "free")
    throw new LearnLossError("OPTION", `The format is ${options.format}: give fixed or free.`);
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
  const reader = new MpsReader(fixed);
  for (const line of text.replace(BYTE_ORDER_MARK, "").split("\n")) if (!reader.read(line)) break;
  return reader.end();
}

/** Takes a file line by line. */
class MpsReader {
  readonly #fixed: boolean;
  #line = 0;
  #section = "";
  #name = "";
  /** −1 to maximize. */
  #sign = 1;
  #objective: string | undefined;
  #offset = 0;
  readonly #rowIndex = new Map<string, number>();
  /** Rows of type N beside the objective. */
  readonly #ignored = new Set<string>();
  readonly #kinds: string[] = [];
  readonly #columnIndex = new Map<string, number>();
  readonly #columns: Column[] = [];
  readonly #cost: number[] = [];
  readonly #rhs: number[] = [];
  readonly #ranges = new Map<number, number>();
  readonly #colLower: number[] = [];
  readonly #colUpper: number[] = [];
  /** Within markers of integers. */
  #integers = false;
  /** Integer columns that have no bounds yet. */
  readonly #binary = new Set<number>();
  /** Columns whose lower bound is not the one by default, and rows with a right-hand side. */
  readonly #bounded = new Set<number>();
  readonly #righted = new Set<string>();
  /** Name of the first set of each section: of several sets it alone counts. */
  readonly #sets = { RHS: "", RANGES: "", BOUNDS: "" };

  constructor(fixed: boolean) {
    this.#fixed = fixed;
  }

  /** Returns false at the end of the data. */
  read(raw: string): boolean {
    this.#line++;
    const content = raw.replace(/\r$/, "").replace(/\t/g, " ");
    if (content.trim() === "" || content.startsWith("*")) return true;
    if (!/^\s/.test(content)) return this.#begin(content);
    const fields = this.#fixed ? fixedFields(content) : content.trim().split(/\s+/);
    switch (this.#section) {
      case "OBJSENSE":
        this.#sense(content.trim());
        break;
      case "ROWS":
        this.#row(fields, content);
        break;
      case "COLUMNS":
        if (content.includes("'MARKER'")) this.#integers = content.includes("'INTORG'");
        else this.#column(fields, content);
        break;
      case "RHS":
      case "RANGES":
        this.#rightHandSide(fields, this.#section);
        break;
      case "BOUNDS":
        this.#bound(fields);
        break;
      default:
        this.#fail("data outside of a section");
    }
    return true;
  }

  /** A section. */
  #begin(content: string): boolean {
    const [head, ...others] = content.trim().split(/\s+/);
    const section = head!.toUpperCase();
    if (!SECTIONS.includes(section)) this.#fail(`section ${head!.slice(0, 40)} is not known`);
    this.#section = section;
    if (section === "NAME") this.#name = others.join(" ");
    if (section === "OBJSENSE" && others[0]) this.#sense(others[0]);
    return section !== "ENDATA";
  }

  #sense(given: string): void {
    this.#sign = /^max/i.test(given) ? -1 : 1;
  }

  #row(fields: readonly string[], content: string): void {
    const [kind, row] = this.#fixed ? [fields[0]!.trim(), fields[1]!] : fields;
    const type = kind!.toUpperCase();
    if (!/^[NLGE]$/.test(type) || !row || (!this.#fixed && fields.length !== 2)) {
      this.#fail(`a row is given as "${content.trim()}"`);
    }
    if (row === this.#objective || this.#ignored.has(row) || this.#rowIndex.has(row))
      this.#fail(`row "${row}" was given before`);
    if (type === "N") {
      if (this.#objective === undefined) this.#objective = row;
      else this.#ignored.add(row);
      return;
    }
    this.#rowIndex.set(row, this.#kinds.length);
    this.#kinds.push(type);
    this.#rhs.push(0);
  }

  #column(fields: readonly string[], content: string): void {
    const [of, ...rest] = this.#fixed ? fields.slice(1) : fields;
    if (rest.length === 0) this.#fail(`a column is given as "${content.trim()}"`);
    let j = this.#columnIndex.get(of!);
    if (j === undefined) {
      j = this.#columns.length;
      this.#columnIndex.set(of!, j);
      this.#columns.push({ rows: [], values: [] });
      this.#cost.push(0);
      this.#colLower.push(0);
      this.#colUpper.push(Number.POSITIVE_INFINITY);
      if (this.#integers) this.#binary.add(j);
    }
    for (const [row, value] of this.#pairs(rest)) {
      if (row === this.#objective) this.#cost[j]! += value;
      else if (!this.#ignored.has(row)) {
        this.#columns[j]!.rows.push(this.#indexOf(row));
        this.#columns[j]!.values.push(value);
      }
    }
  }

  /** In free files the set's name may be missing. */
  #rightHandSide(fields: readonly string[], section: "RHS" | "RANGES"): void {
    const list = this.#fixed ? fields.slice(1) : fields;
    const unnamed = list.length % 2 === 0;
    if (!this.#counts(section, unnamed ? "" : list[0]!)) return;
    for (const [row, value] of this.#pairs(unnamed ? list : list.slice(1))) {
      if (section === "RHS") {
        if (this.#righted.has(row)) this.#fail(`row "${row}" has a right-hand side already`);
        this.#righted.add(row);
      }
      if (row === this.#objective) {
        if (section === "RHS") this.#offset = -value;
      } else if (!this.#ignored.has(row)) {
        const i = this.#indexOf(row);
        if (section === "RHS") this.#rhs[i] = value;
        else this.#ranges.set(i, value);
      }
    }
  }

  #bound(fields: readonly string[]): void {
    const kind = fields[0]!.trim().toUpperCase();
    if (!/^(UP|UI|LO|LI|FX|FR|MI|PL|BV)$/.test(kind)) this.#fail(`bound type ${kind} is not known`);
    const valued = !/^(FR|MI|PL|BV)$/.test(kind);
    const list = fields.slice(1);
    const unnamed = !this.#fixed && list.length === (valued ? 2 : 1);
    const [set, of, given] = unnamed ? ["", ...list] : list;
    if (!this.#counts("BOUNDS", set!)) return;
    const j = this.#columnIndex.get(of!) ?? this.#fail(`column "${of}" is not in COLUMNS`);
    const number = valued ? this.#number(given) : 0;
    const value = Math.abs(number) >= INFINITE ? Math.sign(number) * Number.POSITIVE_INFINITY : number;
    this.#binary.delete(j);
    const [lower, upper] = [this.#colLower, this.#colUpper];
    switch (kind) {
      case "UP":
      case "UI":
        upper[j] = value;
        if (value < 0 && !this.#bounded.has(j)) lower[j] = Number.NEGATIVE_INFINITY;
        return;
      case "LO":
      case "LI":
        lower[j] = value;
        break;
      case "FX":
        [lower[j], upper[j]] = [value, value];
        break;
      case "FR":
        [lower[j], upper[j]] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
        break;
      case "MI":
        lower[j] = Number.NEGATIVE_INFINITY;
        break;
      case "PL":
        upper[j] = Number.POSITIVE_INFINITY;
        return;
      default:
        [lower[j], upper[j]] = [0, 1]; // BV
    }
    this.#bounded.add(j);
  }

  /** Whether a line of that set counts. */
  #counts(section: "RHS" | "RANGES" | "BOUNDS", set: string): boolean {
    this.#sets[section] ||= set;
    return set === "" || set === this.#sets[section];
  }

  /** Pairs of a name and a number. */
  #pairs(fields: readonly string[]): [string, number][] {
    const list: [string, number][] = [];
    for (let f = 0; f < fields.length; f += 2) list.push([fields[f]!, this.#number(fields[f + 1])]);
    return list;
  }

  #number(field: string | undefined): number {
    if (field === undefined || !NUMBER.test(field)) return this.#fail(`"${field}" is not a number`);
    return Number(field.replace(/[dD]/, "e"));
  }

  #indexOf(row: string): number {
    return this.#rowIndex.get(row) ?? this.#fail(`row "${row}" is not in ROWS`);
  }

  #fail(what: string): never {
    throw new LearnLossError("PARSE", `Line ${this.#line}: ${what}.`);
  }

  /** What was read. */
  end(): MpsModel {
    if (this.#section !== "ENDATA") this.#fail("the file ends without ENDATA");
    const [kinds, rhs, columns] = [this.#kinds, this.#rhs, this.#columns];
    const rowLower = kinds.map((kind, i) => (kind === "L" ? Number.NEGATIVE_INFINITY : rhs[i]!));
    const rowUpper = kinds.map((kind, i) => (kind === "G" ? Number.POSITIVE_INFINITY : rhs[i]!));
    for (const [i, range] of this.#ranges) {
      const kind = kinds[i]!;
      if (kind === "L" || (kind === "E" && range < 0)) rowLower[i] = rhs[i]! - Math.abs(range);
      else rowUpper[i] = rhs[i]! + Math.abs(range);
    }
    for (const j of this.#binary) this.#colUpper[j] = 1;
    const columnStarts = [0];
    for (const { rows } of columns) columnStarts.push(columnStarts.at(-1)! + rows.length);
    const problem: LpProblem = {
      cost: this.#cost.map((value) => this.#sign * value + 0),
      matrix: {
        rows: kinds.length,
        columnStarts,
        rowIndices: columns.flatMap(({ rows }) => rows),
        values: columns.flatMap(({ values }) => values),
      },
      rowLower,
      rowUpper,
      colLower: this.#colLower,
      colUpper: this.#colUpper,
      offset: this.#sign * this.#offset + 0,
    };
    const [rows, names] = [this.#rowIndex, this.#columnIndex].map((index) => [...index.keys()]);
    return { name: this.#name, problem, rows: rows!, columns: names!, objective: this.#objective ?? "" };
  }
}

/** Columns 2–3, 5–12, 15–22, 25–36, 40–47, 50–61. */
function fixedFields(content: string): string[] {
  const cut = (from: number, to: number) => content.slice(from, to).trim();
  const fields = [cut(1, 3), cut(4, 12), cut(14, 22), cut(24, 36), cut(39, 47), cut(49, 61)];
  while (fields.length > 2 && fields.at(-1) === "") fields.pop();
  return fields;
}
