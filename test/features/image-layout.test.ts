import { expect, test } from "vitest";
import { augmentation, data, shift } from "../../src/index.ts";
import { Random } from "../../src/random.ts";

const random = new Random(1);

/** Rows of a shape, as the readers make them. */
function rowsOf(...shape: number[]) {
  const columns = shape.reduce((product, n) => product * n, 1);
  const x = Float64Array.from({ length: 4 * columns }, () => random.uniform());
  return { ...data.dense({ x, columns, y: [0, 1, 0, 1] }), ...(shape.length > 1 ? { shape } : {}) };
}

const moved = { moved: shift(1, 0) };

/** Width, height and channels. */
function layout(rows: ReturnType<typeof rowsOf>, options = {}): number[] {
  const { original } = augmentation(rows, moved, options);
  if (original.kind !== "group-loss") throw new TypeError(original.kind);
  const { width, height, channels } = original.of.augmentation!.image;
  return [width, height, channels];
}

test.each([
  [[64], [8, 8, 1]],
  [
    [8, 8],
    [8, 8, 1],
  ],
  [
    [8, 12],
    [12, 8, 1],
  ],
  [[4, 16, 1], undefined],
  [
    [6, 24],
    [24, 6, 1],
  ], // no square of 12 × 12
  [
    [1, 8, 8],
    [8, 8, 1],
  ],
  [
    [8, 10, 3],
    [10, 8, 3],
  ],
  [
    [3, 3],
    [3, 3, 1],
  ],
  [[3, 8, 8], undefined], // channels first
  [[4, 4, 4], undefined],
  [[48], undefined],
])("rows of shape %j are images of %j", (shape, expected) => {
  if (expected) expect(layout(rowsOf(...shape))).toEqual(expected);
  else expect(() => layout(rowsOf(...shape))).toThrow(expect.objectContaining({ code: "OPTION" }));
});

test.each([
  [[8, 8, 3], { width: 8, height: 8, channels: 3 }, true],
  [[64, 3], { width: 8, height: 8, channels: 3 }, true],
  [[192], { width: 16, height: 12 }, true],
  [[1, 4, 16, 1], { width: 16, height: 4 }, true],
  [[3, 8, 8], { width: 8, height: 8, channels: 3 }, false],
  [[8, 8, 3], { width: 16, height: 12, channels: 1 }, false],
  [[8, 12], { width: 8, height: 12 }, false],
])("rows of shape %j may be images of %j: %s", (shape, options, may) => {
  const make = () => layout(rowsOf(...shape), options);
  if (may) expect(make()).toEqual([options.width, options.height, (options as { channels?: number }).channels ?? 1]);
  else
    expect(make).toThrow(expect.objectContaining({ code: "SHAPE", message: expect.stringContaining("channels last") }));
});
