// Where a cold L1 fit starts (assembly/outer/l1-fit/start.ts, newton.ts, sifting.ts), in plain numbers: every row of A
// written out, Gauss instead of Cholesky, no inverse that is updated. See model.ts there for the rows and their bounds.

export interface ScaledFit {
  readonly phi: readonly (readonly number[])[];
  readonly error: readonly number[];
  readonly weight: readonly number[];
  readonly ordered: readonly boolean[];
  /** −1 for none. */
  readonly incumbent: number;
  /** Hard rows of (μ, α): ≥ 0, or = 0. */
  readonly cones: readonly { readonly row: readonly number[]; readonly equality: boolean }[];
  /** α₀ */
  readonly guard: number;
}

/** A row of r = b − a·x whose y lies in [lo, hi]. */
interface Row {
  readonly a: readonly number[];
  readonly b: number;
  readonly lo: number;
  readonly hi: number;
}

/** Times the residual that a band ends at: that one is within. */
const BEYOND = 1 + 1e-9;

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const residual = ({ a, b }: Row, x: readonly number[]) => b - dot(a, x);
const along = (x: readonly number[], t: number, w: readonly number[]) => x.map((value, i) => value + t * w[i]!);
const nth = (values: readonly number[], count: number) => [...values].sort((a, b) => a - b)[count - 1]!;

/** A⁻¹ b by Gauss' elimination with partial pivoting. */
function solve(A: readonly (readonly number[])[], b: readonly number[]): number[] {
  const T = A.map((row, i) => [...row, b[i]!]);
  const n = b.length;
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let i = c + 1; i < n; i++) if (Math.abs(T[i]![c]!) > Math.abs(T[best]![c]!)) best = i;
    [T[c], T[best]] = [T[best]!, T[c]!];
    for (let i = c + 1; i < n; i++) {
      const factor = T[i]![c]! / T[c]![c]!;
      for (let j = c; j <= n; j++) T[i]![j]! -= factor * T[c]![j]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) x[i] = (T[i]![n]! - dot(T[i]!.slice(i + 1, n), x.slice(i + 1))) / T[i]![i]!;
  return x;
}

/** The rows that are smooth (`soft`), those that are hard, and the gradient of what rests on its side of 0. */
export interface Smoothed {
  readonly soft: readonly Row[];
  readonly hard: readonly Row[];
  readonly resting: readonly number[];
}

/** Σ over |r| < band of w/band, or of w where all is quadratic: also the curvature of hard rows. */
export function curvatureOf({ soft }: Smoothed, x: readonly number[], band: number): number {
  const unit = band < Number.POSITIVE_INFINITY ? band : 1;
  return soft.reduce((sum, row) => (Math.abs(residual(row, x)) < band ? sum + row.hi / unit : sum), 0);
}

/** f with its kinks rounded off over `band`, hard rows with the curvature `hardness`. */
export function roundedObjective(
  { soft, hard, resting }: Smoothed,
  x: readonly number[],
  band: number,
  hardness: number,
) {
  let sum = -dot(resting, x);
  for (const row of soft) {
    const r = Math.abs(residual(row, x));
    sum += row.hi * (r < band ? (r * r) / (2 * band) : r - band / 2);
  }
  for (const row of hard) {
    const r = residual(row, x);
    const violation = row.lo < 0 ? Math.abs(r) : Math.max(r, 0);
    const most = row.hi / hardness;
    sum += violation < most ? (hardness * violation * violation) / 2 : row.hi * (violation - most / 2);
  }
  return sum;
}

/** Minus the gradient of `roundedObjective` (of the sum of squares where the band is ∞), and its Hessian with a ridge. */
export function newtonSystem({ soft, hard, resting }: Smoothed, x: readonly number[], band: number, hardness: number) {
  const p = x.length;
  const descent = [...resting];
  const H = Array.from({ length: p }, () => new Array<number>(p).fill(0));
  const add = ({ a }: Row, y: number, h: number) => {
    for (let i = 0; i < p; i++) {
      descent[i]! += y * a[i]!;
      for (let j = 0; j < p; j++) H[i]![j]! += h * a[i]! * a[j]!;
    }
  };
  for (const row of soft) {
    const r = residual(row, x);
    if (band === Number.POSITIVE_INFINITY) add(row, row.hi * r, row.hi);
    else if (Math.abs(r) < band) add(row, (row.hi * r) / band, row.hi / band);
    else add(row, row.hi * Math.sign(r), 0);
  }
  for (const row of hard) {
    const r = residual(row, x);
    if (row.hi > 0 && (r > 0 || row.lo < 0)) add(row, Math.min(Math.max(hardness * r, row.lo), row.hi), hardness);
  }
  const ridge = 1e-10 * H.reduce((sum, row, i) => sum + row[i]!, 0) + 1e-300;
  for (const [i, row] of H.entries()) row[i]! += ridge;
  return { descent, H };
}

/** Least squares, the point at the end of Newton's steps, and the vertex there. */
export function smoothedStart(fit: ScaledFit) {
  const { phi, error, weight, ordered, incumbent, guard } = fit;
  const m = phi.length;
  const k = phi[0]!.length;
  const p = k + 2;
  const penalty = weight.reduce((sum, w) => sum + w, 0);
  const observations = phi.map((row, i): Row => ({ a: [...row, 0, 1], b: error[i]!, lo: -weight[i]!, hi: weight[i]! }));
  const orderings = phi.map(
    (row, i): Row => ({
      a: incumbent < 0 ? new Array<number>(p).fill(0) : [...row.map((value, j) => value - phi[incumbent]![j]!), 0, 0],
      b: 0,
      lo: 0,
      hi: incumbent >= 0 && i !== incumbent && ordered[i] ? penalty : 0,
    }),
  );
  const apex = { a: Array.from({ length: p }, (_, j) => (j === k ? 1 : 0)), b: guard, lo: 0, hi: penalty };
  const cones = fit.cones.map(
    ({ row, equality }): Row => ({ a: [...row, 0], b: 0, lo: equality ? -penalty : 0, hi: penalty }),
  );

  // Least squares from 0, hard equations with the weight of all; away from the apex.
  const everything: Smoothed = {
    soft: observations,
    hard: [...orderings, ...cones],
    resting: new Array<number>(p).fill(0),
  };
  const zero = new Array<number>(p).fill(0);
  const first = newtonSystem(everything, zero, Number.POSITIVE_INFINITY, penalty);
  const leastSquares = solve(first.H, first.descent);
  const slope = leastSquares.slice(0, k).reduce((sum, value) => sum + Math.abs(value), 0);
  leastSquares[k] = Math.max(leastSquares[k]! > 0 ? leastSquares[k]! : slope, guard);

  // Sifting: slot by slot those near 0 come to the front.
  const order = phi.map((_, i) => i);
  let active = m;
  const wanted = Math.max(10 * p, m >> 2);
  if (m * k >= 1000 && 2 * wanted <= m) {
    const size = (i: number) => Math.abs(residual(observations[i]!, leastSquares));
    const slack = (i: number) => -residual(orderings[i]!, leastSquares);
    const near = nth(order.map(size), wanted);
    const holds = order.map((i) => (orderings[i]!.hi > 0 ? slack(i) : Number.POSITIVE_INFINITY));
    const tight = incumbent >= 0 ? nth(holds, 4 * p) : Number.NEGATIVE_INFINITY;
    let count = 0;
    for (let slot = 0; slot < m; slot++) {
      const i = order[slot]!;
      if (size(i) > near && !(orderings[i]!.hi > 0 && slack(i) <= tight)) continue;
      [order[slot], order[count]] = [order[count]!, i];
      count++;
    }
    active = Math.min((count + 7) & ~7, m);
  }
  const resting = [...zero];
  for (const i of order.slice(active)) {
    for (const row of [observations[i]!, orderings[i]!]) {
      const y = residual(row, leastSquares) >= 0 ? row.hi : row.lo;
      for (let j = 0; j < p; j++) resting[j]! += y * row.a[j]!;
    }
  }
  const front = order.slice(0, active);
  const smoothed: Smoothed = {
    soft: front.map((i) => observations[i]!),
    hard: [...(incumbent >= 0 ? front.map((i) => orderings[i]!) : []), apex, ...cones],
    resting,
  };

  // A step per band, each half as populated as the one before.
  let x = leastSquares;
  const descents: number[] = [];
  for (let count = (3 * active) >> 2; p >= 10 && (3 * active) >> 2 >= 4 * p && count > p; count >>= 1) {
    const band =
      BEYOND *
      nth(
        smoothed.soft.map((row) => Math.abs(residual(row, x))),
        count,
      );
    if (!(band > 1e-9)) continue;
    const hardness = curvatureOf(smoothed, x, band);
    const { descent, H } = newtonSystem(smoothed, x, band, hardness);
    const w = solve(H, descent);
    const before = roundedObjective(smoothed, x, band, hardness);
    let t = 1;
    while (t > 0.01 && !(roundedObjective(smoothed, along(x, t, w), band, hardness) < before)) t /= 2;
    if (t < 0.01) continue;
    descents.push(before - roundedObjective(smoothed, along(x, t, w), band, hardness));
    x = along(x, t, w);
  }

  // The vertex: hard rows that are violated, then observations near 0, each for the unit row that it depends on most.
  const basis = zero.map((_, q): Row => ({ a: zero.map((_, j) => (j === q ? 1 : 0)), b: x[q]!, lo: 0, hi: 0 }));
  const artificial = new Set(zero.keys());
  const enter = (row: Row) => {
    if (artificial.size === 0) return;
    const shares = solve(
      zero.map((_, j) => basis.map(({ a }) => a[j]!)),
      row.a,
    );
    const [slot] = [...artificial].sort((a, b) => Math.abs(shares[b]!) - Math.abs(shares[a]!) || a - b);
    if (Math.abs(shares[slot!]!) < 1e-3 * Math.max(...row.a.map(Math.abs))) return;
    basis[slot!] = row;
    artificial.delete(slot!);
  };
  if (descents.length > 0) {
    for (const row of smoothed.hard) if (row.hi > 0 && (row.lo < 0 || residual(row, x) > 0)) enter(row);
    const size = (row: Row) => Math.abs(residual(row, x));
    const near = nth(smoothed.soft.map(size), Math.min(2 * artificial.size, active));
    for (const row of smoothed.soft) if (size(row) <= near) enter(row);
  }
  const vertex = solve(
    basis.map(({ a }) => a),
    basis.map(({ b }) => b),
  );
  return { leastSquares, newton: x, vertex, descents, active, smoothed, artificials: artificial.size };
}
