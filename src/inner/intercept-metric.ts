/**
 * ‖β‖_A = √(βᵀAβ) of intercepts β, one per output, A the curvature of a loss in them. With several outputs β counts up to a
 * number that is added to all, A is singular there, and gradients sum to 0: A + s·11ᵀ is inverted, which is the same on
 * what sums to 0.
 */
export class InterceptMetric {
  readonly outputs: number;
  /** Infinite where A is singular: some class has no curvature. */
  readonly #inverse: Float64Array;

  constructor(curvature: Float64Array, outputs: number) {
    this.outputs = outputs;
    let trace = 0;
    for (let c = 0; c < outputs; c++) trace += curvature[c * outputs + c]!;
    const shift = outputs > 1 ? trace / outputs ** 2 : 0;
    this.#inverse = inverseOf(
      curvature.map((value) => value + shift),
      outputs,
    );
  }

  /** A⁻¹·g. */
  solve(g: Float64Array): Float64Array {
    const n = this.outputs;
    return g.map((_, c) => g.reduce((sum, value, k) => sum + this.#inverse[c * n + k]! * value, 0));
  }

  /** ‖g‖_{A⁻¹}: g·β ≤ this·‖β‖_A. */
  dual(g: Float64Array): number {
    const x = this.solve(g);
    if (x.some(Number.isNaN)) return Number.POSITIVE_INFINITY;
    return Math.sqrt(
      Math.max(
        g.reduce((sum, value, c) => sum + value * x[c]!, 0),
        0,
      ),
    );
  }

  /** |β_c − β_k| ≤ this·‖β‖_A; with one output |β|, whichever c and k. */
  pair(c: number, k: number): number {
    const n = this.outputs;
    const at = (i: number, j: number) => this.#inverse[i * n + j]!;
    if (n === 1 || at(c, c) === Number.POSITIVE_INFINITY) return Math.sqrt(at(c, c));
    return Math.sqrt(Math.max(at(c, c) + at(k, k) - 2 * at(c, k), 0));
  }

  /** The largest |β_c − β_k| ≤ this·‖β‖_A. */
  get widest(): number {
    let widest = this.pair(0, 0);
    for (let c = 0; c < this.outputs; c++) for (let k = 0; k < c; k++) widest = Math.max(widest, this.pair(c, k));
    return widest;
  }

  /** ‖β‖₂ ≤ this·‖β‖_A. */
  get length(): number {
    let trace = 0;
    for (let c = 0; c < this.outputs; c++) trace += this.#inverse[c * (this.outputs + 1)]!;
    return Math.sqrt(trace);
  }
}

/** The inverse of a symmetric positive definite matrix, by elimination; all infinite when it is none. */
function inverseOf(matrix: Float64Array, n: number): Float64Array {
  const a = Float64Array.from(matrix);
  const inverse = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  for (let p = 0; p < n; p++) {
    const pivot = a[p * n + p]!;
    if (!(pivot > 1e-14 * matrix[p * n + p]!)) return inverse.fill(Number.POSITIVE_INFINITY);
    for (let j = 0; j < n; j++) {
      a[p * n + j]! /= pivot;
      inverse[p * n + j]! /= pivot;
    }
    for (let i = 0; i < n; i++) {
      const factor = a[i * n + p]!;
      if (i === p || factor === 0) continue;
      for (let j = 0; j < n; j++) {
        a[i * n + j]! -= factor * a[p * n + j]!;
        inverse[i * n + j]! -= factor * inverse[p * n + j]!;
      }
    }
  }
  return inverse;
}
