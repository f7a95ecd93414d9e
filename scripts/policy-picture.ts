import { escaped } from "../src/report/chart.ts";

/** A bar for each transformation, on a log scale from the least weight on, and pictures under it, one channel each. */
export interface PolicyFigure {
  readonly x: { readonly label: string };
  readonly bars: readonly {
    readonly label: string;
    readonly value: number;
    /** Square pictures, pixels from 0 to 1 line by line. */
    readonly images: readonly (readonly number[])[];
  }[];
}

const WIDTH = 620;
const ROW = 34;
const BARS = { left: 100, right: 330 };
const PIXEL = 3.5;
const SHADES = 10;

export function policyPicture({ x, bars }: PolicyFigure, color: string): string {
  const height = bars.length * ROW + 52;
  const bottom = height - 44;
  const least = 1e-3;
  const at = (value: number) =>
    BARS.left + ((Math.log10(value) - Math.log10(least)) / -Math.log10(least)) * (BARS.right - BARS.left);
  const ticks = [1e-3, 1e-2, 1e-1, 1].map(
    (t) =>
      `<line x1="${at(t)}" x2="${at(t)}" y1="8" y2="${bottom}" class="grid"/><text x="${at(t)}" y="${bottom + 18}" text-anchor="middle">${t}</text>`,
  );
  const rows = bars.map(({ label, value, images }, row) => {
    const top = 8 + row * ROW;
    const bar = `<rect x="${BARS.left}" y="${top + 6}" width="${Math.max(at(value) - BARS.left, 1.5).toFixed(1)}" height="${ROW - 14}" fill="${color}"/>`;
    const name = `<text x="${BARS.left - 8}" y="${top + ROW / 2 + 3}" text-anchor="end">${escaped(label)}</text>`;
    const pictures = images.map((pixels, i) => {
      const side = Math.sqrt(pixels.length);
      const left = BARS.right + 16 + i * (side * PIXEL + 5);
      // A path for each of so many shades.
      const shades = Array.from({ length: SHADES + 1 }, () => "");
      for (const [j, pixel] of pixels.entries()) {
        const [u, v] = [j % side, Math.floor(j / side)];
        const shade = Math.round(Math.min(Math.max(pixel, 0), 1) * SHADES);
        shades[shade] +=
          `M${(left + u * PIXEL).toFixed(1)} ${(top + 1 + v * PIXEL).toFixed(1)}h${PIXEL}v${PIXEL}h-${PIXEL}z`;
      }
      const dots = shades.map((d, shade) =>
        shade > 0 && d ? `<path d="${d}" fill-opacity="${shade / SHADES}"/>` : "",
      );
      return `<rect x="${left}" y="${top + 1}" width="${side * PIXEL}" height="${side * PIXEL}" fill="#f4f4f2"/>${dots.join("")}`;
    });
    return `${name}${bar}${pictures.join("")}`;
  });
  const label = `<text x="${(BARS.left + BARS.right) / 2}" y="${height - 6}" text-anchor="middle" class="label">${escaped(x.label)}</text>`;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Weight of each transformation, and digits under it" xmlns="http://www.w3.org/2000/svg">${ticks.join("")}${rows.join("")}${label}</svg>`;
}
