/** Weight of the linear trend beside the kernel r³, distances in units of the largest: the trend is almost free. */
const TREND = 10;

/**
 * Interpolation between scattered places: f(x) ≈ Σ_i w_i(x)·f(x_i), the same weights for whatever is known at the places.
 * A kernel r³ with a constant and an almost free linear trend, that is, cubic radial basis functions which also work for
 * fewer places than coordinates (Wendland, Scattered Data Approximation, chapters 8 and 11).
 */
export class Kriging {
  readonly #places: readonly Float64Array[];
  readonly #scale: number;
  /** Of the system [K 1; 1ᵀ 0] of the places. */
  readonly #inverse: readonly Float64Array[];

  /** @param places all of one length, none of them twice */
  constructor(places: readonly Float64Array[]) {
    this.#places = places;
    this.#scale = Math.max(...places.map((place) => euclidean(place, places[0]!))) || 1;
    const rows = places.map((place) => this.#kernels(place));
    this.#inverse = inverse([...rows, Float64Array.from(rows[0]!, (_, i) => (i < places.length ? 1 : 0))]);
  }

  /** w(x): one weight per place, 1 in sum; at a place, 1 for it and 0 for the others. */
  weights(place: Float64Array): Float64Array {
    const kernels = this.#kernels(place);
    return Float64Array.from(this.#places, (_, i) => dot(this.#inverse[i]!, kernels));
  }

  /** How uncertain what is interpolated at a place is, against elsewhere: the power function, 0 at the places. */
  deviation(place: Float64Array): number {
    const kernels = this.#kernels(place);
    const explained = this.#inverse.reduce((sum, row, i) => sum + kernels[i]! * dot(row, kernels), 0);
    return Math.sqrt(Math.max(this.#kernel(place, place) - explained, 0));
  }

  /** Weights and deviation at a place as if nothing were known there (Rippa, Adv. Comput. Math. 11, 1999). */
  without(index: number): { readonly weights: Float64Array; readonly deviation: number } {
    const row = this.#inverse[index]!;
    const own = row[index]!;
    const weights = Float64Array.from(this.#places, (_, i) => (i === index ? 0 : -row[i]! / own));
    return { weights, deviation: Math.sqrt(Math.max(1 / own, 0)) };
  }

  /** The right-hand side of a place: its kernels, and 1 for the constant. */
  #kernels(place: Float64Array): Float64Array {
    return Float64Array.of(...this.#places.map((other) => this.#kernel(other, place)), 1);
  }

  #kernel(a: Float64Array, b: Float64Array): number {
    const origin = this.#places[0]!;
    const r = euclidean(a, b) / this.#scale;
    let product = 0;
    for (let i = 0; i < a.length; i++) product += (a[i]! - origin[i]!) * (b[i]! - origin[i]!);
    return r * r * r + (TREND * product) / this.#scale ** 2;
  }
}

function euclidean(a: Float64Array, b: Float64Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** By Gauss and Jordan with row pivots: the system is symmetric, but not definite. */
function inverse(matrix: readonly Float64Array[]): Float64Array[] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => {
    const extended = new Float64Array(2 * n);
    extended.set(row);
    extended[n + i] = 1;
    return extended;
  });
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const own = rows[column]!;
    const scale = 1 / own[column]!;
    for (let j = column; j < 2 * n; j++) own[j]! *= scale;
    for (const [i, row] of rows.entries()) {
      const factor = row[column]!;
      if (i === column || factor === 0) continue;
      for (let j = column; j < 2 * n; j++) row[j]! -= factor * own[j]!;
    }
  }
  return rows.map((row) => row.slice(n));
}
