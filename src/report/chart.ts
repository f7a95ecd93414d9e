// Static SVG charts: axes with ticks, step lines, lines, dots. Small, self-contained, and good to print.

/** Text for HTML and SVG. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export interface Series {
  readonly label: string;
  readonly color: string;
  readonly points: readonly (readonly [number, number])[];
  readonly kind: "line" | "step" | "dots";
  readonly width?: number;
  readonly dashed?: boolean;
  /** A color per dot instead of `color`. */
  readonly colors?: readonly string[];
  /** Text that appears over a dot. */
  readonly titles?: readonly string[];
  /** Left out of the legend. */
  readonly quiet?: boolean;
}

export interface Axis {
  readonly label: string;
  readonly log?: boolean;
}

export interface ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

const WIDTH = 620;
const HEIGHT = 380;
const MARGIN = { left: 72, right: 18, top: 16, bottom: 50 };

interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

export function chart({ x, y, series }: ChartOptions): string {
  const points = series.flatMap((s) => s.points);
  const sx = scale(
    points.map(([value]) => value),
    x.log ?? false,
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const sy = scale(
    points.map(([, value]) => value),
    y.log ?? false,
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const bottom = HEIGHT - MARGIN.bottom;
  const parts = [
    ...sx.ticks.map(
      (t) =>
        `<line x1="${px(sx.at(t))}" x2="${px(sx.at(t))}" y1="${MARGIN.top}" y2="${bottom}" class="grid"/><text x="${px(sx.at(t))}" y="${bottom + 18}" text-anchor="middle">${tick(t)}</text>`,
    ),
    ...sy.ticks.map(
      (t) =>
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${px(sy.at(t))}" y2="${px(sy.at(t))}" class="grid"/><text x="${MARGIN.left - 8}" y="${px(sy.at(t) + 4)}" text-anchor="end">${tick(t)}</text>`,
    ),
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 8}" text-anchor="middle" class="label">${escaped(x.label)}</text>`,
    `<text transform="translate(16 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle" class="label">${escaped(y.label)}</text>`,
    ...series.map((s) => draw(s, sx, sy)),
    legend(
      series.filter((s) => !s.quiet),
      series.map((s) => s.points.map(([a, b]): [number, number] => [sx.at(a), sy.at(b)])),
    ),
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${y.label} against ${x.label}`)}" xmlns="http://www.w3.org/2000/svg">${parts.join("")}</svg>`;
}

function draw(s: Series, x: Scale, y: Scale): string {
  const at = s.points.map(([a, b]) => [px(x.at(a)), px(y.at(b))] as const);
  if (s.kind === "dots") {
    return at
      .map(([cx, cy], i) => {
        const title = s.titles?.[i] ? `<title>${escaped(s.titles[i])}</title>` : "";
        return `<circle cx="${cx}" cy="${cy}" r="${s.width ?? 3}" fill="${s.colors?.[i] ?? s.color}">${title}</circle>`;
      })
      .join("");
  }
  const path = at
    .map(([cx, cy], i) => (i === 0 ? `M${cx} ${cy}` : s.kind === "step" ? `H${cx}V${cy}` : `L${cx} ${cy}`))
    .join("");
  const dash = s.dashed ? ' stroke-dasharray="5 4"' : "";
  return `<path d="${path}" fill="none" stroke="${s.color}" stroke-width="${s.width ?? 2}" stroke-linejoin="round"${dash}/>`;
}

type Pixels = readonly (readonly [number, number])[];

/** In the corner where it hides least. */
function legend(series: readonly Series[], drawn: readonly Pixels[]): string {
  if (series.length < 2) return "";
  const longest = Math.max(...series.map((s) => s.label.length));
  const width = longest * 7 + 38;
  const height = 18 * series.length + 8;
  const [right, bottom] = [WIDTH - MARGIN.right - width - 6, HEIGHT - MARGIN.bottom - height - 4];
  const corners = [
    [right, MARGIN.top + 2],
    [MARGIN.left + 6, MARGIN.top + 2],
    [right, bottom],
    [MARGIN.left + 6, bottom],
  ] as const;
  const along = drawn.flatMap(between);
  const hidden = corners.map(
    ([x, y]) => along.filter(([a, b]) => a > x - 4 && a < x + width + 4 && b > y - 4 && b < y + height + 4).length,
  );
  const [left, upper] = corners[hidden.indexOf(Math.min(...hidden))]!;
  const rows = series.map((s, i) => {
    const top = upper + 16 + 18 * i;
    const mark =
      s.kind === "dots"
        ? `<circle cx="${left + 13}" cy="${top - 4}" r="4" fill="${s.color}"/>`
        : `<line x1="${left + 4}" x2="${left + 22}" y1="${top - 4}" y2="${top - 4}" stroke="${s.color}" stroke-width="2.5"${s.dashed ? ' stroke-dasharray="5 4"' : ""}/>`;
    return `${mark}<text x="${left + 28}" y="${top}">${escaped(s.label)}</text>`;
  });
  return `<rect x="${left}" y="${upper}" width="${width}" height="${height}" class="legend"/>${rows.join("")}`;
}

/** Points along the line through `points`, close enough to be seen by a box of a legend's size. */
function between(points: Pixels): Pixels {
  return points.flatMap(([x, y], i) => {
    const [a, b] = points[i + 1] ?? [x, y];
    return Array.from({ length: 8 }, (_, k) => [x + ((a - x) * k) / 8, y + ((b - y) * k) / 8] as const);
  });
}

function scale(values: readonly number[], log: boolean, from: number, to: number): Scale {
  const usable = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  const map = (v: number) => (log ? Math.log10(Math.max(v, 1e-300)) : v);
  let low = usable.length ? Math.min(...usable.map(map)) : 0;
  let high = usable.length ? Math.max(...usable.map(map)) : 1;
  const pad = high > low ? 0.04 * (high - low) : Math.max(Math.abs(low) * 0.1, log ? 0.5 : 1e-6);
  low -= pad;
  high += pad;
  const at = (v: number) => from + ((map(v) - low) / (high - low)) * (to - from);
  return { at, ticks: log ? logTicks(low, high) : linearTicks(low, high) };
}

function linearTicks(low: number, high: number): number[] {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

function logTicks(low: number, high: number): number[] {
  const marks =
    high - low > 5
      ? [1]
      : high - low > 1.6
        ? [1, 3]
        : high - low > 0.8
          ? [1, 2, 3, 5]
          : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  const every = high - low > 10 ? 2 : 1;
  const ticks: number[] = [];
  for (let p = Math.floor(low); p <= Math.ceil(high); p += every) {
    for (const m of marks) {
      const value = m * 10 ** p;
      if (Math.log10(value) >= low && Math.log10(value) <= high) ticks.push(Number(value.toPrecision(12)));
    }
  }
  return ticks;
}

function tick(value: number): string {
  const size = Math.abs(value);
  return value !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(0) : String(Number(value.toPrecision(4)));
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}
