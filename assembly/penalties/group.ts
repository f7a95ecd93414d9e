// groupNorm·Σ_g √|g|·‖W_g‖₂, W_g the weights of the |g| columns of group g for all outputs (Yuan and Lin 2006): whole
// columns are in the model or out of it. Not separable, but of one number per group, ‖W_g‖: what is separable (L1, L2,
// hinges) and what is not meet in a scalar equation.

import { Objective } from "../objective";
import { nearestSubgradient, prox } from "./separable";

/** First of the members of group g. */
export function groupStart(o: Objective, g: i32): i32 {
  return load<i32>(o.normStarts + ((<usize>g) << 2));
}

/** Byte offset of member k among the weights. */
export function memberAt(o: Objective, k: i32): usize {
  return (<usize>load<i32>(o.normMembers + ((<usize>k) << 2))) << 3;
}

/** √|g|, columns that are not read included: they are zero, and the user's group is as large. */
export function groupFactor(o: Objective, g: i32): f64 {
  return load<f64>(o.normFactors + ((<usize>g) << 3));
}

/** x_g·y_g. */
export function groupDot(o: Objective, g: i32, x: usize, y: usize): f64 {
  const end = groupStart(o, g + 1);
  let sum: f64 = 0;
  for (let k = groupStart(o, g); k < end; k++) {
    const at = memberAt(o, k);
    sum += load<f64>(x + at) * load<f64>(y + at);
  }
  return sum;
}

/** Σ_g √|g|·‖W_g‖, unweighted. */
export function groupNormSum(o: Objective, w: usize): f64 {
  let sum: f64 = 0;
  for (let g = 0; g < o.normGroups; g++) sum += groupFactor(o, g) * Math.sqrt(groupDot(o, g, w, w));
  return sum;
}

/** groupNormSum(to) − groupNormSum(from), from ‖z‖ − ‖x‖ = Σ (z − x)(z + x)/(‖z‖ + ‖x‖). */
export function groupNormChange(o: Objective, from: usize, to: usize): f64 {
  let sum: f64 = 0;
  for (let g = 0; g < o.normGroups; g++) {
    const end = groupStart(o, g + 1);
    let before: f64 = 0;
    let after: f64 = 0;
    let change: f64 = 0;
    for (let k = groupStart(o, g); k < end; k++) {
      const at = memberAt(o, k);
      const x = load<f64>(from + at);
      const z = load<f64>(to + at);
      before += x * x;
      after += z * z;
      change += (z - x) * (z + x);
    }
    if (change != 0) sum += (groupFactor(o, g) * change) / (Math.sqrt(before) + Math.sqrt(after));
  }
  return sum;
}

/** ‖the element of gradient_g + ∂penalty(W_g) nearest to zero‖². */
export function groupSubgradientSquares(o: Objective, g: i32, w: usize, gradient: usize): f64 {
  const end = groupStart(o, g + 1);
  const strength = o.groupNorm * groupFactor(o, g);
  const norm = Math.sqrt(groupDot(o, g, w, w));
  const pull = norm > 0 ? strength / norm : 0;
  let sum: f64 = 0;
  for (let k = groupStart(o, g); k < end; k++) {
    const at = memberAt(o, k);
    const x = load<f64>(w + at);
    const r = nearestSubgradient(o, x, load<f64>(gradient + at) + pull * x);
    sum += r * r;
  }
  if (norm > 0) return sum;
  // At zero the subdifferential is a box plus a ball: nearest to the box first, then the ball takes what it can.
  const rest = max(0, Math.sqrt(sum) - strength);
  return rest * rest;
}

/**
 * x_g ← argmin_z Σ_i ½·a_i·(z_i − x_i)² + penalty(z_g), exactly; a and x are indexed by weight.
 *
 * Off zero ∇(strength·‖z‖) = s·z with s = strength/‖z‖: a ridge. So z(s) is separable, prox with s more ridge, and what
 * remains is ‖z(s)‖ = strength/s, solved for t = 1/s as t/‖z(1/t)‖ = 1/strength. That is linear in t where all a_i are
 * equal and no knot is crossed, and increasing always: Newton steps, kept in a bracket.
 */
export function groupProx(o: Objective, g: i32, a: usize, x: usize): void {
  const start = groupStart(o, g);
  const end = groupStart(o, g + 1);
  const strength = o.groupNorm * groupFactor(o, g);
  let pulls: f64 = 0; // ‖of the data, beyond what the kinks at zero take‖²
  let curvature: f64 = 0;
  for (let k = start; k < end; k++) {
    const at = memberAt(o, k);
    const ai = load<f64>(a + at);
    const pull = nearestSubgradient(o, 0, ai * load<f64>(x + at));
    pulls += pull * pull;
    curvature += ai + o.l2;
  }
  const excess = Math.sqrt(pulls) - strength;
  if (!(excess > 0)) {
    for (let k = start; k < end; k++) store<f64>(x + memberAt(o, k), 0);
    return;
  }
  if (strength == 0) {
    for (let k = start; k < end; k++) {
      const at = memberAt(o, k);
      store<f64>(x + at, proxAt(o, a + at, x + at, 0));
    }
    return;
  }
  let low: f64 = 0;
  let high = ridgeNorm(o, start, end, a, x, 0) / strength;
  let t = min((excess * <f64>(end - start)) / (strength * curvature), high);
  let running = true;
  for (let i = 0; i < 60 && running; i++) {
    const norm = ridgeNorm(o, start, end, a, x, 1 / t);
    if (norm > strength * t) low = t;
    else high = t;
    const slope = (norm - t * ridgeSlope(o, start, end, a, x, 1 / t, norm)) / (norm * norm);
    let next = t - (t / norm - 1 / strength) / slope;
    running = Math.abs(next - t) > 2e-16 * t;
    // Across a knot Newton may step from one end of the bracket to the other, and back.
    if (running && !(next > low && next < high)) next = 0.5 * (low + high);
    t = next;
  }
  for (let k = start; k < end; k++) {
    const at = memberAt(o, k);
    store<f64>(x + at, proxAt(o, a + at, x + at, 1 / t));
  }
}

function proxAt(o: Objective, a: usize, x: usize, ridge: f64): f64 {
  return prox(o, load<f64>(a), load<f64>(a) * load<f64>(x), ridge);
}

/** ‖z(s)‖ of `groupProx`. */
function ridgeNorm(o: Objective, start: i32, end: i32, a: usize, x: usize, s: f64): f64 {
  let sum: f64 = 0;
  for (let k = start; k < end; k++) {
    const at = memberAt(o, k);
    const z = proxAt(o, a + at, x + at, s);
    sum += z * z;
  }
  return Math.sqrt(sum);
}

/** d‖z(1/t)‖/dt: z_i moves as s²·z_i/(a_i + l2 + s) unless a knot holds it. */
function ridgeSlope(o: Objective, start: i32, end: i32, a: usize, x: usize, s: f64, norm: f64): f64 {
  let sum: f64 = 0;
  for (let k = start; k < end; k++) {
    const at = memberAt(o, k);
    const z = proxAt(o, a + at, x + at, s);
    let held = false;
    for (let b = 0; b < o.knotCount; b++) {
      if (Math.abs(z) == load<f64>(o.knots + ((<usize>b) << 3))) held = true;
    }
    if (!held) sum += (z * z) / (load<f64>(a + at) + o.l2 + s);
  }
  return (s * s * sum) / norm;
}

/** out += (Hessian of the group norm at w, groups at zero apart)·v. */
export function addGroupCurvature(o: Objective, w: usize, v: usize, out: usize): void {
  for (let g = 0; g < o.normGroups; g++) {
    const square = groupDot(o, g, w, w);
    if (square == 0) continue;
    const strength = (o.groupNorm * groupFactor(o, g)) / Math.sqrt(square);
    const along = groupDot(o, g, w, v) / square;
    const end = groupStart(o, g + 1);
    for (let k = groupStart(o, g); k < end; k++) {
      const at = memberAt(o, k);
      store<f64>(out + at, load<f64>(out + at) + strength * (load<f64>(v + at) - along * load<f64>(w + at)));
    }
  }
}

/** out += gradient of the group norm at w, groups at zero apart. */
export function addGroupPull(o: Objective, w: usize, out: usize): void {
  for (let g = 0; g < o.normGroups; g++) {
    const norm = Math.sqrt(groupDot(o, g, w, w));
    const end = groupStart(o, g + 1);
    for (let k = groupStart(o, g); k < end && norm > 0; k++) {
      const at = memberAt(o, k);
      const pull = (o.groupNorm * groupFactor(o, g)) / norm;
      store<f64>(out + at, load<f64>(out + at) + pull * load<f64>(w + at));
    }
  }
}

/**
 * matrix += Hessian of the group norm at w, groups at zero apart, in `count` columns: output by output, the place of each
 * column in i32[columns], or −1; the intercepts behind them.
 */
export function addGroupHessian(o: Objective, w: usize, places: usize, count: i32, matrix: usize): void {
  const order = o.outputs * (count + 1);
  for (let g = 0; g < o.normGroups; g++) {
    const square = groupDot(o, g, w, w);
    if (square == 0) continue;
    const strength = (o.groupNorm * groupFactor(o, g)) / Math.sqrt(square);
    const end = groupStart(o, g + 1);
    for (let k = groupStart(o, g); k < end; k++) {
      const i = placeOfWeight(o, memberAt(o, k), places, count);
      if (i < 0) continue;
      const along = load<f64>(w + memberAt(o, k)) / square;
      for (let l = groupStart(o, g); l < end; l++) {
        const j = placeOfWeight(o, memberAt(o, l), places, count);
        if (j < 0) continue;
        const at = matrix + ((<usize>i * <usize>order + <usize>j) << 3);
        const own: f64 = i == j ? 1 : 0;
        store<f64>(at, load<f64>(at) + strength * (own - along * load<f64>(w + memberAt(o, l))));
      }
    }
  }
}

/** −1 where its column has no place. */
function placeOfWeight(o: Objective, at: usize, places: usize, count: i32): i32 {
  const i = <i32>(at >> 3);
  const place = load<i32>(places + ((<usize>(i % o.columns)) << 2));
  return place < 0 ? -1 : (i / o.columns) * count + place;
}
