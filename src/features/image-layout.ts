import type { Dataset } from "../data/dataset.ts";

/** Width and height in pixels, and channels, the number of values of a pixel. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Grey, or colors, with opacity or without: more values of a pixel are not guessed to be channels, nor so few a side. */
const MOST_CHANNELS = 4;

/** What the rows' shape is as an image, the channels last; without a shape a square. Undefined where that is not plain. */
export function guessLayout({ columns, shape }: Pick<Dataset, "columns" | "shape">): Layout | undefined {
  if (!shape) {
    const side = Math.sqrt(columns);
    return Number.isInteger(side) ? { width: side, height: side, channels: 1 } : undefined;
  }
  const [height = 0, width = 0, channels = 1, ...rest] = shape.filter((size) => size > 1);
  const sides = Math.min(height, width) > MOST_CHANNELS || (height === width && channels === 1);
  const plain = sides && channels <= MOST_CHANNELS && rest.length === 0;
  return plain ? { width, height, channels } : undefined;
}

/**
 * Whether values in the order of the rows' shape are those of images: where an index of the shape comes round, so does one of
 * [height][width][channels], which may be finer. Any images are rows without a shape.
 */
export function fitsLayout({ shape = [] }: Pick<Dataset, "shape">, { width, height, channels }: Layout): boolean {
  const rounds = [1, channels, width * channels, height * width * channels];
  return shape.every((_, d) => rounds.includes(shape.slice(d).reduce((product, n) => product * n, 1)));
}
