// min_θ λ·φ(θ), one step at a time. Iterates live on centred columns: θ′ = (W, b′ = b + W·mean), see moments.ts.
//
// Stopping rule of every solver: ‖(s_W, s̄·s_b′)‖ ≤ tolerance·‖G₀‖, where s is the minimum-norm subgradient of the
// whole objective in θ′, G₀ the data gradient on W at the null model (null-model.ts) and s̄ the root mean square of
// the columns' standard deviations. It does not change when columns are shifted, when X, y or λ is multiplied by a
// number, or when rows are repeated; and G₀ does not know the penalties, so that all λ are held to one yardstick.

import { dot } from "../linalg/dense";
import { objectiveGradient } from "../losses/gradient";
import { Objective, SQUARED } from "../objective";
import { kinked, nearestSubgradient, penaltyValue, prox } from "../penalties/separable";
import { leastRowWeight, nullModel } from "./null-model";

export const RUNNING: i32 = 0;
export const CONVERGED: i32 = 1;
export const STALLED: i32 = 2;
export const UNBOUNDED: i32 = 3;

/** Values of F that a new one is compared with: a nonmonotone search lets Barzilai-Borwein steps be long. */
const HISTORY: i32 = 5;

@unmanaged
export class Solver {
  objective: usize;
  moments: usize; // f64[2·columns] of moments.ts
  theta: usize; // the current iterate, in θ's layout: what the world sees
  centred: usize; // the same as θ′
  gradient: usize; // of the data terms in θ′
  trial: usize; // θ′ tried
  raw: usize; // θ tried
  trialGradient: usize;
  history: usize; // f64[HISTORY]
  tolerance: f64;
  scale: f64; // ‖G₀‖
  unit: f64; // s̄
  value: f64; // F at the iterate
  residual: f64; // relative, at the iterate
  curvature: f64; // Barzilai-Borwein: multiple of the variances
  threshold: f64; // below this data loss the rows are separated and no minimizer exists
  iterations: i32;
  status: i32;
}

export function solverBytes(): usize {
  return offsetof<Solver>();
}

export function solverWorkBytes(thetaCount: i32): usize {
  return ((<usize>thetaCount * 6 + <usize>HISTORY) << 3) + 64;
}

export function solverInit(pointer: usize, objective: usize, moments: usize, work: usize, tolerance: f64): void {
  const s = changetype<Solver>(pointer);
  const bytes = (<usize>changetype<Objective>(objective).thetaCount) << 3;
  s.objective = objective;
  s.moments = moments;
  s.theta = work;
  s.centred = work + bytes;
  s.gradient = work + 2 * bytes;
  s.trial = work + 3 * bytes;
  s.raw = work + 4 * bytes;
  s.trialGradient = work + 5 * bytes;
  s.history = work + 6 * bytes;
  s.tolerance = tolerance;
}

/** Begins at `theta` (copied; 0: at the null model) with the objective's present weights. */
export function solverStart(pointer: usize, theta: usize): void {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  nullModel(s.objective, s.raw);
  objectiveGradient(s.objective, s.raw, s.gradient);
  centreGradient(o, s.moments, s.gradient);
  let squares: f64 = 0;
  const d = o.columns;
  for (let j = 0; j < d; j++) squares += load<f64>(s.moments + ((<usize>(d + j)) << 3));
  s.unit = d > 0 ? Math.sqrt(squares / <f64>d) : 1;
  if (!(s.unit > 0)) s.unit = 1;
  const n = o.weightCount;
  s.scale = Math.sqrt(dot<f64>(n, s.gradient, s.gradient));
  if (!(s.scale > 0)) s.scale = s.unit;
  s.threshold = -Infinity;
  const uniform = o.uniformWeights != 0 && load<f64>(o.groupWeights + ((<usize>o.groups) << 3)) > 0;
  if (o.model != SQUARED && !uniform && o.l2 == 0 && !kinked(o)) s.threshold = Math.LN2 * leastRowWeight(o);
  memory.copy(s.theta, theta == 0 ? s.raw : theta, (<usize>o.thetaCount) << 3);
  centre(o, s.moments, s.theta, s.centred, 1);
  const loss = objectiveGradient(s.objective, s.theta, s.gradient);
  centreGradient(o, s.moments, s.gradient);
  s.value = loss + penaltyValue(o, n, s.theta);
  for (let i = 0; i < HISTORY; i++) store<f64>(s.history + ((<usize>i) << 3), s.value);
  s.residual = relativeResidual(s, o, s.centred, s.gradient);
  s.curvature = 1;
  s.iterations = 0;
  s.status = judge(s, loss);
}

export function solverStep(pointer: usize, iterations: i32): i32 {
  const s = changetype<Solver>(pointer);
  for (let i = 0; i < iterations && s.status == RUNNING; i++) advance(s);
  return s.status;
}

function judge(s: Solver, loss: f64): i32 {
  if (!isFinite(s.value)) return STALLED;
  if (loss < s.threshold) return UNBOUNDED;
  return s.residual <= s.tolerance ? CONVERGED : RUNNING;
}

/** One proximal gradient step in the metric curvature·variance (SpaRSA: Wright, Nowak, Figueiredo 2009). */
function advance(s: Solver): void {
  const o = changetype<Objective>(s.objective);
  const n = o.weightCount;
  const all = o.thetaCount;
  let worst = s.value;
  for (let i = 0; i < HISTORY; i++) worst = max(worst, load<f64>(s.history + ((<usize>i) << 3)));
  let tries = 0;
  let accepted = false;
  let loss: f64 = 0;
  while (!accepted && tries < 40) {
    tries++;
    let moved: f64 = 0; // ‖step‖² in the metric
    for (let i = 0; i < all; i++) {
      const at = (<usize>i) << 3;
      const x = load<f64>(s.centred + at);
      const a = s.curvature * metric(s, o, i);
      const v = x - load<f64>(s.gradient + at) / a;
      const next = i < n ? prox(o, a, v) : v;
      store<f64>(s.trial + at, next);
      moved += a * (next - x) * (next - x);
    }
    centre(o, s.moments, s.trial, s.raw, -1);
    loss = objectiveGradient(s.objective, s.raw, s.trialGradient);
    const value = loss + penaltyValue(o, n, s.raw);
    if (value <= worst - 0.01 * moved) {
      accepted = true;
      centreGradient(o, s.moments, s.trialGradient);
      s.value = value;
    } else {
      s.curvature *= 2.5;
    }
  }
  if (!accepted) {
    s.status = STALLED;
    return;
  }
  s.iterations++;
  let bend: f64 = 0;
  let moved: f64 = 0;
  for (let i = 0; i < all; i++) {
    const at = (<usize>i) << 3;
    const step = load<f64>(s.trial + at) - load<f64>(s.centred + at);
    bend += step * (load<f64>(s.trialGradient + at) - load<f64>(s.gradient + at));
    moved += step * step * metric(s, o, i);
  }
  if (bend > 0 && moved > 0) s.curvature = min(max(bend / moved, 1e-8), 1e8);
  swap(s);
  store<f64>(s.history + ((<usize>(s.iterations % HISTORY)) << 3), s.value);
  s.residual = relativeResidual(s, o, s.centred, s.gradient);
  s.status = judge(s, loss);
}

function swap(s: Solver): void {
  let held = s.centred;
  s.centred = s.trial;
  s.trial = held;
  held = s.gradient;
  s.gradient = s.trialGradient;
  s.trialGradient = held;
  held = s.theta;
  s.theta = s.raw;
  s.raw = held;
}

/** Variance of the column of unknown i, floored at what rounding leaves of a constant column; 1 for intercepts. */
function metric(s: Solver, o: Objective, i: i32): f64 {
  if (i >= o.weightCount) return 1;
  const j = i % o.columns;
  const mean = load<f64>(s.moments + ((<usize>j) << 3));
  const variance = load<f64>(s.moments + ((<usize>(o.columns + j)) << 3)) + (o.width == 4 ? 1e-7 : 1e-14) * mean * mean;
  return variance > 0 ? variance : 1;
}

/** out ← θ with b + sign·W·mean for b. */
export function centre(o: Objective, moments: usize, theta: usize, out: usize, sign: f64): void {
  const d = o.columns;
  const n = o.weightCount;
  memory.copy(out, theta, (<usize>o.thetaCount) << 3);
  for (let c = 0; c < o.outputs; c++) {
    const at = out + ((<usize>(n + c)) << 3);
    store<f64>(at, load<f64>(at) + sign * dot<f64>(d, theta + ((<usize>(c * d)) << 3), moments));
  }
}

/** ∂/∂θ → ∂/∂θ′: g_W − g_b·mean. */
export function centreGradient(o: Objective, moments: usize, gradient: usize): void {
  const d = o.columns;
  const n = o.weightCount;
  for (let c = 0; c < o.outputs; c++) {
    const gb = load<f64>(gradient + ((<usize>(n + c)) << 3));
    const g = gradient + ((<usize>(c * d)) << 3);
    for (let j = 0; j < d; j++) {
      const at = (<usize>j) << 3;
      store<f64>(g + at, load<f64>(g + at) - gb * load<f64>(moments + at));
    }
  }
}

function relativeResidual(s: Solver, o: Objective, theta: usize, gradient: usize): f64 {
  const n = o.weightCount;
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) {
    const at = (<usize>i) << 3;
    const r = nearestSubgradient(o, load<f64>(theta + at), load<f64>(gradient + at));
    sum += r * r;
  }
  for (let i = n; i < o.thetaCount; i++) {
    const r = s.unit * load<f64>(gradient + ((<usize>i) << 3));
    sum += r * r;
  }
  return Math.sqrt(sum) / s.scale;
}

export function solverStatus(pointer: usize): i32 {
  return changetype<Solver>(pointer).status;
}

export function solverIterations(pointer: usize): i32 {
  return changetype<Solver>(pointer).iterations;
}

export function solverResidual(pointer: usize): f64 {
  return changetype<Solver>(pointer).residual;
}

export function solverValue(pointer: usize): f64 {
  return changetype<Solver>(pointer).value;
}

export function solverTheta(pointer: usize): usize {
  return changetype<Solver>(pointer).theta;
}
