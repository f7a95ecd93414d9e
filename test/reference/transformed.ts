import type { ImageShape } from "../../src/features/augmentation.ts";
import type { Change } from "../../src/features/transformation.ts";

/** A picture as a function of line and column, low outside. Written to be read: one pixel at a time, host Math. */
type Picture = (x: number, y: number, channel: number) => number;

/** A picture under one change; `row` and `salt` are what chance depends on. */
export function transformed(
  values: ArrayLike<number>,
  change: Change,
  shape: ImageShape,
  row: number,
  salt: number,
): Float64Array {
  const { width, height, channels, low, high } = shape;
  const inside = (x: number, y: number) => x >= 0 && x < width && y >= 0 && y < height;
  const picture: Picture = (x, y, c) => (inside(x, y) ? values[(y * width + x) * channels + c]! : low);
  const between: Picture = (x, y, c) => {
    let sum = 0;
    for (const u of [Math.floor(x), Math.floor(x) + 1])
      for (const v of [Math.floor(y), Math.floor(y) + 1])
        sum += (1 - Math.abs(x - u)) * (1 - Math.abs(y - v)) * picture(u, v, c);
    return sum;
  };
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const clip = (value: number) => Math.min(Math.max(value, low), high);
  const mean = Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

  const chance = nearlyNormal(values.length, keyOf(salt, row));

  const at = (x: number, y: number, c: number): number => {
    switch (change.kind) {
      case "shift":
        return between(x - change.right, y - change.down, c);
      case "rotate": {
        // What lands at an angle of a came from a − degrees; y grows downwards, so counterclockwise turns (1, 0) to (0, −1).
        const angle = (change.degrees * Math.PI) / 180;
        const [dx, dy] = [x - cx, y - cy];
        return between(
          cx + dx * Math.cos(angle) - dy * Math.sin(angle),
          cy + dx * Math.sin(angle) + dy * Math.cos(angle),
          c,
        );
      }
      case "scale":
        return between(cx + (x - cx) / change.horizontal, cy + (y - cy) / change.vertical, c);
      case "shear": {
        const determinant = 1 - change.horizontal * change.vertical;
        const [dx, dy] = [x - cx, y - cy];
        return between(
          cx + (dx - change.horizontal * dy) / determinant,
          cy + (dy - change.vertical * dx) / determinant,
          c,
        );
      }
      case "mirror":
        return change.axis === "horizontal" ? picture(width - 1 - x, y, c) : picture(x, height - 1 - y, c);
      case "blur": {
        const reach = Math.max(Math.ceil(3 * change.deviation), 1);
        let [sum, total] = [0, 0];
        for (let u = -reach; u <= reach; u++) {
          for (let v = -reach; v <= reach; v++) {
            const weight = Math.exp(-(u * u + v * v) / (2 * change.deviation ** 2));
            sum += weight * picture(x + u, y + v, c);
            total += weight;
          }
        }
        return sum / total;
      }
      case "contrast":
        return clip(mean + change.factor * (picture(x, y, c) - mean));
      case "noise":
        return clip(picture(x, y, c) + change.deviation * (high - low) * chance[(y * width + x) * channels + c]!);
      case "cutout": {
        const key = keyOf(salt, row);
        const left = below(key, width) - Math.floor(change.side / 2);
        const top = below(mix(key), height) - Math.floor(change.side / 2);
        const blank = x >= left && x < left + change.side && y >= top && y < top + change.side;
        return blank ? low : picture(x, y, c);
      }
    }
  };

  const result = new Float64Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) result[(y * width + x) * channels + c] = at(x, y, c);
  return result;
}

/** Sums of twelve uniform bytes of variance (256² − 1)/12, from the generator sfc32. */
function nearlyNormal(length: number, key: number): Float64Array {
  let [a, b] = [key, mix(key)];
  let c = mix(b);
  let counter = 1;
  return Float64Array.from({ length }, () => {
    let sum = 0;
    for (let w = 0; w < 3; w++) {
      const word = (a + b + counter++) >>> 0;
      a = (b ^ (b >>> 9)) >>> 0;
      b = (c + (c << 3)) >>> 0;
      c = (((c << 21) | (c >>> 11)) + word) >>> 0;
      for (let byte = 0; byte < 32; byte += 8) sum += ((word >>> byte) & 255) - 127.5;
    }
    return sum / Math.sqrt(65535);
  });
}

/** The hash of assembly/augmentation/stages.ts. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

export function keyOf(salt: number, row: number): number {
  return mix((salt + mix((Math.imul(row, 0x9e3779b9) + 0x7f4a7c15) >>> 0)) >>> 0);
}

export function below(bits: number, n: number): number {
  return Math.floor((bits / 2 ** 32) * n);
}
