import { chart, escaped, type Series } from "./chart.ts";

/** A model that was seen, with the cost until then. */
export interface SeenPoint {
  readonly trial: number;
  readonly iteration: number;
  readonly passes: number;
  readonly error: number;
  readonly converged: boolean;
  readonly lambda: Readonly<Record<string, number>>;
  readonly features: Readonly<Record<string, number>>;
}

/** Another method's best error against its cost. */
export interface Competitor {
  readonly name: string;
  readonly points: readonly { readonly passes: number; readonly error: number }[];
}

/** The header, then the rows. */
export type Table = readonly [readonly string[], ...(readonly (readonly string[])[])];

/** The least loss as a function of one weight: between what solved models guarantee and what models seen reach. */
export interface LossBounds {
  readonly weight: string;
  readonly points: readonly { readonly lambda: number; readonly upper: number; readonly lower: number }[];
}

export interface ReportInput {
  readonly title: string;
  readonly subtitle: string;
  readonly metric: string;
  readonly points: readonly SeenPoint[];
  /** Rows of the table at the top; the first row is the header. */
  readonly table: Table;
  /** What is proved, in sentences. */
  readonly certificate: readonly string[];
  readonly bounds?: LossBounds;
  readonly competitors?: readonly Competitor[];
}

export const PALETTE = ["#0b6e99", "#d9730d", "#448361", "#9065b0", "#c14c8a", "#787774", "#cb912f", "#5b5fc7"];

/** One self-contained HTML page: nothing is loaded, nothing runs. */
export function report(input: ReportInput): string {
  const figures = [
    figure(
      "Error against work",
      anytime(input),
      "The best error so far; dots are all models seen, checkpoints included.",
    ),
    figure(
      "The models seen, in feature space",
      space(input),
      "Each training is a path; the darker a dot, the smaller its validation error. The ring is the best.",
    ),
    figure("The path of λ", path(input), "The weights of each training, in order."),
    `<figure><h2>What is proved</h2>${input.bounds ? boundsChart(input.bounds) : ""}${input.certificate.map((sentence) => `<p>${escaped(sentence)}</p>`).join("")}</figure>`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(input.title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(input.title)}</h1><p class="subtitle">${escaped(input.subtitle)}</p>
${table(input.table)}<main>${figures.join("\n")}</main>
</body></html>
`;
}

function figure(title: string, body: string, caption: string): string {
  return `<figure><h2>${escaped(title)}</h2>${body}<figcaption>${escaped(caption)}</figcaption></figure>`;
}

function table([header = [], ...rows]: ReportInput["table"]): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("");
  return `<table><thead><tr>${cells(header, "th")}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("")}</tbody></table>`;
}

/** Points at 0 passes would fall off a log axis. */
const FIRST = 0.5;

/** The best error so far against the work spent. */
export function anytime({ points, metric, competitors = [] }: ReportInput): string {
  const finite = points.filter(({ error }) => Number.isFinite(error));
  const others = competitors.map(
    (competitor, i): Series => ({
      label: competitor.name,
      color: PALETTE[(i + 1) % PALETTE.length]!,
      kind: "step",
      dashed: true,
      points: bestSoFar(competitor.points),
    }),
  );
  return chart({
    x: { label: "passes over the training data", log: true },
    y: { label: metric, log: finite.every(({ error }) => error > 0) },
    series: [
      {
        label: "models seen",
        color: "#0b6e9955",
        kind: "dots",
        width: 2.2,
        points: finite.map((p) => [Math.max(p.passes, FIRST), p.error]),
        quiet: true,
      },
      ...others,
      { label: "LearnLoss", color: PALETTE[0]!, kind: "step", width: 3, points: bestSoFar(finite) },
    ],
  });
}

function boundsChart({ weight, points }: LossBounds): string {
  const curve = (label: string, color: string, of: (point: LossBounds["points"][number]) => number): Series => ({
    label,
    color,
    kind: "line",
    points: points.map((point) => [point.lambda, of(point)]),
  });
  return chart({
    x: { label: `${weight}, the other weights as chosen`, log: true },
    y: { label: "least loss λ·φ", log: points.every(({ lower }) => lower > 0) },
    series: [
      curve("no higher: the models seen", PALETTE[0]!, ({ upper }) => upper),
      curve("no lower: chords between solved λ", PALETTE[1]!, ({ lower }) => lower),
    ],
  });
}

function bestSoFar(points: readonly { readonly passes: number; readonly error: number }[]): [number, number][] {
  let best = Number.POSITIVE_INFINITY;
  const curve: [number, number][] = [];
  for (const { passes, error } of points) {
    if (error < best) {
      best = error;
      curve.push([Math.max(passes, FIRST), error]);
    }
  }
  const last = points.at(-1);
  if (last && curve.length) curve.push([Math.max(last.passes, FIRST), best]);
  return curve;
}

function space({ points, metric }: ReportInput): string {
  const names = Object.keys(points[0]?.features ?? {});
  const [first = "", second = first] = [names[0], names.at(-1)];
  const seen = points.filter((p) => p.features[first]! > 0 && p.features[second]! > 0 && Number.isFinite(p.error));
  const errors = seen.map(({ error }) => error);
  const [low, high] = [Math.min(...errors), Math.max(...errors)];
  const best = seen.find(({ error }) => error === low);
  const trials = [...new Set(seen.map(({ trial }) => trial))];
  const at = (p: SeenPoint) => [p.features[first]!, p.features[second]!] as const;
  return chart({
    x: { label: `φ: ${first} on the training rows`, log: true },
    y: { label: `φ: ${second}`, log: true },
    series: [
      ...trials.map(
        (trial): Series => ({
          label: "",
          color: "#c8c6c2",
          kind: "line",
          width: 1,
          quiet: true,
          points: seen.filter((p) => p.trial === trial).map(at),
        }),
      ),
      {
        label: "models",
        color: PALETTE[0]!,
        kind: "dots",
        width: 4,
        quiet: true,
        points: seen.map(at),
        colors: seen.map(({ error }) => shade(low, high, error)),
        titles: seen.map((p) => `training ${p.trial}, iteration ${p.iteration}: ${metric} ${p.error.toPrecision(4)}`),
      },
      ...(best
        ? [
            {
              label: "best",
              color: "#d9730d",
              kind: "dots",
              width: 6,
              points: [at(best)],
              quiet: true,
            } satisfies Series,
          ]
        : []),
    ],
  });
}

/** From light to dark blue by rank on a log scale: errors of interest are close together. */
function shade(low: number, high: number, error: number): string {
  const part = high > low ? Math.log(1 + (error - low) / low) / Math.log(1 + (high - low) / low) : 0;
  const mix = (dark: number, light: number) =>
    Math.round(dark + (light - dark) * Math.min(Math.max(part, 0), 1) ** 0.6);
  return `rgb(${mix(6, 214)},${mix(66, 232)},${mix(115, 240)})`;
}

function path({ points }: ReportInput): string {
  const trials = new Map(points.map((p) => [p.trial, p]));
  const last = [...trials.values()];
  const names = Object.keys(last[0]?.lambda ?? {});
  return chart({
    x: { label: "training" },
    y: { label: "λ", log: true },
    series: names.slice(0, PALETTE.length).flatMap((name, i): Series[] => {
      const line = last.map((p): [number, number] => [p.trial, p.lambda[name]!]);
      const color = PALETTE[i]!;
      return [
        { label: name, color, kind: "line", points: line },
        { label: name, color, kind: "dots", points: line, quiet: true },
      ];
    }),
  });
}

/** What the charts need to look right on their own. */
export const figureStyle = `svg{font:12px system-ui,sans-serif}svg .grid{stroke:#eceae6}svg text{fill:#55534e}svg .label{font-size:13px;fill:#25241f}svg .legend{fill:#fffffff0;stroke:#e6e4df}`;

const STYLE = `
body{font:15px/1.5 system-ui,sans-serif;color:#25241f;background:#fff;max-width:1320px;margin:2.2rem auto;padding:0 1.5rem}
h1{font-size:1.9rem;margin:0}h2{font-size:1.1rem;margin:0 0 .4rem}.subtitle{color:#6b6a65;margin:.2rem 0 1.4rem}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(460px,1fr));gap:1.4rem;margin-top:1.6rem}
figure{margin:0;padding:1.1rem 1.2rem;border:1px solid #e6e4df;border-radius:10px}figcaption{color:#6b6a65;font-size:.88rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.35rem .9rem;border-bottom:1px solid #e6e4df;text-align:right}
th:first-child,td:first-child{text-align:left}tbody tr:last-child{font-weight:600}
figure svg{width:100%;height:auto}
${figureStyle}`;
