// Solving on the columns that matter: where ‖W‖₁ leaves most columns at zero, they are copied out, and a solver of its
// own works on them alone, on the same θ′. What was left out is looked at when it has converged, in a pass over all
// columns: that check is exact, so what is chosen here decides how fast, never what (Johnson, Guestrin 2015).

import { Objective } from "../objective";
import { nearestOfNorms, nearestSubgradient } from "../penalties/separable";
import { Curvature } from "./curvature";
import { solverStart, solverStep } from "./solve";
import { Solver } from "./solver";

/**
 * Violating columns that may join in a round, if fewer are in the set already; more if sparse, whose columns cost few rows
 * each. Mails, 2^12 and 2^16 columns, l1 = 1e-4 with 64, 128, 256: 49, 41, 50 and 62, 51, 55 ms; an eighth of them 8.9, 7.8, 13
 * and 12, 11, 9 ms.
 */
const LEAST: i32 = 64;
const LEAST_SPARSE: i32 = 128;

/**
 * list ← columns with a weight that is not 0, and of those that would leave it the ones with most to gain: as many again.
 * Ascending; returns their number, or −1 where no column has a kink at zero of its own, or all of them cost hardly
 * anything. gains: f64[columns].
 */
export function workingColumns(solver: usize, gains: usize, list: usize): i32 {
  const s = changetype<Solver>(solver);
  const o = changetype<Objective>(s.objective);
  const metric = changetype<Curvature>(s.curvature).metric;
  const d = o.columns;
  if (!(o.l1 > 0) || o.groupNorm > 0 || o.generator != 0 || o.gram != 0) return -1;
  let active = 0;
  let willing = 0; // columns with a gain: few, so that choosing among them costs little beside the look at all
  let most: f64 = 0;
  const n = o.weightCount;
  for (let j = 0; j < d; j++) {
    if (ASC_FEATURE_SIMD && o.knotCount == 0) while (j + 2 <= d && staysZero(s, j)) j += 2;
    if (j == d) break;
    let gain: f64 = 0;
    for (let i = j; i < n; i += d) {
      const at = (<usize>i) << 3;
      const w = load<f64>(s.centred + at);
      const g = load<f64>(s.gradient + at);
      const r = o.knotCount > 0 ? nearestSubgradient(o, w, g) : nearestOfNorms(o.l1, o.l2, w, g);
      if (w != 0) gain = Infinity;
      else if (r != 0) gain += (r * r) / load<f64>(metric + at);
    }
    if (!(gain > 0)) continue;
    store<f64>(gains + ((<usize>willing) << 3), gain);
    store<i32>(list + ((<usize>willing) << 2), j);
    willing++;
    if (gain == Infinity) active++;
    else most = max(most, gain);
  }
  const room = active + max(o.columnIndices == 0 ? LEAST : LEAST_SPARSE, active);
  if (willing <= room) return willing;
  let least: f64 = 0; // exceeded by more than there is room for
  let high = most; // what must be exceeded
  let chosen = 0;
  for (let halving = 0; halving < 40 && chosen != room; halving++) {
    const middle = halving < 20 ? Math.sqrt(max(least, 1e-30 * most) * high) : 0.5 * (least + high);
    const over = above(gains, willing, middle);
    if (over > room) {
      least = middle;
    } else {
      high = middle;
      chosen = over;
    }
  }
  let count = 0;
  for (let k = 0; k < willing; k++) {
    if (!(load<f64>(gains + ((<usize>k) << 3)) > high)) continue;
    store<i32>(list + ((<usize>count) << 2), load<i32>(list + ((<usize>k) << 2)));
    count++;
  }
  return count;
}

/** Whether all weights of this column and the next are 0, and no gradient is more than the kink holds. */
function staysZero(s: Solver, column: i32): bool {
  const o = changetype<Objective>(s.objective);
  const l1 = f64x2.splat(o.l1);
  let moves = f64x2.splat(0);
  for (let i = column; i < o.weightCount; i += o.columns) {
    const at = (<usize>i) << 3;
    const weighs = f64x2.ne(v128.load(s.centred + at), f64x2.splat(0));
    moves = v128.or(moves, v128.or(weighs, f64x2.gt(f64x2.abs(v128.load(s.gradient + at)), l1)));
  }
  return !v128.any_true(moves);
}

function above(gains: usize, length: i32, least: f64): i32 {
  let count = 0;
  let k = 0;
  if (ASC_FEATURE_SIMD) {
    let counts = i64x2.splat(0); // a comparison that holds is −1
    const limit = f64x2.splat(least);
    for (; k + 2 <= length; k += 2) counts = i64x2.sub(counts, f64x2.gt(v128.load(gains + ((<usize>k) << 3)), limit));
    count = <i32>(i64x2.extract_lane(counts, 0) + i64x2.extract_lane(counts, 1));
  }
  for (; k < length; k++) if (load<f64>(gains + ((<usize>k) << 3)) > least) count++;
  return count;
}

/** counts: i32[columns], values of X in each. */
export function columnValues(objective: usize, counts: usize): void {
  const o = changetype<Objective>(objective);
  for (let j = 0; j < o.columns; j++) store<i32>(counts + ((<usize>j) << 2), o.columnIndices == 0 ? o.rows : 0);
  for (let i = 0; i < o.rows && o.columnIndices != 0; i++) {
    const place = o.rowStarts + ((<usize>o.placeOf(i)) << 2);
    const end = load<i32>(place, 4);
    for (let e = load<i32>(place); e < end; e++) {
      const at = counts + ((<usize>load<i32>(o.columnIndices + ((<usize>e) << 2))) << 2);
      store<i32>(at, load<i32>(at) + 1);
    }
  }
}

/** Values of X in the columns of `list`, by the counts of all. */
export function workingValues(counts: usize, list: usize, count: i32): f64 {
  let values: f64 = 0;
  for (let k = 0; k < count; k++)
    values += <f64>load<i32>(counts + ((<usize>load<i32>(list + ((<usize>k) << 2))) << 2));
  return values;
}

/**
 * part, moments ← objective and its moments on the columns of `list` alone; values, indices and starts hold its X. Those of
 * CSR have room for a value more.
 * map: i32[columns], where each column goes, or −1.
 */
export function workingObjective(
  objective: usize,
  moments: usize,
  list: usize,
  count: i32,
  map: usize,
  part: usize,
  partMoments: usize,
  values: usize,
  indices: usize,
  starts: usize,
  scratch: usize,
): void {
  const o = changetype<Objective>(objective);
  const p = changetype<Objective>(part);
  memory.fill(map, 0xff, (<usize>o.columns) << 2);
  for (let k = 0; k < count; k++) store<i32>(map + ((<usize>load<i32>(list + ((<usize>k) << 2))) << 2), k);
  memory.copy(part, objective, offsetof<Objective>());
  p.columns = count;
  p.values = values;
  p.columnIndices = indices;
  p.rowStarts = starts;
  p.scratch = scratch;
  p.gapAt = p.rows;
  p.gap = 0;
  p.passes = 0;
  for (let which = 0; which < 2; which++) {
    for (let k = 0; k < count; k++) {
      const j = load<i32>(list + ((<usize>k) << 2));
      const from = moments + ((<usize>(which * o.columns + j)) << 3);
      store<f64>(partMoments + ((<usize>(which * count + k)) << 3), load<f64>(from));
    }
  }
  if (o.width == 4) copyColumns<f32>(o, p, list, count, map);
  else copyColumns<f64>(o, p, list, count, map);
}

function copyColumns<T>(o: Objective, p: Objective, list: usize, count: i32, map: usize): void {
  if (o.columnIndices == 0) {
    let to = p.values;
    for (let i = 0; i < o.rows; i++) {
      const row = o.values + <usize>o.placeOf(i) * <usize>o.columns * sizeof<T>();
      for (let k = 0; k < count; k++) {
        store<T>(to, load<T>(row + <usize>load<i32>(list + ((<usize>k) << 2)) * sizeof<T>()));
        to += sizeof<T>();
      }
    }
    return;
  }
  let held = 0;
  for (let i = 0; i < o.rows; i++) {
    store<i32>(p.rowStarts + ((<usize>i) << 2), held);
    const place = o.rowStarts + ((<usize>o.placeOf(i)) << 2);
    const end = load<i32>(place, 4);
    for (let e = load<i32>(place); e < end; e++) {
      // What is not wanted is written, too, and then over: no branch tells a quarter of the values from the others.
      const k = load<i32>(map + ((<usize>load<i32>(o.columnIndices + ((<usize>e) << 2))) << 2));
      store<i32>(p.columnIndices + ((<usize>held) << 2), k);
      store<T>(p.values + <usize>held * sizeof<T>(), load<T>(o.values + <usize>e * sizeof<T>()));
      held += i32(k >= 0);
    }
  }
  store<i32>(p.rowStarts + ((<usize>o.rows) << 2), held);
}

/** The part's solver begins where the whole one is, with its penalties, its yardstick and its gradient: no pass. */
export function workingStart(solver: usize, part: usize, list: usize, tolerance: f64): void {
  const s = changetype<Solver>(solver);
  const p = changetype<Solver>(part);
  const o = changetype<Objective>(s.objective);
  const q = changetype<Objective>(p.objective);
  q.l1 = o.l1;
  q.l2 = o.l2;
  q.knotCount = o.knotCount;
  q.knots = o.knots;
  q.knotWeights = o.knotWeights;
  p.tolerance = tolerance;
  p.scale = s.scale;
  p.unit = s.unit;
  p.fine = s.fine;
  p.noise = s.noise;
  p.dataLoss = s.dataLoss;
  memory.copy(p.dataWeights, s.dataWeights, (<usize>(o.groups + 1)) << 3);
  memory.copy(p.groupLosses, s.groupLosses, (<usize>(o.groups + 1)) << 3);
  gather(o, q, list, s.theta, p.theta);
  gather(o, q, list, s.centred, p.centred);
  gather(o, q, list, s.gradient, p.gradient);
  solverStart(part, p.theta);
}

function gather(o: Objective, q: Objective, list: usize, from: usize, to: usize): void {
  for (let c = 0; c < o.outputs; c++) {
    for (let k = 0; k < q.columns; k++) {
      const j = load<i32>(list + ((<usize>k) << 2));
      store<f64>(to + ((<usize>(c * q.columns + k)) << 3), load<f64>(from + ((<usize>(c * o.columns + j)) << 3)));
    }
  }
  memory.copy(to + ((<usize>q.weightCount) << 3), from + ((<usize>o.weightCount) << 3), (<usize>o.outputs) << 3);
}

/** `solverStep` on the part; counts as its share of passes over all columns. */
export function workingStep(solver: usize, part: usize, iterations: i32, share: f64): i32 {
  const p = changetype<Solver>(part);
  const q = changetype<Objective>(p.objective);
  const before = q.passes;
  const status = solverStep(part, iterations);
  changetype<Objective>(changetype<Solver>(solver).objective).passes += share * (q.passes - before);
  return status;
}

/** The part's θ in the whole layout, in memory of the whole solver that its next step or start overwrites. */
export function workingTheta(solver: usize, part: usize, list: usize): usize {
  const s = changetype<Solver>(solver);
  const p = changetype<Solver>(part);
  const o = changetype<Objective>(s.objective);
  const q = changetype<Objective>(p.objective);
  memory.fill(s.raw, 0, (<usize>o.thetaCount) << 3);
  for (let c = 0; c < o.outputs; c++) {
    for (let k = 0; k < q.columns; k++) {
      const j = load<i32>(list + ((<usize>k) << 2));
      store<f64>(s.raw + ((<usize>(c * o.columns + j)) << 3), load<f64>(p.theta + ((<usize>(c * q.columns + k)) << 3)));
    }
  }
  memory.copy(s.raw + ((<usize>o.weightCount) << 3), p.theta + ((<usize>q.weightCount) << 3), (<usize>o.outputs) << 3);
  return s.raw;
}
