/** A function and its gradient at x. */
export interface Slope {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface Descent {
  readonly x: Float64Array;
  readonly value: number;
}

export interface DescentOptions {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Evaluations at most. */
  readonly evaluations: number;
  /** Longest step in any coordinate. */
  readonly reach: number;
  /** Ends when a step is expected to gain less than this share of the value. */
  readonly tolerance: number;
}

/**
 * Minimizes a smooth function of a few variables in a box: projected BFGS. Variables at a bound that the gradient
 * pushes outwards are held; the inverse Hessian is kept for all, so that one let go again finds its curvature. Yields after
 * every evaluation.
 */
export function* descend(
  f: (x: Float64Array) => Slope,
  start: ArrayLike<number>,
  options: DescentOptions,
): Generator<void, Descent> {
  const { lower, upper, reach, tolerance } = options;
  const k = start.length;
  const clip = (x: Float64Array) => x.map((value, j) => Math.min(Math.max(value, lower[j]!), upper[j]!));
  let x: Float64Array = clip(Float64Array.from(start));
  let { value, gradient } = f(x);
  let evaluations = 1;
  let inverse: Float64Array[] | undefined;
  while (evaluations < options.evaluations) {
    const held = gradient.map((g, j) => ((g > 0 && x[j]! <= lower[j]!) || (g < 0 && x[j]! >= upper[j]!) ? 1 : 0));
    const free = gradient.map((g, j) => (held[j] ? 0 : g));
    const steepest = Math.max(...free.map(Math.abs));
    if (!(steepest > 0)) break;
    let step = inverse
      ? Float64Array.from(inverse, (row, i) => (held[i] ? 0 : -dot(row, free)))
      : free.map((g) => -g * (0.7 / steepest));
    if (!(dot(step, free) < 0)) step = free.map((g) => -g * (0.7 / steepest));
    const longest = Math.max(...step.map(Math.abs));
    if (longest > reach) step = step.map((s) => s * (reach / longest));
    if (-dot(step, free) < tolerance * Math.abs(value)) break;

    let length = 1;
    let next: Float64Array | undefined;
    let at: Slope | undefined;
    while (evaluations < options.evaluations) {
      next = clip(x.map((value, j) => value + length * step[j]!));
      at = f(next);
      evaluations++;
      yield;
      const decrease = dot(gradient, minus(next, x));
      if (at.value <= value + 1e-4 * decrease) break;
      // The minimum of the parabola through both values, kept within a tenth and a half of the step.
      const curvature = at.value - value - decrease;
      length *= curvature > 0 ? Math.min(Math.max((-0.5 * decrease) / curvature, 0.1), 0.5) : 0.3;
      at = undefined;
    }
    if (!next || !at) break;
    const s = minus(next, x);
    const y = minus(at.gradient, gradient);
    const gain = value - at.value;
    inverse = update(inverse, s, y, k);
    x = next;
    value = at.value;
    gradient = at.gradient;
    if (gain < tolerance * 0.1 * Math.abs(value)) break;
  }
  return { x, value };
}

/** The BFGS update of an inverse Hessian; the first one starts from the scale that the first step measured. */
function update(
  inverse: Float64Array[] | undefined,
  s: Float64Array,
  y: Float64Array,
  k: number,
): Float64Array[] | undefined {
  const sy = dot(s, y);
  const yy = dot(y, y);
  if (!(sy > 1e-10 * Math.sqrt(yy * dot(s, s)))) return inverse;
  const h =
    inverse ?? Array.from({ length: k }, (_, i) => Float64Array.from({ length: k }, (_, j) => (i === j ? sy / yy : 0)));
  const hy = Float64Array.from(h, (row) => dot(row, y));
  const factor = (1 + dot(y, hy) / sy) / sy;
  return h.map((row, i) =>
    row.map((value, j) => value + factor * s[i]! * s[j]! - (hy[i]! * s[j]! + s[i]! * hy[j]!) / sy),
  );
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < x.length; j++) sum += x[j]! * y[j]!;
  return sum;
}

function minus(x: Float64Array, y: Float64Array): Float64Array {
  return x.map((value, j) => value - y[j]!);
}
