import type { Dataset } from "../data/dataset.ts";
import { LearnLossError } from "../errors.ts";
import { checkSeed } from "../random.ts";
import { checkBounds, type Feature, type RowGroups, SHARE_BOUNDS, type WeightBounds } from "./feature.ts";
import { checkTransformation, type Transformation } from "./transformation.ts";

/** Rows that are images: pixel by pixel, line by line from the top, the channels of a pixel next to each other. */
export interface ImageShape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Least and largest value of a pixel. What comes in from outside a picture, and what is cut out, is `low`. */
  readonly low: number;
  readonly high: number;
}

/** How the rows of every group are made from the training rows: what a loss stores, and needs no data to be stored. */
export interface Augmentation {
  readonly image: ImageShape;
  readonly seed: number;
  /** Those of group 1, 2, …; group 0 are the rows as they are. */
  readonly transformations: readonly Transformation[];
}

export interface ImageOptions {
  /** Of the images. @default a square, for one channel and a square number of columns */
  readonly width?: number;
  readonly height?: number;
  /** @default 1 */
  readonly channels?: number;
  /** Least and largest value of a pixel. @default those of the rows given */
  readonly range?: readonly [low: number, high: number];
  /** Of the chance in noise, cutout and either. @default 0 */
  readonly seed?: number;
}

/** Name of the feature of the rows as they are. */
export const ORIGINAL = "original";

/**
 * A feature per transformation: the mean loss over all training rows under it, and `original`, that over the rows as
 * they are. Their weights sum to 1, each in [1e-3, 1] by default: the policy of how much of the loss comes from which.
 *
 * The transformed rows are made when they are needed; no copy of the data is held. A pass over all of them counts as
 * many passes as there are features here. Label smoothing beside them is a mean over all of them alike.
 *
 * @throws OPTION or SHAPE when the rows cannot be such images, or a transformation is not one; EMPTY without any
 */
export function augmentation<const T extends Readonly<Record<string, Transformation>>>(
  train: Dataset,
  transformations: T,
  options: ImageOptions & WeightBounds = {},
): Record<keyof T | typeof ORIGINAL, Feature> {
  const of = augmentedGroups(train, transformations, options);
  const bounds = checkBounds("augmentation", options, SHARE_BOUNDS);
  return Object.fromEntries(
    [ORIGINAL, ...Object.keys(transformations)].map((name, group): [string, Feature] => [
      name,
      { kind: "group-loss", group, of, ...bounds },
    ]),
  ) as Record<keyof T | typeof ORIGINAL, Feature>;
}

/** The row groups of an augmentation. @throws as `augmentation` */
export function augmentedGroups(
  rows: Dataset,
  transformations: Readonly<Record<string, Transformation>>,
  options: ImageOptions,
): RowGroups & { readonly augmentation: Augmentation } {
  const entries = Object.entries(transformations);
  if (entries.length === 0) {
    throw new LearnLossError(
      "EMPTY",
      "No transformation was given: name at least one, such as { shift: shift(1, 0) }.",
    );
  }
  if (ORIGINAL in transformations) {
    throw new LearnLossError("OPTION", `${ORIGINAL} is the name of the rows as they are: name this one otherwise.`);
  }
  return {
    name: "transformations",
    count: entries.length + 1,
    map: new Int32Array(0),
    augmentation: {
      image: imageShape(rows, options),
      seed: checkSeed(options.seed ?? 0),
      transformations: entries.map(([name, given]) => checkTransformation(name, given)),
    },
  };
}

function imageShape({ columns, x }: Dataset, options: ImageOptions): ImageShape {
  const { channels = 1 } = options;
  const pixels = columns / channels;
  const square = Math.sqrt(pixels);
  const guess = channels === 1 && Number.isInteger(square) ? square : undefined;
  const width = options.width ?? (options.height ? pixels / options.height : guess);
  const height = options.height ?? (options.width ? pixels / options.width : guess);
  if (width === undefined || height === undefined) {
    throw new LearnLossError(
      "OPTION",
      `Rows of ${columns} columns and ${channels} channels could be images of many shapes: give \`width\` and \`height\`.`,
    );
  }
  const [low, high] = options.range ?? rangeOf(columns, x);
  const shape = { width, height, channels, low, high };
  checkImage(shape, columns);
  return shape;
}

/** @throws SHAPE, OPTION */
export function checkImage({ width, height, channels, low, high }: ImageShape, columns: number): void {
  if (![width, height, channels].every((size) => Number.isInteger(size) && size > 0)) {
    throw new LearnLossError(
      "SHAPE",
      `Images of ${width} × ${height} pixels and ${channels} channels: give whole numbers > 0.`,
    );
  }
  if (width * height * channels !== columns) {
    throw new LearnLossError(
      "SHAPE",
      `Images of ${width} × ${height} pixels and ${channels} channels have ${width * height * channels} values when the rows have ${columns} columns.`,
    );
  }
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
    throw new LearnLossError("OPTION", `The range of a pixel is [${low}, ${high}]: give finite numbers, low ≤ high.`);
  }
}

/** What sparse rows leave out is 0. */
function rangeOf(columns: number, x: Dataset["x"]): [number, number] {
  const full = x.kind === "dense" || x.values.length === (x.starts.length - 1) * columns;
  let [low, high] = full ? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] : [0, 0];
  for (const value of x.values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
