import { type Axis, type Scale, scale, tick } from "./axis.ts";

// Static SVG charts: axes with ticks, step lines, lines, areas, dots, and what is said about them. Self-contained, readable
// in the dark, and good to print.

/** Text for HTML and SVG. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

type Point = readonly [number, number];

export interface Series {
  /** In the legend; none without. */
  readonly label?: string;
  readonly color: string;
  readonly points: readonly Point[];
  /** `area` closes the points to a polygon. */
  readonly kind: "line" | "step" | "dots" | "rings" | "area";
  /** Width of lines; radius of dots. */
  readonly width?: number;
  readonly dashed?: boolean;
  /** A color per dot instead of `color`. */
  readonly colors?: readonly string[];
  /** Text that appears over a dot. */
  readonly titles?: readonly string[];
}

/** What is written into the picture: beside a point, or at a place on the x axis. */
export type Note =
  | { readonly kind: "point"; readonly at: Point; readonly text: string }
  | { readonly kind: "vertical"; readonly x: number; readonly text: string };

/** From which color to which dots are shaded. */
interface ColorScale {
  readonly label: string;
  readonly low: string;
  readonly high: string;
  readonly colors: readonly string[];
}

export interface ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly notes?: readonly Note[];
  readonly scale?: ColorScale;
}

const WIDTH = 640;
const HEIGHT = 400;

/** Width of a character, about: text cannot be measured here. */
const LETTER = 7.1;

/** Characters of a tick that the place left of the plot is made for: of longer ones it is wider. */
const TICK = 6;

const PLOT = { left: 76, right: WIDTH - 20, top: 18, bottom: HEIGHT - 54 };

export function chart({ x, y, series, notes = [], scale: colors }: ChartOptions): string {
  const points = series.flatMap((s) => s.points);
  const sy = scale(
    points.map(([, value]) => value),
    y,
    PLOT.bottom,
    PLOT.top,
    20,
  );
  const longest = sy.ticks.reduce((most, t) => Math.max(most, tick(t).length), TICK);
  const plotLeft = px(PLOT.left + LETTER * (longest - TICK));
  const sx = scale(
    points.map(([value]) => value),
    x,
    plotLeft,
    PLOT.right,
    44,
  );
  const parts = [
    ...sx.ticks.map(
      (t) =>
        `<line x1="${px(sx.at(t))}" x2="${px(sx.at(t))}" y1="${PLOT.top}" y2="${PLOT.bottom}" class="grid"/><text x="${px(sx.at(t))}" y="${PLOT.bottom + 19}" text-anchor="middle">${tick(t)}</text>`,
    ),
    ...sy.ticks.map(
      (t) =>
        `<line x1="${plotLeft}" x2="${PLOT.right}" y1="${px(sy.at(t))}" y2="${px(sy.at(t))}" class="grid"/><text x="${px(plotLeft - 9)}" y="${px(sy.at(t) + 4.5)}" text-anchor="end">${tick(t)}</text>`,
    ),
    `<text x="${px((plotLeft + PLOT.right) / 2)}" y="${HEIGHT - 10}" text-anchor="middle" class="label">${escaped(x.label)}</text>`,
    `<text transform="translate(17 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle" class="label">${escaped(y.label)}</text>`,
    ...series.map((s) => draw(s, sx, sy)),
    ...notes.map((note) => write(note, sx, sy)),
  ];
  const { rows, body } = legend(series, colors);
  const above = rows * LINE;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT + above}" role="img" aria-label="${escaped(`${y.label} against ${x.label}`)}" xmlns="http://www.w3.org/2000/svg">${body}<g transform="translate(0 ${above})">${parts.join("")}</g></svg>`;
}

function draw(s: Series, x: Scale, y: Scale): string {
  const points = s.points.map(([a, b]): Point => [px(x.at(a)), px(y.at(b))]);
  if (s.kind === "dots" || s.kind === "rings") {
    return points
      .map(([cx, cy], i) => {
        const title = s.titles?.[i] ? `<title>${escaped(s.titles[i])}</title>` : "";
        const color = s.colors?.[i] ?? s.color;
        const paint = s.kind === "dots" ? `fill="${color}"` : `fill="none" stroke="${color}" stroke-width="2.5"`;
        return `<circle cx="${cx}" cy="${cy}" r="${s.width ?? 3}" ${paint}>${title}</circle>`;
      })
      .join("");
  }
  const path = points
    .map(([a, b], i) => (i === 0 ? `M${a} ${b}` : s.kind === "step" ? `H${a}V${b}` : `L${a} ${b}`))
    .join("");
  if (s.kind === "area") return `<path d="${path}Z" fill="${s.color}"/>`;
  return `<path d="${path}" fill="none" stroke="${s.color}" stroke-width="${s.width ?? 2}" stroke-linejoin="round"${dash(s)}/>`;
}

function dash({ dashed }: Series): string {
  return dashed ? ' stroke-dasharray="6 4"' : "";
}

function write(note: Note, x: Scale, y: Scale): string {
  const text = escaped(note.text);
  if (note.kind === "point") {
    const [cx, cy] = [x.at(note.at[0]), y.at(note.at[1])];
    const right = cx > PLOT.right - 100;
    return `<text x="${px(cx + (right ? -9 : 9))}" y="${px(cy - 7)}" text-anchor="${right ? "end" : "start"}" class="note">${text}</text>`;
  }
  const cx = px(x.at(note.x));
  const right = cx > (PLOT.left + PLOT.right) / 2;
  return `<line x1="${cx}" x2="${cx}" y1="${PLOT.top}" y2="${PLOT.bottom}" class="mark"/><text x="${cx + (right ? -7 : 7)}" y="${PLOT.top + 16}" text-anchor="${right ? "end" : "start"}" class="note">${text}</text>`;
}

const LINE = 22;

/** Names of the series and the color scale, in rows above the plot: nothing is hidden by them. */
function legend(
  series: readonly Series[],
  colors: ColorScale | undefined,
): { readonly rows: number; readonly body: string } {
  const named = series.filter((s) => s.label);
  if (named.length < 2 && !colors) return { rows: 0, body: "" };
  const items = named.flatMap((s) => (s.label ? [{ width: 32 + LETTER * s.label.length, text: s.label, of: s }] : []));
  const entries: { readonly width: number; readonly draw: (left: number, middle: number) => string }[] = [
    ...items.map(({ width, text, of }) => ({
      width,
      draw: (left: number, middle: number) =>
        `${mark(of, left, middle)}<text x="${px(left + 28)}" y="${middle + 4.5}">${escaped(text)}</text>`,
    })),
    ...(colors
      ? [
          {
            width: LETTER * (colors.label.length + colors.low.length + colors.high.length) + 120,
            draw: (left: number, middle: number) => gradient(colors, left, middle),
          },
        ]
      : []),
  ];
  let [left, row] = [PLOT.left, 0];
  const parts: string[] = [];
  for (const { width, draw } of entries) {
    if (left > PLOT.left && left + width > PLOT.right) [left, row] = [PLOT.left, row + 1];
    parts.push(draw(left, LINE * (row + 0.5)));
    left += width + 20;
  }
  return { rows: entries.length > 0 ? row + 1 : 0, body: parts.join("") };
}

function mark(s: Series, left: number, middle: number): string {
  if (s.kind === "dots") return `<circle cx="${left + 11}" cy="${middle}" r="5" fill="${s.color}"/>`;
  if (s.kind === "rings")
    return `<circle cx="${left + 11}" cy="${middle}" r="5.5" fill="none" stroke="${s.color}" stroke-width="2.5"/>`;
  if (s.kind === "area") return `<rect x="${left}" y="${middle - 6}" width="22" height="12" fill="${s.color}"/>`;
  return `<line x1="${left}" x2="${left + 22}" y1="${middle}" y2="${middle}" stroke="${s.color}" stroke-width="${s.width ?? 2.5}"${dash(s)}/>`;
}

function gradient({ label, low, high, colors }: ColorScale, left: number, middle: number): string {
  const first = left + LETTER * (label.length + low.length + 1) + 8;
  const cells = colors.map(
    (color, i) => `<rect x="${px(first + 14 * i)}" y="${middle - 6}" width="14.5" height="12" fill="${color}"/>`,
  );
  const last = first + 14 * colors.length + 6;
  const y = middle + 4.5;
  return `<text x="${px(left)}" y="${y}">${escaped(`${label} ${low}`)}</text>${cells.join("")}<text x="${px(last)}" y="${y}">${escaped(high)}</text>`;
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}
