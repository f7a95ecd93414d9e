/** Weight of the linear trend beside the kernel r³, distances in units of the largest: the trend is almost free. */
const TREND = 10;

/** What is known at a place: a weight for each of the places it is interpolated from, and how uncertain that is. */
export interface Interpolant {
  /** 1 in sum; at one of the places, 1 for it and 0 for the others. */
  readonly weights: Float64Array;
  /** Against elsewhere: the power function, 0 at the places. */
  readonly deviation: number;
}

/**
 * Interpolation between scattered places: f(x) ≈ Σ_i w_i(x)·f(x_i), the same weights for whatever is known at the places.
 * A kernel r³ with a constant and an almost free linear trend, that is, cubic radial basis functions which also work for
 * fewer places than coordinates (Wendland, Scattered Data Approximation, chapters 8 and 11).
 */
export class Kriging {
  readonly #count: number;
  readonly #dimension: number;
  /** [place][coordinate], from the first place in units of the largest distance from it. */
  readonly #places: Float64Array;
  readonly #origin: Float64Array;
  readonly #scale: number;
  /** Of the system [K 1; 1ᵀ 0] of the places, column by column: a product with it has no sum that waits for itself. */
  readonly #inverse: Float64Array;
  /** The place that is asked for, and its right-hand side: its kernels, and 1 for the constant. */
  readonly #asked: Float64Array;
  readonly #kernels: Float64Array;

  /** @param places all of one length, none of them twice */
  constructor(places: readonly Float64Array[]) {
    const [origin] = places;
    this.#count = places.length;
    this.#dimension = origin!.length;
    this.#origin = origin!;
    this.#scale = Math.max(...places.map((place) => euclidean(place, origin!))) || 1;
    this.#places = Float64Array.from(
      places.flatMap((place) => Array.from(place, (x, c) => (x - origin![c]!) / this.#scale)),
    );
    this.#asked = new Float64Array(this.#dimension);
    this.#kernels = new Float64Array(this.#count + 1).fill(1);
    const size = this.#count + 1;
    const system = new Float64Array(size * size).fill(1);
    for (const [i, place] of places.entries()) {
      this.#ask(place);
      system.set(this.#kernels, i * size);
    }
    system[size * size - 1] = 0;
    this.#inverse = inverse(system, size);
  }

  at(place: Float64Array): Interpolant {
    this.#ask(place);
    const kernels = this.#kernels;
    const inverse = this.#inverse;
    const size = this.#count + 1;
    const solution = new Float64Array(size);
    for (let j = 0; j < size; j++) {
      const kernel = kernels[j]!;
      for (let i = 0; i < size; i++) solution[i]! += inverse[j * size + i]! * kernel;
    }
    let explained = 0;
    for (let i = 0; i < size; i++) explained += kernels[i]! * solution[i]!;
    let square = 0;
    for (const x of this.#asked) square += x * x;
    const deviation = Math.sqrt(Math.max(TREND * square - explained, 0));
    return { weights: solution.subarray(0, this.#count), deviation };
  }

  /** At a place as if nothing were known there (Rippa, Adv. Comput. Math. 11, 1999). */
  without(index: number): Interpolant {
    const size = this.#count + 1;
    const own = this.#inverse[index * size + index]!;
    const weights = new Float64Array(this.#count);
    for (let i = 0; i < this.#count; i++) weights[i] = i === index ? 0 : -this.#inverse[i * size + index]! / own;
    return { weights, deviation: Math.sqrt(Math.max(1 / own, 0)) };
  }

  /** The kernels r³ + trend between a place and all others. */
  #ask(place: Float64Array): void {
    const asked = this.#asked;
    const places = this.#places;
    for (let c = 0; c < asked.length; c++) asked[c] = (place[c]! - this.#origin[c]!) / this.#scale;
    for (let i = 0; i < this.#count; i++) {
      const start = i * this.#dimension;
      let square = 0;
      let product = 0;
      for (let c = 0; c < asked.length; c++) {
        const other = places[start + c]!;
        const difference = asked[c]! - other;
        square += difference * difference;
        product += asked[c]! * other;
      }
      this.#kernels[i] = square * Math.sqrt(square) + TREND * product;
    }
  }
}

function euclidean(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) * (a[i]! - b[i]!);
  return Math.sqrt(sum);
}

/** Of a square matrix, transposed, by Gauss and Jordan with row pivots: the system is symmetric, but not definite. */
function inverse(matrix: Float64Array, n: number): Float64Array {
  const rows = Array.from({ length: n }, (_, i) => {
    const extended = new Float64Array(2 * n);
    extended.set(matrix.subarray(i * n, (i + 1) * n));
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
  const result = new Float64Array(n * n);
  for (const [i, row] of rows.entries()) for (let j = 0; j < n; j++) result[j * n + i] = row[n + j]!;
  return result;
}
