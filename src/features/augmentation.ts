import { checkDataset, type Dataset } from "../data/dataset.ts";
import { given, LearnLossError, listed } from "../errors.ts";
import { checkNames, type OptionNames } from "../option-names.ts";
import { checkSeed } from "../random.ts";
import { BOUND_NAMES, checkBounds, type WeightBounds } from "./bounds.ts";
import type { Feature, Features, RowGroups } from "./feature.ts";
import { fitsLayout, guessLayout, type Layout } from "./image-layout.ts";
import { checkTransformation, type Transformation } from "./transformation.ts";
import { SHARE_BOUNDS } from "./weight.ts";

/**
 * Rows that are images: pixel by pixel, line by line from the top, the channels of a pixel next to each other. Every field is set
 * here; `ImageOptions` says what they are by default.
 */
export interface ImageShape extends Layout {
  /** Least value of a pixel, in the units of X. What comes in from outside a picture, and what is cut out, is `low`. */
  readonly low: number;
  /** Largest value of a pixel, in the units of X. */
  readonly high: number;
}

/** How the rows of every group are made from the training rows: what a loss stores, and needs no data to be stored. */
export interface Augmentation {
  readonly image: ImageShape;
  readonly seed: number;
  /** In the order of their groups, which come after that of the rows as they are, or its parts. */
  readonly transformations: readonly Transformation[];
  /** Where rows are grouped otherwise, too: by what, and whether under every transformation. */
  readonly groups?: { readonly of: string; readonly crossed: boolean };
}

/** What the columns of a dataset are as images, the channels of a pixel next to each other. */
export interface ImageOptions {
  /**
   * Width of the images, in pixels. @default as `height` leaves it; else as the file has it, whose channels are last; else a
   * square, for one channel and a square number of columns
   */
  readonly width?: number;
  /** Height of the images, in pixels. @default as `width` leaves it; else as that */
  readonly height?: number;
  /** Values of a pixel. @default as the file has it, else 1 */
  readonly channels?: number;
  /** Least and largest value of a pixel, also of images that a stored loss is fitted to. @default those of the rows given */
  readonly range?: readonly [low: number, high: number];
  /** Seeds the chance in noise, cutout and either: an integer in [0, 2³²). @default 0 */
  readonly seed?: number;
}

export const IMAGE_NAMES: OptionNames<ImageOptions> = {
  width: true,
  height: true,
  channels: true,
  range: true,
  seed: true,
};

/** Options of `augmentation`: bounds are those of the share of each transformation. */
export interface AugmentationOptions extends ImageOptions, WeightBounds {
  /**
   * What `classWeights(train)` or `groupWeights(train)` makes: the loss of each group over the rows as they are takes the
   * place of `original`.
   */
  readonly groups?: Features | undefined;
  /** A feature for each group under each transformation instead, named `shift/class:3`. @default false */
  readonly crossed?: boolean;
}

/** Name of the feature of the rows as they are. */
export const ORIGINAL = "original";

/**
 * A feature per transformation: the mean loss over all training rows under it, and `original`, that over the rows as
 * they are. Their weights sum to 1, each in [1e-3, 1] by default: the policy of how much of the loss comes from which.
 *
 * The transformed rows are made when they are needed; no copy of the data is held. A pass over all of them counts as
 * many passes as there are features here; what has no weight is not made. Label smoothing beside them is a mean over all
 * of them alike.
 *
 * With `groups`, T transformations and C classes (or groups) share one simplex: the loss is Σ_c λ_c·φ_c(rows of c as they
 * are) + Σ_t λ_t·φ_t(all rows under t), T + C weights; or, `crossed`, Σ_tc λ_tc·φ_tc, (T + 1)·C weights, a policy for each
 * class. Products of a policy's and classes' weights, λ_t·λ_c, are not linear in them: no feature is that. Class weights
 * that are known, on the other hand, are sample weights of `train`.
 *
 * @throws OPTION or SHAPE when the rows cannot be such images, or a transformation or the groups are none; EMPTY without
 *   any; BOUNDS, SEED
 */
export function augmentation<const T extends Readonly<Record<string, Transformation>>>(
  train: Dataset,
  transformations: T,
  options?: AugmentationOptions & { readonly groups?: undefined },
): Record<keyof T | typeof ORIGINAL, Feature>;
export function augmentation(
  train: Dataset,
  transformations: Readonly<Record<string, Transformation>>,
  options: AugmentationOptions,
): Record<string, Feature>;
export function augmentation(
  train: Dataset,
  transformations: Readonly<Record<string, Transformation>>,
  options: AugmentationOptions = {},
): Record<string, Feature> {
  checkNames(options, { ...IMAGE_NAMES, groups: true, crossed: true, ...BOUND_NAMES });
  const { groups, crossed = false } = options;
  const bounds = checkBounds("augmentation", options, SHARE_BOUNDS);
  const plain = augmentedGroups(train, transformations, options);
  const names = [ORIGINAL, ...Object.keys(transformations)];
  if (!groups) return named(names.map((name, group) => [name, { kind: "group-loss", group, of: plain, ...bounds }]));
  const own = ownGroups(train, groups);
  const { name, count: parts, map, labels } = own[0]![1].of;
  const of: RowGroups = {
    ...plain,
    count: crossed ? names.length * parts : names.length - 1 + parts,
    map,
    ...(labels ? { labels } : {}),
    augmentation: { ...plain.augmentation, groups: { of: name, crossed } },
  };
  if (crossed) {
    return named(
      names.flatMap((name, t) =>
        own.map(([part, feature]) => [`${name}/${part}`, { ...feature, group: t * parts + feature.group, of }]),
      ),
    );
  }
  return named([
    ...own.map(([part, feature]): [string, Feature] => [part, { ...feature, of }]),
    ...names
      .slice(1)
      .map((name, t): [string, Feature] => [name, { kind: "group-loss", group: parts + t, of, ...bounds }]),
  ]);
}

type GroupLoss = Extract<Feature, { kind: "group-loss" }>;

/** Groups of the rows as they are, all of them. @throws OPTION */
function ownGroups(train: Dataset, groups: Features): [string, GroupLoss][] {
  const own = Object.entries(groups).flatMap(([name, feature]): [string, GroupLoss][] =>
    feature?.kind === "group-loss" && !feature.of.augmentation ? [[name, feature]] : [],
  );
  const of = own[0]?.[1].of;
  const sole = of?.map.length === train.rows && own.every(([, feature]) => feature.of === of);
  if (!of || !sole || own.length !== of.count || own.length !== Object.keys(groups).length) {
    throw new LearnLossError(
      "OPTION",
      `The groups of the augmentation are ${listed(Object.keys(groups)) || "none"}: give what classWeights or groupWeights makes of the same training rows.`,
    );
  }
  return own;
}

/** @throws OPTION when two features have one name */
function named(entries: readonly (readonly [string, Feature])[]): Record<string, Feature> {
  const twice = entries.find(([name], i) => entries.findIndex(([other]) => other === name) !== i);
  if (twice)
    throw new LearnLossError("OPTION", `${twice[0]} is a group and a transformation: name this one otherwise.`);
  return Object.fromEntries(entries);
}

/** The group of a training row under transformation t (0: as it is), for groups of rows with an augmentation. */
export function groupUnder({ count, map, augmentation }: Augmented, row: number, t: number): number {
  const copies = augmentation.transformations.length + 1;
  const own = map[row] ?? 0;
  if (augmentation.groups?.crossed) return (t * count) / copies + own;
  return t === 0 ? own : count - copies + t;
}

/** How many groups the rows as they are have. */
export function partsOf({ count, augmentation }: Augmented): number {
  const copies = augmentation.transformations.length + 1;
  return augmentation.groups?.crossed ? count / copies : count - copies + 1;
}

/** Row groups with an augmentation. */
type Augmented = Pick<RowGroups, "count" | "map"> & { readonly augmentation: Augmentation };

/** The row groups of an augmentation. @throws as `augmentation` */
export function augmentedGroups(
  rows: Dataset,
  transformations: Readonly<Record<string, Transformation>>,
  options: ImageOptions,
): RowGroups & { readonly augmentation: Augmentation } {
  checkDataset("train", rows);
  const entries = Object.entries(given("augmentation", transformations));
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

function imageShape(rows: Dataset, options: ImageOptions): ImageShape {
  const { columns, shape } = rows;
  const guess = guessLayout(rows);
  const { channels = (shape && guess?.channels) ?? 1 } = options;
  const pixels = columns / channels;
  const known = guess?.channels === channels ? guess : undefined;
  const width = options.width ?? (options.height ? pixels / options.height : known?.width);
  const height = options.height ?? (options.width ? pixels / options.width : known?.height);
  if (width === undefined || height === undefined) {
    const what = shape ? `of shape (${shape.join(", ")})` : `of ${columns} columns`;
    throw new LearnLossError(
      "OPTION",
      `Rows ${what} and ${channels} channels could be images of many shapes: give \`width\` and \`height\` (--image 8x8x3).`,
    );
  }
  const [low, high] = options.range === undefined ? rangeOf(columns, rows.x) : given("range", options.range);
  const image = { width, height, channels, low, high };
  checkImage(image, rows);
  return image;
}

/** @throws SHAPE, OPTION */
export function checkImage(image: ImageShape, rows: Pick<Dataset, "columns" | "shape">): void {
  const { width, height, channels, low, high } = image;
  const { columns, shape } = rows;
  const images = `Images of ${width} × ${height} pixels and ${channels} channels`;
  if (![width, height, channels].every((size) => Number.isInteger(size) && size > 0)) {
    throw new LearnLossError("SHAPE", `${images}: give whole numbers > 0.`);
  }
  if (width * height * channels !== columns) {
    throw new LearnLossError(
      "SHAPE",
      `${images} have ${width * height * channels} values when the rows have ${columns} columns.`,
    );
  }
  if (!fitsLayout(rows, image)) {
    throw new LearnLossError(
      "SHAPE",
      `${images} are (${height}, ${width}, ${channels}), line by line and the channels last, when the rows are (${shape?.join(", ")}): name another shape, or transpose the file's array.`,
    );
  }
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
    throw new LearnLossError("OPTION", `The range of a pixel is [${low}, ${high}]: give finite numbers, low ≤ high.`);
  }
}

/** Least and largest value of rows. What sparse ones leave out is 0. */
export function rangeOf(columns: number, x: Dataset["x"]): [number, number] {
  const full = x.kind === "dense" || x.values.length === (x.starts.length - 1) * columns;
  let [low, high] = full ? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] : [0, 0];
  for (const value of x.values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
