import { LearnLossError, listed } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import { type Dataset, type DenseMatrix, dense } from "./dataset.ts";
import { MISSING } from "./missing.ts";
import { readText, type Source } from "./read.ts";

/** Options of `data.csv`: which columns are what. */
export interface CsvOptions {
  /** Name of the column to predict. */
  readonly target: string;
  /** Name of a column of sample weights; it is then no feature. The target is refused (OPTION). */
  readonly weights?: string;
  /**
   * Name of a column of domains, for worst-group error and group weights; it is then no feature. It may be the target: then the
   * classes are the groups. Groups are numbered in the order of their names' code units.
   */
  readonly groups?: string;
  /** Columns to leave out, such as an identifier. */
  readonly ignore?: readonly string[];
  /** @default the most frequent of comma, semicolon and tab in the header */
  readonly delimiter?: string;
}

/** A cell's number: what JSON and spreadsheets write, nothing that only JavaScript reads as one. */
const NUMBER = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/;

/** A record longer than this, in characters, is a missing quote or line break, not data. */
const LONGEST_RECORD = 16 * 1024 * 1024;

/**
 * Reads a dataset: every column but the target is a number. Plain or gzipped UTF-8, with or without byte order mark,
 * any line ending, quoted cells. A column without a name, and two of one name, are refused unless they are ignored. Numeric targets
 * stay numbers, others become labels, without the blanks around them; so do codes, whole numbers one of which has a leading zero or
 * more digits than a number holds: 07 is not 7, 9007199254740993 not …992, and each is to be predicted as it was written.
 *
 * @param source a path (Node), a URL, the bytes, or the text itself (anything with a line break)
 * @throws PARSE with the line, OPTION for a column that is not there, IO, and what `dense` throws
 */
export async function csv(source: Source, options: CsvOptions): Promise<Dataset> {
  checkNames(options, { target: true, weights: true, groups: true, ignore: true, delimiter: true });
  const { delimiter } = options;
  if (delimiter !== undefined && !(typeof delimiter === "string" && /^[^"\r\n]+$/.test(delimiter))) {
    throw new LearnLossError("OPTION", `delimiter is "${String(delimiter)}": give the text between two cells.`);
  }
  const { header, records } = await csvTable(source, delimiter);
  const at = (name: string | undefined) => (name === undefined ? undefined : indexOf(header, name));
  const target = indexOf(header, options.target);
  const weights = at(options.weights);
  if (weights === target)
    throw new LearnLossError("OPTION", `"${options.target}" is the target: it cannot be the weights, too.`);
  const groups = at(options.groups);
  if (groups !== undefined && groups === weights)
    throw new LearnLossError("OPTION", `"${options.weights}" is the weights: it cannot be the groups, too.`);
  const { ignore = [] } = options;
  if (!Array.isArray(ignore))
    throw new LearnLossError("TYPE", `\`ignore\` is ${String(ignore)}: give an array of columns.`);
  for (const name of ignore) indexOf(header, name);
  const ignored = new Set<string>(ignore);
  const others = new Set([target, weights, groups]);
  const columns = header.flatMap((name, j) => (others.has(j) || ignored.has(name) ? [] : [j]));
  const nameless = columns.find((j) => header[j] === "");
  if (nameless !== undefined) {
    throw new LearnLossError(
      "PARSE",
      `Line 1 gives column ${nameless + 1} no name. If it numbers the rows, as pandas writes them, ignore the column "" (a model would learn the order of the file); else name it.`,
    );
  }
  refuseTwice(
    header,
    header.filter((name, j) => others.has(j) || !ignored.has(name)),
  );
  if (records.length === 0) throw new LearnLossError("EMPTY", "The CSV has a header and no rows.");
  if (columns.length === 0) throw new LearnLossError("EMPTY", "The CSV has no column besides the target.");
  const x = new Float64Array(records.length * columns.length);
  for (const [i, { cells, line }] of records.entries()) {
    for (const [c, j] of columns.entries()) x[i * columns.length + c] = csvNumber(cells[j]!, line, header[j]!);
  }
  const column = (j: number) => Float64Array.from(records, ({ cells, line }) => csvNumber(cells[j]!, line, header[j]!));
  const texts = (j: number) => records.map(({ cells, line }) => csvLabel(cells[j]!, line, header[j]!));
  const labels = texts(target);
  refuseMissing(labels, records, options.target);
  return dense({
    x,
    columns: columns.length,
    y: labels.every((label) => NUMBER.test(label)) && !areCodes(labels) ? Float64Array.from(labels, Number) : labels,
    columnNames: columns.map((j) => header[j]!),
    ...(weights === undefined ? {} : { weights: column(weights) }),
    ...(groups === undefined ? {} : numbered(texts(groups))),
  });
}

/**
 * The named columns of a CSV as rows of numbers, whatever other columns there are: what a model is applied to.
 *
 * @throws as `csv`
 */
export async function csvColumns(
  source: Source,
  names: readonly string[],
): Promise<{ readonly rows: number; readonly columns: number; readonly x: DenseMatrix }> {
  const { header, records } = await csvTable(source);
  const index = names.map((name) => indexOf(header, name));
  refuseTwice(header, names);
  const values = new Float64Array(records.length * names.length);
  for (const [i, { cells, line }] of records.entries()) {
    for (const [c, j] of index.entries()) values[i * names.length + c] = csvNumber(cells[j]!, line, header[j]!);
  }
  return { rows: records.length, columns: names.length, x: { kind: "dense", values } };
}

/** The table of a CSV, cells as text. @throws as `csv` */
export async function csvTable(source: Source, delimiter?: string): ReturnType<typeof parse> {
  return parse(await readText(source), delimiter);
}

/** A cell of a CSV to be written. What a spreadsheet would take for a formula begins with an apostrophe. */
export function csvCell(value: string | number): string {
  const text = typeof value === "string" && isFormula(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Signs alone are none, as they have no operand, and a number is what it says: `+`, `-`, `-1.5`. */
function isFormula(text: string): boolean {
  return /^[=+\-@\t\r]/.test(text) && /[\p{L}\p{N}]/u.test(text) && !NUMBER.test(text);
}

interface CsvRecord {
  readonly cells: readonly string[];
  /** Its last line, from 1. */
  readonly line: number;
}

/** The table of any CSV, cells as text. @throws PARSE with the line */
export async function parse(
  text: string,
  delimiter?: string,
): Promise<{ readonly header: readonly string[]; readonly records: readonly CsvRecord[] }> {
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const line = text.slice(0, nul).split("\n").length;
    throw new LearnLossError(
      "PARSE",
      `Line ${line} holds a NUL character: this is not a CSV text (UTF-16 perhaps: save it as UTF-8).`,
    );
  }
  const mark = delimiter ?? detect(text);
  const rows = text.includes('"') ? await quoted(text, mark) : unquoted(text, mark);
  const [first, ...records] = rows;
  if (!first) throw new LearnLossError("EMPTY", "The CSV is empty: its first line must name the columns.");
  const header = first.cells.map((name) => name.trim());
  for (const { cells, line } of records) {
    if (cells.length === header.length) continue;
    throw new LearnLossError(
      "SHAPE",
      `Line ${line} has ${cells.length} cells when expected ${header.length}, as in the header.`,
    );
  }
  return { header, records };
}

/** @throws PARSE with the line */
async function quoted(text: string, delimiter: string): Promise<CsvRecord[]> {
  // The browsers' build brings a Buffer of its own, made by setting __proto__, which Deno does not have.
  const { parse: read } = await ("Buffer" in globalThis
    ? import("csv-parse/sync")
    : import("csv-parse/browser/esm/sync"));
  try {
    const rows = read(text, {
      bom: true,
      info: true,
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      max_record_size: LONGEST_RECORD,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (cause) {
    const { lines, message } = cause as { lines?: number; message: string };
    throw new LearnLossError("PARSE", `Line ${lines ?? "?"} of the CSV cannot be read: ${message}`, { cause });
  }
}

/** Without quotes a record is a line. 200000 lines of 11 numbers take 1.5 s so, 12.6 s by the parser. */
function unquoted(text: string, delimiter: string): CsvRecord[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  const long = lines.findIndex((line) => line.length > LONGEST_RECORD);
  if (long >= 0) {
    throw new LearnLossError("PARSE", `Line ${long + 1} has more than ${LONGEST_RECORD} characters: this is no CSV.`);
  }
  return lines.flatMap((line, i) => (line === "" ? [] : [{ cells: line.split(delimiter), line: i + 1 }]));
}

/** By the first record: empty lines before it are none, line breaks in quotes do not end it. */
function detect(text: string): string {
  const start = text.search(/[^\ufeff\r\n]/);
  let end = text.length;
  for (const { 0: found, index } of text.matchAll(/"[^"]*"|[\r\n]/g)) {
    if (found[0] === '"' || index < start) continue;
    end = index;
    break;
  }
  const line = text.slice(0, end).replace(/"[^"]*"/g, "");
  const count = (mark: string) => line.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

/** Columns that are not read may have one name. @throws PARSE */
export function refuseTwice(header: readonly string[], read: readonly string[] = header): void {
  const names = new Set(read);
  const unseen = new Set(read);
  const twice = header.find((name) => names.has(name) && !unseen.delete(name));
  if (twice !== undefined) throw new LearnLossError("PARSE", `Line 1 names the column "${twice}" twice: rename one.`);
}

function indexOf(header: readonly string[], name: string): number {
  const index = header.indexOf(name);
  if (index < 0) {
    const shown = header.map((known) => (known.includes(",") ? JSON.stringify(known) : known));
    throw new LearnLossError("OPTION", `The CSV has no column "${name}": its columns are ${listed(shown)}.`);
  }
  return index;
}

/** A cell's number. @throws PARSE */
export function csvNumber(cell: string, line: number, column: string): number {
  if (NUMBER.test(cell)) return Number(cell);
  const shown = cell.length > 40 ? `${cell.slice(0, 40)}…` : cell;
  const what = cell.trim() === "" ? "the cell is empty" : `${JSON.stringify(shown)} is not a number`;
  throw new LearnLossError("PARSE", `Line ${line}, column ${column}: ${what}; ${adviceOn(cell)}.`);
}

/** Numbers with other marks than ours. */
const THOUSANDS = /^\s*[+-]?\d{1,3}(,\d{3})+(\.\d*)?\s*$/;
const DECIMAL_COMMA = /^\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*$/;

function adviceOn(cell: string): string {
  if (MISSING.test(cell)) return "fill it in, drop the row, or ignore the column";
  if (THOUSANDS.test(cell)) return "write thousands without a comma (or, if it is a decimal, with a point)";
  if (DECIMAL_COMMA.test(cell)) return "write decimals with a point";
  return "encode or ignore the column";
}

/** A cell's label, without blanks around it, as the header has them. @throws PARSE for none: the value is missing */
function csvLabel(cell: string, line: number, column: string): string {
  const label = cell.trim();
  if (label !== "") return label;
  throw new LearnLossError("PARSE", `Line ${line}, column ${column}: the cell is empty; fill it in or drop the row.`);
}

/** Among numbers, what reads like a missing value is one. @throws PARSE */
function refuseMissing(labels: readonly string[], records: readonly CsvRecord[], column: string): void {
  const missing = labels.findIndex((label) => MISSING.test(label));
  if (missing < 0 || !labels.every((label) => MISSING.test(label) || NUMBER.test(label))) return;
  throw new LearnLossError(
    "PARSE",
    `Line ${records[missing]!.line}, column ${column}: "${labels[missing]}" among numbers is a missing value; fill it in, drop the row, or name it otherwise if it is a class.`,
  );
}

function areCodes(labels: readonly string[]): boolean {
  const isCode = (label: string) => /^0\d/.test(label) || Number(label) > Number.MAX_SAFE_INTEGER;
  return labels.some(isCode) && labels.every((label) => /^\d+$/.test(label));
}

/** Groups from 0, in the order of their names' code units. */
function numbered(names: readonly string[]): { readonly groups: Int32Array; readonly groupNames: readonly string[] } {
  const groupNames = [...new Set(names)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const index = new Map(groupNames.map((name, g) => [name, g]));
  return { groups: Int32Array.from(names, (name) => index.get(name)!), groupNames };
}
