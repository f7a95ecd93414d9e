import { type Dataset, dense } from "../../src/data/dataset.ts";
import { Random } from "../../src/random.ts";

/** Noisy classes around random centers in `columns` dimensions, a third of which carry no signal; the same everywhere. */
export function blobs(rows: number, columns: number, classes: number, seed: number, spread = 1.5): Dataset {
  // Centers come from a stream of their own: sets with different seeds are draws from one distribution.
  const centers = new Random(99, classes);
  const center = Array.from({ length: classes * columns }, (_, i) =>
    i % columns < (2 * columns) / 3 ? centers.normal() : 0,
  );
  const random = new Random(seed);
  const x = new Float64Array(rows * columns);
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const c = i % classes;
    y[i] = c;
    for (let j = 0; j < columns; j++) x[i * columns + j] = center[c * columns + j]! + spread * random.normal();
  }
  return dense({ x, columns, y });
}
