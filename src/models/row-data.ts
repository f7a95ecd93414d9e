import { groupUnder } from "../features/augmentation.ts";
import type { Arena } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { checkRange, type HeldRows, Matrix } from "./matrix.ts";
import type { GroupsOfRows, ObjectiveOptions } from "./objective.ts";
import { RowGenerator } from "./row-generator.ts";

/** What an objective knows of its rows besides X. */
interface RowData {
  readonly rows: number;
  readonly targets: Float64Array;
  readonly weights: ArrayLike<number> | undefined;
  readonly rowGroups: GroupsOfRows | undefined;
}

/** The rows in Wasm memory, where they may be already. */
export function heldRows(arena: Arena<Kernels>, { dataset, selected }: ObjectiveOptions, width: 4 | 8): HeldRows {
  const { x, ...rest } = dataset;
  return x.kind === "held" ? x : new Matrix(arena, { ...rest, x }, width, undefined, selected).range(0, rest.rows);
}

/** @throws OVERFLOW with row and column, and as `RowGenerator` */
export function generatorOf(arena: Arena<Kernels>, options: ObjectiveOptions, width: 4 | 8): RowGenerator | undefined {
  const augmentation = options.rowGroups?.augmentation;
  if (!augmentation) return undefined;
  const { x, ...rest } = options.dataset;
  if (x.kind === "held") throw new TypeError("rows in Wasm memory cannot be transformed");
  const dataset = { ...rest, x };
  checkRange(dataset, width);
  return new RowGenerator(arena, dataset, augmentation, width);
}

export function givenRows({ dataset, targets, rowGroups }: ObjectiveOptions): RowData {
  return { rows: dataset.rows, targets, weights: dataset.weights, rowGroups };
}

/** Every generated row has the target and the weight of the row it is made of. */
export function generatedRows({ dataset, targets, rowGroups }: ObjectiveOptions, generator: RowGenerator): RowData {
  const { sources, transformations } = generator;
  const { weights } = dataset;
  const { count, map, augmentation } = rowGroups!;
  const groups = { count, map, augmentation: augmentation! };
  return {
    rows: sources.length,
    targets: Float64Array.from(sources, (i) => targets[i]!),
    weights: weights && Float64Array.from(sources, (i) => weights[i]!),
    rowGroups: { count, map: Int32Array.from(sources, (i, r) => groupUnder(groups, i, transformations[r]!)) },
  };
}
