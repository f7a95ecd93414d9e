/** Places that are asked for at once: four sums that do not wait for each other take little more time than one. */
const TOGETHER = 4;

/** Weight of the linear trend beside the kernel r³, distances in units of the largest: the trend is almost free. */
const TREND = 10;

/** What is known at a place: a weight for each of the places it is interpolated from, and how uncertain that is. */
export interface Interpolant {
  /** 1 in sum; at one of the places, 1 for it and 0 for the others. */
  readonly weights: Float64Array;
  /** Standard deviation of what is interpolated (the power function): 0 at the places, growing away from them. */
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
  /** Inverse of the system [K 1; 1ᵀ 0] of the places, row by row. */
  readonly #inverse: Float64Array;
  /** The place that is asked for. */
  readonly #asked: Float64Array;
  /** Right-hand sides of `TOGETHER` places: their kernels, and 1 for the constant. */
  readonly #kernels: readonly Float64Array[];

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
    const size = this.#count + 1;
    this.#kernels = Array.from({ length: TOGETHER }, () => new Float64Array(size).fill(1));
    const system = new Float64Array(size * size).fill(1);
    for (const [i, place] of places.entries()) this.#ask(place, system.subarray(i * size));
    system[size * size - 1] = 0;
    this.#inverse = inverse(system, size);
  }

  /** At any number of places. */
  at(places: readonly Float64Array[]): Interpolant[] {
    const all: Interpolant[] = [];
    for (let i = 0; i < places.length; i += TOGETHER) all.push(...this.#together(places.slice(i, i + TOGETHER)));
    return all;
  }

  #together(places: readonly Float64Array[]): Interpolant[] {
    const inverse = this.#inverse;
    const size = this.#count + 1;
    const squares = places.map((place, m) => this.#ask(place, this.#kernels[m]!));
    const [k0, k1, k2, k3] = this.#kernels as [Float64Array, Float64Array, Float64Array, Float64Array];
    const solutions = Array.from({ length: TOGETHER }, () => new Float64Array(size));
    const [s0, s1, s2, s3] = solutions as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let i = 0; i < size; i++) {
      const row = i * size;
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let j = 0; j < size; j++) {
        const entry = inverse[row + j]!;
        a += entry * k0[j]!;
        b += entry * k1[j]!;
        c += entry * k2[j]!;
        d += entry * k3[j]!;
      }
      s0[i] = a;
      s1[i] = b;
      s2[i] = c;
      s3[i] = d;
    }
    return squares.map((square, m) => {
      const [kernels, solution] = [this.#kernels[m]!, solutions[m]!];
      let explained = 0;
      for (let i = 0; i < size; i++) explained += kernels[i]! * solution[i]!;
      const deviation = Math.sqrt(Math.max(TREND * square - explained, 0));
      return { weights: solution.subarray(0, this.#count), deviation };
    });
  }

  /** At a place as if nothing were known there (Rippa, Adv. Comput. Math. 11, 1999). */
  without(index: number): Interpolant {
    const size = this.#count + 1;
    const own = this.#inverse[index * size + index]!;
    const weights = new Float64Array(this.#count);
    for (let i = 0; i < this.#count; i++) weights[i] = i === index ? 0 : -this.#inverse[index * size + i]! / own;
    return { weights, deviation: Math.sqrt(Math.max(1 / own, 0)) };
  }

  /** The kernels r³ + trend between a place and all others. Returns |place|². */
  #ask(place: Float64Array, kernels: Float64Array): number {
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
      kernels[i] = square * Math.sqrt(square) + TREND * product;
    }
    let size = 0;
    for (const x of asked) size += x * x;
    return size;
  }
}

function euclidean(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) * (a[i]! - b[i]!);
  return Math.sqrt(sum);
}

/** The inverse of a matrix, which is overwritten, by Gauss and Jordan with row pivots: the system is symmetric, not definite. */
function inverse(matrix: Float64Array, n: number): Float64Array {
  const rows = Array.from({ length: n }, (_, i) => matrix.subarray(i * n, (i + 1) * n));
  const pivots: number[] = [];
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    pivots.push(pivot);
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const own = rows[column]!;
    const scale = 1 / own[column]!;
    own[column] = 1;
    for (let j = 0; j < n; j++) own[j]! *= scale;
    for (let i = 0; i < n; i++) {
      const row = rows[i]!;
      const factor = row[column]!;
      if (i === column || factor === 0) continue;
      row[column] = 0;
      for (let j = 0; j < n; j++) row[j]! -= factor * own[j]!;
    }
  }
  // Rows that changed places are columns of the inverse that have to.
  const result = new Float64Array(n * n);
  for (const [i, row] of rows.entries()) result.set(row, i * n);
  for (let column = n - 1; column >= 0; column--) {
    const pivot = pivots[column]!;
    if (pivot === column) continue;
    for (let i = 0; i < n * n; i += n) {
      [result[i + column], result[i + pivot]] = [result[i + pivot]!, result[i + column]!];
    }
  }
  return result;
}
