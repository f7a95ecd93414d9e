import { chart, type Note, type Series } from "./chart.ts";
import { color } from "./style.ts";

/** A model that was seen, with the cost until then. */
export interface SeenPoint {
  readonly trial: number;
  readonly iteration: number;
  /** Passes until then: known of all points, or of none, and then trainings are counted. */
  readonly passes: number | undefined;
  readonly error: number;
  readonly lambda: Readonly<Record<string, number>>;
  readonly features: Readonly<Record<string, number>>;
}

/** A training, or the attempt at one. */
export interface Training {
  readonly trial: number;
  readonly lambda: Readonly<Record<string, number>>;
  readonly failed: boolean;
}

/** What a method had found at each cost. */
interface Competitor {
  readonly name: string;
  readonly points: readonly { readonly passes: number; readonly error: number }[];
}

/** The least loss as a function of one weight: between what solved models guarantee and what models seen reach. */
export interface LossBounds {
  readonly weight: string;
  readonly points: readonly { readonly lambda: number; readonly upper: number; readonly lower: number }[];
}

export interface FigureInput {
  readonly metric: string;
  /** In the order of the work spent. */
  readonly points: readonly SeenPoint[];
  /** In their order, those included of which no model was seen. */
  readonly trainings: readonly Training[];
  /** The λ that came of it. */
  readonly lambda: Readonly<Record<string, number>> | undefined;
  /** The error of its model: trainings may have the same λ. */
  readonly error: number | undefined;
  /** Features whose weights set the scale of the loss; the others are penalties. */
  readonly dataFeatures: readonly string[];
  readonly bounds?: LossBounds;
  readonly competitors?: readonly Competitor[];
}

export interface Figure {
  /** What one sees. */
  readonly title: string;
  readonly svg: string;
  /** How to read it. */
  readonly caption: string;
}

/** Points at 0 passes would fall off a log axis. */
const FIRST = 0.5;

type Curve = readonly (readonly [cost: number, error: number])[];

/** What was spent until a model was seen. */
function costOf({ passes, trial }: SeenPoint): number {
  return passes === undefined ? trial + 1 : Math.max(passes, FIRST);
}

/** The best error so far against the work spent. */
export function anytime({ points, metric, competitors = [] }: FigureInput): Figure {
  const finite = points.filter(({ error }) => Number.isFinite(error));
  if (finite.length === 0)
    return { title: "No model has an error yet", svg: "", caption: "There is nothing to draw of it." };
  const own = { name: "LearnLoss", curve: bestSoFar(finite.map((p) => [costOf(p), p.error])) };
  const others = competitors.map(({ name, points }) => ({
    name,
    curve: bestSoFar(points.map(({ passes, error }) => [Math.max(passes, FIRST), error])),
  }));
  const arrivals = arrivalsOf([own, ...others]);
  const series: Series[] = [
    {
      color: "var(--faint)",
      kind: "dots",
      width: 2.6,
      points: finite.map((p) => [costOf(p), p.error]),
      titles: finite.map(nameOf),
    },
    ...others.map(
      ({ name, curve }, i): Series => ({ label: name, color: color(i + 1), kind: "step", dashed: true, points: curve }),
    ),
    {
      ...(others.length > 0 ? { label: own.name } : {}),
      color: color(0),
      kind: "step",
      width: 3.2,
      points: own.curve,
    },
    ...arrivals.map(({ at }, i): Series => ({ color: color(i), kind: "dots", width: 5.5, points: [at] })),
  ];
  const [first, last] = [own.curve[0]![1], own.curve.at(-1)![1]];
  return {
    title:
      arrivals.length > 0
        ? `Passes to the same ${metric}: ${arrivals.map(({ name, at }) => `${name} ${round(at[0])}`).join(", ")}`
        : `The ${metric} falls from ${short(first)} to ${short(last)}`,
    svg: chart({
      x: finite.every(({ passes }) => passes !== undefined)
        ? { label: "passes over the training data", log: true }
        : { label: "training", whole: true },
      y: { label: `${metric} on the validation rows`, log: finite.every(({ error }) => error > 0) },
      series,
      notes: arrivals.map(({ at }): Note => ({ kind: "point", at, text: `${round(at[0])} passes` })),
    }),
    caption: `The best ${metric} of any model so far, models on the way included${others.length > 0 ? ", for every method alike; the large dots are within 1 % of one error, the least that all of them reach" : ""}. Small dots are all models that LearnLoss saw.`,
  };
}

interface Named {
  readonly name: string;
  readonly curve: Curve;
}

/** Where each curve comes within 1 % of an error that all of them reach. */
function arrivalsOf(methods: readonly Named[]): { readonly name: string; readonly at: Curve[number] }[] {
  const level = 1.01 * methods.reduce((most, { curve }) => Math.max(most, curve.at(-1)?.[1] ?? Infinity), 0);
  if (methods.length < 2 || !(level > 0 && level < Infinity)) return [];
  return methods.map(({ name, curve }) => ({ name, at: curve.find(([, error]) => error <= level)! }));
}

function bestSoFar(points: Curve): [number, number][] {
  let best = Number.POSITIVE_INFINITY;
  const curve: [number, number][] = [];
  for (const [cost, error] of points) {
    if (error < best) {
      best = error;
      curve.push([cost, error]);
    }
  }
  const last = points.at(-1);
  if (last && curve.length) curve.push([last[0], best]);
  return curve;
}

/** Steps of the shading of dots. */
const SHADES = 6;

/**
 * The models seen in two coordinates that every loss has: what its data terms and its penalties weigh at the λ that was
 * learned. There the loss is x + y, so its level lines are known, however many features there are.
 */
export function featureSpace({ points, metric, lambda, dataFeatures }: FigureInput): Figure {
  const sum = (p: SeenPoint, names: readonly string[]) =>
    names.reduce((total, name) => total + lambda![name]! * p.features[name]!, 0);
  const penalties = Object.keys(lambda ?? {}).filter((name) => !dataFeatures.includes(name));
  const at = (p: SeenPoint) => [sum(p, dataFeatures), sum(p, penalties)] as const;
  const seen = lambda
    ? points.filter((p) => Number.isFinite(p.error) && at(p).every((value) => value > 0 && Number.isFinite(value)))
    : [];
  const [title, caption] = [
    "Where the learned loss is least, among all models seen",
    `Each training is a path of models; the stronger its color, the smaller the ${metric}. The line is the least learned loss λ·φ of them all: no model seen lies below.`,
  ];
  if (seen.length === 0)
    return { title: "The models seen", svg: "", caption: "No model with an error has penalties to show." };
  const rank = new Map([...seen].sort((a, b) => a.error - b.error).map((p, i) => [p, i / seen.length]));
  const shade = (p: SeenPoint) => Math.min(Math.floor(rank.get(p)! * SHADES), SHADES - 1);
  const [best] = seen.reduce(([a], b) => [b.error < a.error ? b : a], [seen[0]!]);
  const total = (p: SeenPoint) => at(p)[0] + at(p)[1];
  const level = seen.reduce((least, p) => Math.min(least, total(p)), Number.POSITIVE_INFINITY);
  const trials = new Map<number, SeenPoint[]>();
  for (const p of seen) {
    const trial = trials.get(p.trial);
    if (trial) trial.push(p);
    else trials.set(p.trial, [p]);
  }
  const paths = [...trials.values()];
  return {
    title,
    svg: chart({
      x: { label: "data terms Σ λφ, on the training rows", log: true },
      y: { label: "penalties Σ λφ", log: true },
      series: [
        ...paths.map((path): Series => ({ color: "var(--path)", kind: "line", width: 1.2, points: path.map(at) })),
        {
          label: "level line of the learned loss",
          color: color(1),
          kind: "line",
          points: levelLine(level, seen.map(at)),
        },
        {
          color: color(0),
          kind: "dots",
          width: 4.2,
          points: seen.map(at),
          colors: seen.map((p) => `var(--s${shade(p)})`),
          titles: seen.map((p) => `${nameOf(p)}: ${metric} ${p.error.toPrecision(4)}`),
        },
        { label: `least ${metric}`, color: color(4), kind: "rings", width: 8, points: [at(best)] },
      ],
      notes: labels(paths.map((path): Note => ({ kind: "point", at: at(path[0]!), text: String(path[0]!.trial + 1) }))),
      scale: {
        label: metric,
        low: short(best.error),
        high: short(seen.reduce((most, p) => Math.max(most, p.error), 0)),
        colors: Array.from({ length: SHADES }, (_, i) => `var(--s${i})`),
      },
    }),
    caption,
  };
}

/** x + y = level, as far as the points reach. */
function levelLine(level: number, points: readonly (readonly [number, number])[]): [number, number][] {
  const [least, most] = [Math.min, Math.max].map((pick) =>
    [0, 1].map((c) => points.reduce((value, p) => pick(value, p[c]!), points[0]![c]!)),
  ) as [[number, number], [number, number]];
  const from = Math.max(least[0], level - most[1], 1e-3 * level);
  const to = Math.min(most[0], level - least[1]);
  if (!(from < to)) return [];
  const count = 48;
  // Dense where either coordinate is small: both axes are logarithmic.
  return Array.from({ length: count + 1 }, (_, i): [number, number] => {
    const x = from + ((to - from) * (1 - Math.cos((Math.PI * i) / count))) / 2;
    return [x, level - x];
  });
}

/** The same place is named once. */
function labels(notes: readonly Note[]): Note[] {
  const kept: (Note & { readonly kind: "point" })[] = [];
  for (const note of notes) {
    if (note.kind !== "point") continue;
    const near = kept.find(({ at }) => at.every((value, c) => Math.abs(Math.log(value / note.at[c]!)) < 0.12));
    if (!near) kept.push(note);
  }
  return kept;
}

/** The weights of each training, in order. */
export function lambdaPath({ points, trainings, metric, lambda, error }: FigureInput): Figure {
  if (trainings.length === 0) return { title: "No training has ended", svg: "", caption: "There is no λ to show." };
  const names = Object.keys(trainings[0]!.lambda);
  const changed = names.filter((name) => trainings.some((t) => t.lambda[name] !== trainings[0]!.lambda[name]));
  const free = changed.length > 0 ? changed : names;
  const shown = [...free].sort((a, b) => spread(trainings, b) - spread(trainings, a)).slice(0, 8);
  const failed = trainings.filter((t) => t.failed);
  const there = lambda ? points.filter((p) => free.every((name) => p.lambda[name] === lambda[name])) : [];
  const chosen = there.find((p) => p.error === error) ?? there.at(-1);
  const at = (t: Training, name: string): [number, number] => [t.trial + 1, t.lambda[name]!];
  const count = `${trainings.length} ${trainings.length === 1 ? "training" : "trainings"} on the way to λ`;
  return {
    title: failed.length > 0 ? `${count}, of which ${failed.length} failed` : count,
    svg: chart({
      x: { label: "training", whole: true },
      y: { label: "weight λ", log: true },
      series: [
        ...shown.flatMap((name, i): Series[] => {
          const line = trainings.map((t) => at(t, name));
          const dots = trainings.filter((t) => !t.failed).map((t) => at(t, name));
          return [
            { label: name, color: color(i), kind: "line", width: 2.4, points: line },
            { color: color(i), kind: "dots", width: 4, points: dots },
          ];
        }),
        ...(failed.length > 0
          ? [
              {
                label: "failed",
                color: "var(--soft)",
                kind: "rings",
                width: 4,
                points: failed.flatMap((t) => shown.map((name) => at(t, name))),
              } as const,
            ]
          : []),
      ],
      ...(chosen ? { notes: [{ kind: "vertical", x: chosen.trial + 1, text: "chosen" }] } : {}),
    }),
    caption: `The weights of each training, in order${free.length > shown.length ? `; the ${shown.length} of ${free.length} that changed most` : ""}.${chosen ? afterwards(points, chosen, metric) : ""}`,
  };
}

/** What came of the trainings after that of the chosen model, in a sentence; none where one ended better. */
function afterwards(points: readonly SeenPoint[], chosen: SeenPoint, metric: string): string {
  const later = points.filter(({ trial }) => trial > chosen.trial);
  const ended = new Map(later.map((p) => [p.trial, p]));
  if (later.length === 0 || [...ended.values()].some(({ error }) => error < chosen.error)) return "";
  const best = later.reduce((a, b) => (b.error < a.error ? b : a));
  if (!(best.error < chosen.error)) return " What follows the chosen one was no better.";
  return ` No training that follows the chosen one ended better; training ${best.trial + 1} passed a model of ${metric} ${short(best.error)} on its way, which minimizes no loss.`;
}

function spread(trainings: readonly Training[], name: string): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { lambda } of trainings) {
    low = Math.min(low, lambda[name]!);
    high = Math.max(high, lambda[name]!);
  }
  return Math.log(high) - Math.log(low);
}

/** What is proved of the least loss, as a function of one weight. */
export function provedBounds({ bounds, lambda }: FigureInput): Figure | undefined {
  if (!bounds) return undefined;
  const { weight, points } = bounds;
  const [upper, lower] = [
    points.map((p) => [p.lambda, p.upper] as const),
    points.map((p) => [p.lambda, p.lower] as const),
  ];
  const at = lambda?.[weight];
  return {
    title: "How little the loss can get, at any weight",
    svg: chart({
      x: { label: `weight of ${weight}, the others as chosen`, log: true },
      y: { label: "least loss, min λ·φ", log: points.every((p) => p.lower > 0) },
      series: [
        { label: "where it can be", color: "var(--area)", kind: "area", points: [...upper, ...lower.toReversed()] },
        { label: "no higher: a model seen reaches it", color: color(0), kind: "line", width: 2.4, points: upper },
        { label: "no lower: it is concave in λ", color: color(1), kind: "line", width: 2.4, points: lower },
      ],
      ...(at === undefined ? {} : { notes: [{ kind: "vertical", x: at, text: "chosen" }] }),
    }),
    caption: "Between the curves nothing is known; where they meet, training again could not find a smaller loss.",
  };
}

function nameOf({ trial, iteration, passes }: SeenPoint): string {
  const spent = passes === undefined ? "" : `, after ${passes.toFixed(1)} passes`;
  return `training ${trial + 1}, model ${iteration + 1}${spent}`;
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

/** Two digits are enough to compare by. */
function round(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toPrecision(2);
}
