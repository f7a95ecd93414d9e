// Bytes are counted in WebAssembly's memory, which is the same in each engine; these sizes take a browser too long.
import { expect, test } from "vitest";
import { checkOptions } from "../src/check-options.ts";
import { data, l2 } from "../src/index.ts";
import { Random } from "../src/random.ts";
import { Learner } from "../src/tuning/learner.ts";
import { Session } from "../src/tuning/session.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { blobs } from "./reference/blobs.ts";

/** Rows to be held, some the same: to draw them all takes longer than what is tested. */
function manyBlobs(rows: number, columns: number, classes: number) {
  const distinct = blobs(1600, columns, classes, 1);
  return data.take(
    distinct,
    Int32Array.from({ length: rows }, (_, i) => i % 1600),
  );
}

/** Spans, which grow with rows × classes × models seen, are apart. */
const spansOf = (session: { readonly folds: readonly { readonly spanBytes: number }[] }) =>
  session.folds.reduce((sum, { spanBytes }) => sum + spanBytes, 0);

test.each([
  // Beside X in f32, five folds have 95 doubles each for a weight, and 48 bytes for a row: 1 + 950·C/n + 12/d bytes per byte.
  { rows: 16000, columns: 256, classes: 2, model: "logistic", folds: 5 },
  { rows: 16000, columns: 256, classes: 2, model: "logistic", folds: undefined },
  { rows: 20000, columns: 784, classes: 4, model: "softmax", folds: 5 },
] as const)(
  "a tuner holds X once, whatever the number of folds: $rows rows × $columns, $classes classes, $folds folds",
  ({ rows, columns, classes, model, folds }) => {
    const train = manyBlobs(rows, columns, classes);
    const bytes = 4 * rows * columns; // f32
    const before = kernels().allocatedBytes();
    const options = folds ? { folds } : { validation: blobs(400, columns, classes, 2) };
    const session = new Session(checkOptions({ model, train, features: { l2: l2() }, ...options }));
    const held = () => kernels().allocatedBytes() - before - spansOf(session);
    expect(held()).toBeGreaterThan(bytes);
    expect(held()).toBeLessThan(1.3 * bytes);
    session.dispose();
    expect(kernels().allocatedBytes()).toBe(before);
  },
);

test("memory grows by no more than that in a whole tuning, the model of all rows included", () => {
  const train = blobs(40000, 256, 8, 1);
  const bytes = 4 * train.rows * train.columns;
  const before = kernels().allocatedBytes();
  const session = new Session(
    checkOptions({ model: "softmax", train, features: { l2: l2() }, folds: 5, tolerance: 1e-3 }),
  );
  expect(kernels().allocatedBytes() - before - spansOf(session)).toBeGreaterThan(bytes);
  let most = 0;
  for (const _ of new Learner(session, new Random(1)).learn()) most = Math.max(most, kernels().allocatedBytes());
  expect(session.leaders.chosen).toBeDefined();
  expect(most - before - spansOf(session)).toBeLessThan(1.75 * bytes); // 1.27, and 12 bytes for a score: 1.69
  // A span is held for the models in it: 3.6 in all, with room for as many as it may have 13.6.
  expect(most - before).toBeLessThan(4.5 * bytes);
  session.dispose();
  expect(kernels().allocatedBytes()).toBe(before);
});
