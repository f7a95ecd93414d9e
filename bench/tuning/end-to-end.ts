import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "../../src/data/dataset.ts";
import type { Python } from "./python.ts";
import type { Point, RunResult } from "./results.ts";
import type { Parts } from "./task.ts";

/** What a user would write instead: Optuna's TPE around scikit-learn's LogisticRegression with the saga solver. */
export const END_TO_END = "optuna-saga";

/** scikit-learn's default: an epoch over the rows each. */
const ITERATIONS = 100;

/**
 * Tunes L1 and L2 for so many seconds, in wall-clock time of the python process. Every model counts, whether saga
 * converged or not, so that the comparison errs on its side.
 */
export async function tuneSaga(
  python: Python,
  parts: Parts,
  seed: number,
  seconds: number,
): Promise<Omit<RunResult, "method" | "seed">> {
  const folder = mkdtempSync(join(tmpdir(), "learnloss-bench-"));
  try {
    const curve: Point[] = [];
    let best: { readonly lambda: readonly number[]; readonly test: number } | undefined;
    let trials = 0;
    let last = 0;
    let answer = await python.request({
      op: "saga",
      ...Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, written(folder, name, part)])),
      seed,
      trials: 1000,
      iterations: ITERATIONS,
      limit: seconds,
    });
    for (; !answer.done; answer = await python.read()) {
      const { seconds: at, error, test, l1, l2 } = answer as Record<string, number>;
      trials++;
      last = at!;
      if (curve.length > 0 && error! >= curve.at(-1)![2]) continue;
      curve.push([0, at!, error!]);
      best = { lambda: [1, l1!, l2!], test: test! };
    }
    return {
      passes: 0,
      seconds: last,
      trials,
      lambda: best?.lambda ?? [],
      curve,
      ...(best ? { validationError: curve.at(-1)![2], testError: best.test } : {}),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Raw numbers in files, as numpy.fromfile reads them. */
function written(folder: string, name: string, { x, y, columns }: Dataset) {
  const files = { x: join(folder, `${name}.x`), y: join(folder, `${name}.y`) };
  writeFileSync(files.x, Float32Array.from(x.values));
  writeFileSync(files.y, Float64Array.from(y, Number));
  return { ...files, columns };
}
