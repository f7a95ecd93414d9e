/** A function and its gradient at x. */
export interface Slope {
  readonly value: number;
  readonly gradient: Float64Array;
}

type InverseHessian = readonly Float64Array[];

interface Descent {
  readonly x: Float64Array;
  readonly value: number;
}

/** A variable this near a bound is at it: bounds in logs are right to rounding only. */
const EDGE = 1e-9;

interface DescentOptions {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Onto what is allowed within the box. */
  readonly project: (x: Float64Array) => Float64Array;
  /** Evaluations at most. */
  readonly evaluations: number;
  /** Longest step in any coordinate. */
  readonly reach: number;
  /** Ends when a step is expected to gain less than this share of the value. */
  readonly tolerance: number;
}

/**
 * Minimizes a smooth function of a few variables in a box: projected BFGS. Variables at a bound that the gradient
 * pushes outwards are held; the inverse Hessian is kept for all, so that one let go again finds its curvature. It ends when
 * steepest descent finds nothing either: scaled by the first step, an inverse Hessian knows one direction, and may find the
 * others flat. Yields after every evaluation.
 */
export function* descend(
  f: (x: Float64Array) => Slope,
  start: ArrayLike<number>,
  options: DescentOptions,
): Generator<void, Descent> {
  const { lower, upper, project, reach, tolerance } = options;
  const k = start.length;
  const feasible = (x: Float64Array) => project(x.map((value, j) => Math.min(Math.max(value, lower[j]!), upper[j]!)));
  let x: Float64Array = feasible(Float64Array.from(start));
  let { value, gradient } = f(x);
  let evaluations = 1;
  let inverse: InverseHessian | undefined;
  while (evaluations < options.evaluations) {
    const free = gradient.map((g, j) =>
      (g > 0 && x[j]! <= lower[j]! + EDGE) || (g < 0 && x[j]! >= upper[j]! - EDGE) ? 0 : g,
    );
    const steepest = Math.max(...free.map(Math.abs));
    if (!(steepest > 0)) break;
    let step = inverse && Float64Array.from(inverse, (row, i) => (free[i] === 0 ? 0 : -dot(row, free)));
    if (!step || !(dot(step, free) < 0)) step = free.map((g) => -g * (0.7 / steepest));
    const longest = Math.max(...step.map(Math.abs));
    if (longest > reach) step = step.map((s) => s * (reach / longest));
    const worth = tolerance * Math.abs(value);
    const target = feasible(x.map((value, j) => value + step[j]!));
    if (-dot(gradient, minus(target, x)) < worth) {
      if (!inverse) break;
      inverse = undefined;
      continue;
    }

    const scaled = inverse !== undefined;
    let length = 1;
    let next = target;
    let at: Slope | undefined;
    let decrease = 0;
    do {
      next = feasible(x.map((value, j) => value + length * step[j]!));
      decrease = dot(gradient, minus(next, x));
      const tried = f(next);
      evaluations++;
      yield;
      if (tried.value <= value + 1e-4 * decrease) at = tried;
      // The minimum of the parabola through both values, kept within a tenth and a half of the step.
      const curvature = tried.value - value - decrease;
      length *= curvature > 0 ? Math.min(Math.max((-0.5 * decrease) / curvature, 0.1), 0.5) : 0.3;
      // A step that failed tells about the curvature, too.
      if (!at) inverse = update(inverse, minus(next, x), minus(tried.gradient, gradient), k);
    } while (!at && evaluations < options.evaluations && -decrease * length > worth);
    if (!at) {
      // Where bounds bend its path, a step may rise midway. Ending there took 8 % more passes of 72 small learned penalties, for
      // errors that were alike.
      if (!scaled) break;
      inverse = undefined;
      continue;
    }
    inverse = update(inverse, minus(next, x), minus(at.gradient, gradient), k);
    const gain = value - at.value;
    x = next;
    value = at.value;
    gradient = at.gradient;
    if (gain < 0.3 * worth) {
      if (!inverse) break;
      inverse = undefined;
    }
  }
  return { x, value };
}

/** The BFGS update of an inverse Hessian; the first one starts from the scale that the first step measured. */
function update(
  inverse: InverseHessian | undefined,
  s: Float64Array,
  y: Float64Array,
  k: number,
): InverseHessian | undefined {
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
