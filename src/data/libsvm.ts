import { LearnLossError } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import { type Dataset, MOST_COLUMNS, sparse } from "./dataset.ts";
import { readText, type Source } from "./read.ts";

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Reads sparse rows in the format of LIBSVM and SVMlight, plain or gzipped: `label index:value … # comment`, indices
 * from 1, ascending. `qid:` entries are skipped.
 *
 * @param options.columns how many; give the training set's to read rows that judge. @default the largest index
 * @throws PARSE with the line, SHAPE for an index above `columns`, EMPTY, IO, and what `sparse` throws
 */
export async function libsvm(source: Source, options: { readonly columns?: number } = {}): Promise<Dataset> {
  checkNames(options, { columns: true });
  const text = await readText(source);
  const values: number[] = [];
  const indices: number[] = [];
  const starts = [0];
  const y: number[] = [];
  let largest = 0;
  let line = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from);
    const row = text
      .slice(from, end < 0 ? text.length : end)
      .replace(/#.*/, "")
      .trim();
    from = end < 0 ? text.length : end + 1;
    line++;
    if (row === "") continue;
    const [label = "", ...entries] = row.split(/\s+/);
    y.push(number(label, line, "the label"));
    let last = 0;
    for (const entry of entries) {
      const colon = entry.indexOf(":");
      const name = entry.slice(0, colon);
      if (name === "qid") continue;
      const index = /^\d+$/.test(name) ? Number(name) : Number.NaN;
      if (!(index >= 1 && index <= MOST_COLUMNS)) {
        throw new LearnLossError(
          "PARSE",
          `Line ${line}: ${shown(entry)} is not index:value with an index from 1 to 2^28.`,
        );
      }
      if (index <= last) {
        throw new LearnLossError("PARSE", `Line ${line}: index ${index} comes after ${last}: indices must ascend.`);
      }
      if (options.columns !== undefined && index > options.columns) {
        throw new LearnLossError("SHAPE", `Line ${line} has index ${index} when expected at most ${options.columns}.`);
      }
      last = index;
      indices.push(index - 1);
      values.push(number(entry.slice(colon + 1), line, `index ${index}`));
    }
    largest = Math.max(largest, last);
    starts.push(values.length);
  }
  return sparse({
    values: Float64Array.from(values),
    indices: Int32Array.from(indices),
    starts: Int32Array.from(starts),
    columns: options.columns ?? largest,
    y,
  });
}

function number(text: string, line: number, what: string): number {
  if (NUMBER.test(text)) return Number(text);
  throw new LearnLossError("PARSE", `Line ${line}: ${what} is ${shown(text)}: give a number.`);
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
