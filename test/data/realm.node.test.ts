import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { classWeights, createTuner, data, l2, fit as minimize, tune } from "../../src/index.ts";
import { blobs } from "../reference/blobs.ts";

/** The same array as an iframe or the sandbox of a test runner would make it. */
function elsewhere<A extends Float32Array | Float64Array | Int32Array | Uint8Array>(array: A): A {
  const made = runInNewContext(`${array.constructor.name}.from(values)`, { values: Array.from(array) });
  expect(made).not.toBeInstanceOf(array.constructor);
  return made;
}

const here = blobs(60, 4, 3, 1);
const { columns } = here;

test("typed arrays of another realm are taken as those of this one", async () => {
  const [x, y] = [elsewhere(here.x.values as Float64Array), elsewhere(here.y as Float64Array)];
  const made = data.dense({ x, columns, y });
  const byHand = { ...here, x: { kind: "dense", values: x }, y } as const;
  const options = { model: "softmax", loss: { l2: 0.1 } } as const;
  const { model } = await minimize({ ...options, train: here });
  for (const train of [
    made,
    byHand,
    data.take(
      byHand,
      Array.from({ length: here.rows }, (_, i) => i),
    ),
  ]) {
    expect((await minimize({ ...options, train })).model.coefficients).toEqual(model.coefficients);
    expect(model.predict(train)).toEqual(model.predict(here));
  }
  const validation = blobs(40, 4, 3, 2);
  const features = (train: typeof here) => ({ ...classWeights(train), l2: l2() });
  const tuned = await tune({ model: "softmax", train: here, validation, features: features(here), trials: 3 });
  const there = await tune({ model: "softmax", train: byHand, validation, features: features(byHand), trials: 3 });
  expect(there.lambda).toEqual(tuned.lambda);
  using folded = createTuner({ model: "squared", train: byHand, folds: 3, features: { l2: l2() } });
  using same = createTuner({ model: "squared", train: here, folds: 3, features: { l2: l2() } });
  expect((await folded.run({ trials: 2 })).lambda).toEqual((await same.run({ trials: 2 })).lambda);
});

test("so are sparse rows, and the bytes of files; a shared buffer is copied", async () => {
  const sparse = { values: Float32Array.of(1, 2), indices: Int32Array.of(0, 1), starts: Int32Array.of(0, 1, 2) };
  const arrays = {
    values: elsewhere(sparse.values),
    indices: elsewhere(sparse.indices),
    starts: elsewhere(sparse.starts),
  };
  expect(data.sparse({ ...arrays, columns: 2, y: [0, 1] }).rows).toBe(2);
  const text = "a,y\n1,2\n3,4\n";
  const bytes = elsewhere(new TextEncoder().encode(text));
  expect(await data.csv(bytes, { target: "y" })).toEqual(await data.csv(text, { target: "y" }));
  const x = runInNewContext("new Float64Array(new SharedArrayBuffer(24))");
  expect(data.dense({ x, columns: 1, y: [1, 2, 3] }).x.values).not.toBe(x);
  const other = elsewhere(Uint8Array.of(1, 2, 3));
  expect(() => data.dense({ x: other as never, columns: 1, y: [1, 2, 3] })).toThrow(/Uint8Array/);
});
