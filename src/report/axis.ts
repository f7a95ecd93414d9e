export interface Axis {
  readonly label: string;
  readonly log?: boolean;
  /** Ticks at whole numbers only. */
  readonly whole?: boolean;
}

/** From values to pixels. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** The relative difference up to which values are the same. */
const SAME = 1e-9;

/** @param spacing pixels between ticks at least */
export function scale(values: readonly number[], axis: Axis, from: number, to: number, spacing: number): Scale {
  const log = axis.log ?? false;
  const usable = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  const map = (v: number) => (log ? Math.log10(Math.max(v, 1e-300)) : v);
  let low = usable.reduce((least, v) => Math.min(least, map(v)), Number.POSITIVE_INFINITY);
  let high = usable.reduce((most, v) => Math.max(most, map(v)), Number.NEGATIVE_INFINITY);
  if (!(low <= high)) [low, high] = [0, 1];
  // Values apart by rounding are one: there are no ticks between them, and counting in steps that small never ends.
  const apart = high - low > SAME * (log ? 1 : Math.max(Math.abs(low), Math.abs(high)));
  const pad = apart ? 0.05 * (high - low) : Math.max(Math.abs(low) * 0.1, log ? 0.5 : 1e-6);
  low -= pad;
  high += pad;
  const at = (v: number) => from + ((map(v) - low) / (high - low)) * (to - from);
  const ticks = log ? logTicks(low, high) : linearTicks(low, high, axis.whole ?? false);
  // The rounder ones come first; what would overlap them is left out.
  const kept: number[] = [];
  for (const t of ticks) if (kept.every((other) => Math.abs(at(other) - at(t)) >= spacing)) kept.push(t);
  return { at, ticks: kept.sort((a, b) => a - b) };
}

function linearTicks(low: number, high: number, whole: boolean): number[] {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const nice = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw;
  const step = whole ? Math.max(1, Math.round(nice)) : nice;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Powers of ten, then their 3-, 2- and 5-folds and so on, as far as the range is short enough for them. */
function logTicks(low: number, high: number): number[] {
  const decades = high - low;
  const marks =
    decades > 4 ? [1] : decades > 1.6 ? [1, 3] : decades > 0.9 ? [1, 3, 2, 5] : [1, 3, 2, 5, 4, 7, 6, 1.5, 2.5, 3.5];
  const ticks: number[] = [];
  for (const mark of marks) {
    for (let p = Math.floor(low) - 1; p <= Math.ceil(high); p++) {
      const value = Number((mark * 10 ** p).toPrecision(12));
      if (Math.log10(value) >= low && Math.log10(value) <= high) ticks.push(value);
    }
  }
  if (ticks.length >= 2) return ticks;
  return linearTicks(10 ** low, 10 ** high, false);
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A tick's text, in full: ticks have few digits, and rounded further neighbours could read the same. */
export function tick(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e5)) return String(value);
  const [digits = "", power = ""] = value.toExponential().split("e");
  const exponent = power
    .replace("+", "")
    .replace("-", "⁻")
    .replace(/\d/g, (d) => SUPERSCRIPTS[Number(d)]!);
  return digits === "1" ? `10${exponent}` : `${digits}·10${exponent}`;
}
