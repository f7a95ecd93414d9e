import type { ImageShape } from "../features/augmentation.ts";
import type { Change } from "../features/transformation.ts";
import { exp } from "../wasm/transcendental.ts";

/** out_j = biases[j] + Σ_k weights[k]·x[indices[k]], k from starts[j]: a linear map of images, pixel by pixel. */
export interface Stencil {
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
  readonly biases: Float64Array;
}

/** What a pixel takes from where: column, line and share. */
type Taps = readonly (readonly [u: number, v: number, share: number])[];

/** The linear maps that a change of images is, one after the other; none for changes that are not linear. */
export function stencilsOf(change: Change, image: ImageShape): readonly Stencil[] {
  const { width, height } = image;
  switch (change.kind) {
    case "shift":
      return [resample(image, (x, y) => [x - change.right, y - change.down])];
    case "rotate": {
      const [sin, cos] = sinCos(change.degrees);
      return [linearMap(image, [cos, sin, -sin, cos])];
    }
    case "scale":
      return [linearMap(image, [change.horizontal, 0, 0, change.vertical])];
    case "shear":
      return [linearMap(image, [1, change.horizontal, change.vertical, 1])];
    case "mirror":
      return [resample(image, (x, y) => (change.axis === "horizontal" ? [width - 1 - x, y] : [x, height - 1 - y]))];
    case "blur": {
      // A Gaussian is a product: along the lines, then along the columns.
      const kernel = gaussian(change.deviation, Math.max(width, height));
      return [
        stencil(image, (x, y) => kernel.map(([offset, share]) => [x + offset, y, share])),
        stencil(image, (x, y) => kernel.map(([offset, share]) => [x, y + offset, share])),
      ];
    }
    default:
      return [];
  }
}

/** The picture under a linear map of the plane about its center, [xx, xy; yx, yy]: what lands here came from there. */
function linearMap(image: ImageShape, [xx, xy, yx, yy]: readonly [number, number, number, number]): Stencil {
  const [cx, cy] = [(image.width - 1) / 2, (image.height - 1) / 2];
  const determinant = xx * yy - xy * yx;
  return resample(image, (x, y) => [
    cx + (yy * (x - cx) - xy * (y - cy)) / determinant,
    cy + (xx * (y - cy) - yx * (x - cx)) / determinant,
  ]);
}

/** Bilinear interpolation at a place of the source for every pixel. */
function resample(image: ImageShape, source: (x: number, y: number) => readonly [number, number]): Stencil {
  return stencil(image, (x, y) => {
    const [u, v] = source(x, y);
    const [left, top] = [Math.floor(u), Math.floor(v)];
    const [right, down] = [u - left, v - top];
    return [
      [left, top, (1 - right) * (1 - down)],
      [left + 1, top, right * (1 - down)],
      [left, top + 1, (1 - right) * down],
      [left + 1, top + 1, right * down],
    ];
  });
}

/** Pixels outside the picture have its lowest value, so their taps add up in the bias. All channels of a pixel have its taps. */
function stencil({ width, height, channels, low }: ImageShape, taps: (x: number, y: number) => Taps): Stencil {
  const places: number[] = [];
  const shares: number[] = [];
  const ends = [0];
  const outside: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [sum, whole] = [0, true];
      for (const [u, v, share] of taps(x, y)) {
        if (share === 0) continue;
        if (u >= 0 && u < width && v >= 0 && v < height) {
          places.push(v * width + u);
          shares.push(share);
          sum += share;
        } else whole = false;
      }
      ends.push(places.length);
      outside.push(whole ? 0 : 1 - sum);
    }
  }
  const starts = new Int32Array(width * height * channels + 1);
  const indices = new Int32Array(places.length * channels);
  const weights = new Float64Array(indices.length);
  const biases = new Float64Array(width * height * channels);
  let at = 0;
  for (const [pixel, share] of outside.entries()) {
    for (let c = 0; c < channels; c++) {
      for (let e = ends[pixel]!; e < ends[pixel + 1]!; e++) {
        indices[at] = places[e]! * channels + c;
        weights[at++] = shares[e]!;
      }
      biases[pixel * channels + c] = share * low;
      starts[pixel * channels + c + 1] = at;
    }
  }
  return { starts, indices, weights, biases };
}

/**
 * Offsets and shares of a Gaussian, cut at three standard deviations. Of offsets beyond the picture, which all pixels find outside,
 * the first are enough.
 */
function gaussian(deviation: number, size: number): readonly (readonly [offset: number, share: number])[] {
  const reach = Math.max(Math.ceil(3 * deviation), 1);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => {
    const offset = i - reach;
    return [offset, exp(-0.5 * (offset / deviation) ** 2)] as const;
  });
  const total = kernel.reduce((sum, [, share]) => sum + share, 0);
  return kernel.flatMap(([offset, share]) => (Math.abs(offset) > size ? [] : [[offset, share / total]]));
}

/** Sine and cosine of an angle in degrees: exact for right angles, and the same bits on every engine. */
function sinCos(degrees: number): readonly [sin: number, cos: number] {
  const turns = Math.round(degrees / 90);
  const x = ((degrees - 90 * turns) * Math.PI) / 180; // |x| ≤ π/4: the series end below 1e-17
  let [sin, cos, term] = [0, 0, 1];
  for (let n = 0; n < 18; n++) {
    if (n % 2 === 0) cos += n % 4 === 0 ? term : -term;
    else sin += n % 4 === 1 ? term : -term;
    term *= x / (n + 1);
  }
  const quarter = ((turns % 4) + 4) % 4;
  const quarters = [
    [sin, cos],
    [cos, -sin],
    [-sin, -cos],
    [-cos, sin],
  ] as const;
  return quarters[quarter]!;
}
