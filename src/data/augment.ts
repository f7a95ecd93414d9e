import { augmentedGroups, IMAGE_NAMES, type ImageOptions, ORIGINAL } from "../features/augmentation.ts";
import type { Transformation } from "../features/transformation.ts";
import { BLOCK, RowGenerator } from "../models/row-generator.ts";
import { checkNames } from "../option-names.ts";
import { Arena } from "../wasm/arena.ts";
import { kernels } from "../wasm/kernels.ts";
import type { Dataset } from "./dataset.ts";

/**
 * The rows that `augmentation` has its losses of, as a dataset: all rows as they are, then all under the first
 * transformation, and so on; `groups` tells which (0: as they are), `groupNames` how they are called. For a look at them, or
 * for another trainer; `augmentation` itself holds no copies.
 *
 * @throws as `augmentation`
 */
export function augment(
  dataset: Dataset,
  transformations: Readonly<Record<string, Transformation>>,
  options: ImageOptions = {},
): Dataset {
  checkNames(options, IMAGE_NAMES);
  const { augmentation, count } = augmentedGroups(dataset, transformations, options);
  const { rows, columns, x, y, weights } = dataset;
  const values = new (x.values.constructor as Float64ArrayConstructor)(rows * count * columns);
  const groups = new Int32Array(rows * count);
  const arena = new Arena(kernels());
  try {
    const generator = new RowGenerator(arena, dataset, augmentation, x.values.BYTES_PER_ELEMENT === 8 ? 8 : 4);
    const { sources, transformations: made } = generator;
    for (let first = 0; first < sources.length; first += BLOCK) {
      const panel = generator.panel(first, Math.min(BLOCK, sources.length - first));
      for (let i = 0; i * columns < panel.length; i++) {
        const to = made[first + i]! * rows + sources[first + i]!;
        values.set(panel.subarray(i * columns, (i + 1) * columns), to * columns);
        groups[to] = made[first + i]!;
      }
    }
  } finally {
    arena.dispose();
  }
  const source = Array.from({ length: rows * count }, (_, to) => to % rows);
  return {
    ...dataset,
    rows: rows * count,
    x: { kind: "dense", values },
    y: ArrayBuffer.isView(y) ? Float64Array.from(source, (i) => y[i]!) : source.map((i) => y[i]!),
    ...(weights ? { weights: Float64Array.from(source, (i) => weights[i]!) } : {}),
    groups,
    groupNames: [ORIGINAL, ...Object.keys(transformations)],
  };
}
