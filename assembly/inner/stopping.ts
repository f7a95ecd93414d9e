// The stopping rule of every solver: ‖(s_W, s̄·s_b′)‖ ≤ tolerance·‖G₀‖, where s is the minimum-norm subgradient of the
// whole objective in θ′, G₀ the data gradient on W at the null model (null-model.ts) and s̄ the root mean square of
// the standard deviations of the columns that vary. It does not change when columns are shifted, when X, y or λ is
// multiplied by a number, or when rows are repeated; and G₀ does not know the penalties, so that all λ are held to one yardstick.
//
// And 4·Σ sᵢ²/(hᵢ + l2) ≤ tolerance·F, h = γσ·min(σ, σ̄), of intercepts κ (metric.ts): what is left to gain is small beside the
// objective. Where rows are nearly separated F is small, and a gradient small beside that of the null model says little:
// breast cancer, degree 2, columns × 2^±10, l2 = 1e-3 stopped 250 % above the least F at 1e-4, now 1 % above. It does not
// change either, nor when columns are scaled one by one (and their ridges with them), and seldom decides elsewhere.

import { Objective, SQUARED } from "../objective";
import { groupStart, groupSubgradientSquares, memberAt } from "../penalties/group";
import { penaltyValue } from "../penalties/penalty";
import { conjugate, kinked, nearestSubgradient, subgradientSquares } from "../penalties/separable";
import { Curvature } from "./curvature";
import { isFollowedUp } from "./homotopy";
import { curvatureAt } from "./metric";
import { resortsToNewton } from "./proximal-newton";
import { RowSpace } from "./row-space";
import { CONVERGED, RUNNING, Solver, STALLED, UNBOUNDED } from "./solver";

/** Iterations without a smaller residual or value after which rounding is to blame. */
const PATIENCE: i32 = 60;

/**
 * Factor on the decrement, which by the diagonal alone misses part of (F − F*)/F where columns go together: that is 1 to 30 times
 * the decrement on MNIST, digits, mails and breast cancer, 20 to 400 times with columns × 2^±10. Both fall with the square of the
 * residual.
 */
const UNSEEN: f64 = 4;

export function judge(s: Solver): i32 {
  if (!isFinite(s.value)) return STALLED;
  if (s.dataLoss < s.threshold) return UNBOUNDED;
  if (s.residual <= s.tolerance && UNSEEN * decrement(s) <= s.tolerance * s.value && !isBlind(s)) return CONVERGED;
  return s.idle > PATIENCE ? exhausted(s) : RUNNING;
}

/**
 * Whether more may be left than the decrement tells, because fewer rows than columns do not see all directions. A ridge alone
 * bounds it by F − F* ≤ ‖s‖²/(2·l2), and a Newton step by second moments takes it away (600 fits of 10 to 40 rows: 132 ended
 * more than 0.1 %, up to 6 %, above the least F, their weights up to 25 % off). With kinks it is at most the duality gap, and
 * a path leads to the end of it (homotopy.ts).
 */
function isBlind(s: Solver): bool {
  const o = changetype<Objective>(s.objective);
  if (o.model != SQUARED || s.counted > o.columns) return false;
  if (kinked(o)) return o.groupNorm == 0 && !isFollowedUp(s) && dualityGap(s, o) > s.tolerance * s.value;
  const slope = s.residual * s.scale;
  return slope * slope > 2 * o.l2 * s.tolerance * s.value && o.l2 > 0;
}

/**
 * F(θ) − (what the dual is at c times the slopes of the losses in the scores) ≥ F(θ) − F*, c ≤ 1 such that no weight is pulled
 * by more than its kinks hold: (1 − c)²·f + penalty(W) + c·g·W + Σ penalty*(c·g), of squared losses f.
 */
function dualityGap(s: Solver, o: Objective): f64 {
  const n = o.weightCount;
  let most = o.l1;
  for (let b = 0; b < o.knotCount; b++) most += load<f64>(o.knotWeights + ((<usize>b) << 3));
  let steepest: f64 = 0;
  for (let i = 0; i < n; i++) steepest = max(steepest, Math.abs(load<f64>(s.gradient + ((<usize>i) << 3))));
  const share = o.l2 > 0 || steepest <= most ? 1 : most / steepest;
  let gap = (1 - share) * (1 - share) * s.dataLoss + penaltyValue(o, n, s.centred);
  for (let i = 0; i < n; i++) {
    const at = (<usize>i) << 3;
    const pull = share * load<f64>(s.gradient + at);
    gap += pull * load<f64>(s.centred + at) + conjugate(o, share < 1 ? min(Math.abs(pull), most) : pull);
  }
  return gap;
}

/** The status where rounding ends progress: converged by the residual alone; running, by Newton steps or a path; or stalled. */
export function exhausted(s: Solver): i32 {
  if (s.residual <= s.tolerance) return CONVERGED;
  return resortsToNewton(s) ? RUNNING : STALLED;
}

/** Σ sᵢ²/(hᵢ + l2), s the minimum-norm subgradient: the Newton decrement by the diagonal, squared. */
function decrement(s: Solver): f64 {
  const r = changetype<RowSpace>(s.rowSpace);
  if (r.ahead) return rowDecrement(s, r);
  const o = changetype<Objective>(s.objective);
  const c = changetype<Curvature>(s.curvature);
  const n = o.weightCount;
  let sum: f64 = 0;
  if (o.groupNorm > 0) {
    for (let g = 0; g < o.normGroups; g++) {
      let least: f64 = Infinity;
      for (let k = groupStart(o, g); k < groupStart(o, g + 1); k++) {
        least = min(least, curvatureAt(o, s.moments, <i32>(memberAt(o, k) >> 3), s.unit, c.scale) + o.l2);
      }
      sum += groupSubgradientSquares(o, g, s.centred, s.gradient) / least;
    }
  } else {
    for (let i = 0; i < n; i++) {
      const at = (<usize>i) << 3;
      const r = nearestSubgradient(o, load<f64>(s.centred + at), load<f64>(s.gradient + at));
      sum += (r * r) / (curvatureAt(o, s.moments, i, s.unit, c.scale) + o.l2);
    }
  }
  for (let i = n; i < o.thetaCount; i++) {
    const at = (<usize>i) << 3;
    const r = load<f64>(s.gradient + at);
    sum += (r * r) / c.interceptScale;
  }
  return sum;
}

/** Σ sᵢ²/(hᵢ + l2) at an iterate over the rows, h by the second derivatives of the losses. */
function rowDecrement(s: Solver, r: RowSpace): f64 {
  const o = changetype<Objective>(s.objective);
  let sum: f64 = 0;
  for (let i = 0; i < o.thetaCount; i++) {
    const at = (<usize>i) << 3;
    const g = load<f64>(s.trialGradient + at);
    sum += (g * g) / (i < o.weightCount ? curvatureAt(o, s.moments, i, s.unit, r.bend) + o.l2 : r.bend);
  }
  return sum;
}
