import { LearnLossError } from "../errors.ts";
import type { ObjectiveOptions } from "./objective.ts";

/** The groups of the group norm that have columns which are read. */
interface NormGroups {
  /** Where the members of each group begin, and all end. */
  readonly starts: Int32Array;
  /** Indices of weights, group by group. */
  readonly members: Int32Array;
  /** √|g| of all its columns, read or not. */
  readonly factors: Float64Array;
}

/** @throws SHAPE */
export function normGroupsOf({
  columnGroups,
  dataset: { columns },
  outputs,
  selected,
}: Pick<ObjectiveOptions, "columnGroups" | "dataset" | "outputs" | "selected">): NormGroups {
  if (columnGroups && columnGroups.length !== columns) {
    throw new LearnLossError(
      "SHAPE",
      `${columnGroups.length} columns were given a group for the group norm, the data have ${columns}.`,
    );
  }
  const wrong = columnGroups?.find((g) => !Number.isInteger(g) || g < 0 || g >= columns);
  if (wrong !== undefined) {
    throw new LearnLossError("SHAPE", `A group of columns is ${wrong}: number them from 0 without gaps.`);
  }
  const read = selected ?? Int32Array.from({ length: columns }, (_, j) => j);
  if (!columnGroups) return alone(read.length, outputs);
  const sizes = new Int32Array(columns);
  for (const g of columnGroups) sizes[g]!++;
  const counts = new Int32Array(columns);
  for (const j of read) counts[columnGroups[j]!]!++;
  const present = counts.map((count, g) => (count > 0 ? g : -1)).filter((g) => g >= 0);
  const starts = new Int32Array(present.length + 1);
  const next = new Int32Array(columns);
  for (const [k, g] of present.entries()) {
    next[g] = starts[k]!;
    starts[k + 1] = starts[k]! + counts[g]! * outputs;
  }
  const members = new Int32Array(read.length * outputs);
  for (const [k, j] of read.entries()) {
    for (let c = 0; c < outputs; c++) members[next[columnGroups[j]!]!++] = c * read.length + k;
  }
  return { starts, members, factors: Float64Array.from(present, (g) => Math.sqrt(sizes[g]!)) };
}

/** Every column is a group. */
function alone(columns: number, outputs: number): NormGroups {
  const members = new Int32Array(columns * outputs);
  for (let i = 0; i < members.length; i++) members[i] = (i % outputs) * columns + Math.floor(i / outputs);
  const starts = new Int32Array(columns + 1);
  for (let k = 0; k <= columns; k++) starts[k] = k * outputs;
  return { starts, members, factors: new Float64Array(columns).fill(1) };
}
