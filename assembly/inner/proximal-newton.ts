// Proximal Newton steps (Lee, Sun, Saunders 2014) for solves that have cost more than a few of them, or get stuck: the quadratic
// model has the whole Hessian at the iterate, and quadratic-descent.ts minimizes it with the penalty. Where rows are nearly
// separated and penalties weak, the curvature p·(1 − p) falls by orders of magnitude on the way, columns that go together leave
// most of it to few directions, and weights come to kinks and leave them for thousands of iterations: the last 20 pairs are no
// model of that, and ten sweeps do not minimize one. Of 6000 random fits, 20 to 400 rows of 2 to 100 columns, labels of a linear
// model, penalties of 1e-9 to 1e-3, to 1e-4 or 1e-6, 28 ran out of 10000 iterations, now none; of 2000 to 1e-8 80, and 3
// stalled, now none.
//
// Where the loss is flat it may bend at once, so that the Hessian's diagonal is raised by a share, which grows while steps are
// too long (Levenberg, Marquardt): 0.9 of the passes of the 621 long fits among the 6000.

import { Hessian, hessianScratchBytes, hessianWork, LARGEST, startHessian, unknownAt } from "../losses/hessian";
import { Objective } from "../objective";
import { addGroupPull, groupDot, groupStart, memberAt } from "../penalties/group";
import { kinked, nearestSubgradient } from "../penalties/separable";
import { formHessian, hessianPasses, passWork } from "./hessian";
import { mayFollow } from "./homotopy";
import { isConstant } from "./moments";
import { advanceQuadratic, Quadratic, startQuadratic } from "./quadratic-descent";
import { RowSpace } from "./row-space";
import { RUNNING, Solver } from "./solver";

/**
 * These steps begin when a solve has cost as much as so many of them would: by its passes where weights have kinks of their own,
 * so that few columns are left. 400 data sets by chance, 20 to 400 rows of 3 to 900 columns, four λ each, beside these
 * steps after 300 iterations only: logistic losses with L1 take 0.71 of the passes, softmax 0.86, with hinges 0.80 and 0.74. An
 * example of 400 rows of 3000 columns, logistic, six λ of L1: 846 → 96 passes.
 */
const STEPS: f64 = 2;

/** Iterations from which on their work beyond passes counts as well. */
export const LONG: i32 = 300;

/** Work of an iteration beyond its passes, in multiplications per unknown: without and with kinks. */
const BESIDE: f64 = 160;
const BESIDE_KINKS: f64 = 1500;

/** Most multiplications of a step: half a second to two, in pieces of some 10 ms. */
const MOST_WORK: f64 = 2e9;

/** A model is minimized to this share of the tolerance, or of `FALL` times the residual if that is less. */
const ACCURACY: f64 = 0.3;
const FALL: f64 = 0.1;

/** Sweeps assumed when the work of a step is estimated; if the last model took more work, that counts. */
const SWEEPS: f64 = 20;

/** Newton steps within a model at most. 187 long fits with 20, 8, 4: 3.2, 2.6, 3.2 s. */
const FACTORS: i32 = 8;

/** Initial damping of the Newton steps within a model, relative to the curvature. */
const DAMPING: f64 = 1e-8;

/** Added to the Hessian's diagonal, which may be 0 where rows are separated beyond rounding. */
const TINY: f64 = 1e-300;

/**
 * Shares that the diagonal is raised by: at least after a step that was too long, at least otherwise, and at most. (1e-3 at
 * least, 1e-3 at first and factors of 4 instead of 10 change the passes of the long fits by 1 % each.)
 */
const RAISED: f64 = 1e-4;
const LEAST: f64 = 1e-12;
const MOST: f64 = 10;

@unmanaged
export class Newton {
  order: i32; // unknowns at most
  blocks: bool; // whether block-descent.ts takes the current step, or took the last
  formed: bool; // the Hessian of the step under way
  work: f64; // multiplications that the model of the last step took
  raised: f64; // share that the Hessian's diagonal is raised by
  hessian: usize; // in the columns that take part
  factor: usize;
  vectors: usize; // f64[6][order]
}

/** Whether it is time for these steps, and there is no memory for them. */
export function wantsNewton(s: Solver, o: Objective): bool {
  return s.newton == 0 && s.status == RUNNING && isOfUse(s, o) && isDue(s, o);
}

function isDue(s: Solver, o: Objective): bool {
  return s.stuck || ((s.iterations >= LONG || isSeparable(o)) && pays(s, o, activeColumns(s, o)));
}

/** Whether weights have kinks of their own. */
function isSeparable(o: Objective): bool {
  return kinked(o) && o.groupNorm == 0;
}

/** Whether a solve has cost as much as `STEPS` steps in so many columns. */
function pays(s: Solver, o: Objective, columns: i32): bool {
  const iterations = <f64>s.iterations;
  const goal = STEPS * stepWork(s, o, columns);
  if (isSeparable(o) && iterations * passWork(o) >= goal) return true;
  const beside = (kinked(o) ? BESIDE_KINKS : BESIDE) * <f64>o.thetaCount;
  return s.iterations >= LONG && iterations * (passWork(o) + beside) >= goal;
}

/** Multiplications of a step in so many columns, about. */
function stepWork(s: Solver, o: Objective, columns: i32): f64 {
  const order = <f64>o.outputs * <f64>(columns + 1);
  const model = (0.5 * order + SWEEPS) * order * order;
  const last = s.newton == 0 ? 0 : changetype<Newton>(s.newton).work;
  return hessianWork(o, columns) + max(model, last);
}

/** Number of columns with a nonzero weight. A step works on these and on columns whose weights want to leave zero. */
function activeColumns(s: Solver, o: Objective): i32 {
  const d = o.columns;
  let count = 0;
  for (let j = 0; j < d; j++) {
    let i = j;
    while (i < o.weightCount && load<f64>(s.centred + ((<usize>i) << 3)) == 0) i += d;
    if (i < o.weightCount) count++;
  }
  return count;
}

/** Whether a solve that is stuck with other steps can try these, or a path: then it does so from now on. */
export function resortsToNewton(s: Solver): bool {
  const o = changetype<Objective>(s.objective);
  if (s.stuck || !(isOfUse(s, o) || mayFollow(s, o))) return false;
  s.stuck = true;
  s.idle = 0;
  return true;
}

export function newtonBytes(o: Objective): usize {
  const m = <usize>min(o.thetaCount, LARGEST);
  return (
    offsetof<Newton>() +
    offsetof<Hessian>() +
    ((m * (2 * m + 6) + <usize>o.columns) << 3) +
    hessianScratchBytes(o, <i32>m / o.outputs)
  );
}

/** Not where second moments or a path minimize F itself, nor in the space of the rows, nor with over LARGEST / 2 outputs. */
function isOfUse(s: Solver, o: Objective): bool {
  if ((o.gram != 0 && o.groupNorm == 0) || mayFollow(s, o)) return false;
  const overRows = changetype<RowSpace>(s.rowSpace).capacity > 0 && !kinked(o);
  return !overRows && 2 * o.outputs <= LARGEST;
}

/** block: of `newtonBytes`. */
export function newtonInit(s: Solver, o: Objective, block: usize): void {
  const n = changetype<Newton>(block);
  const m = <usize>min(o.thetaCount, LARGEST);
  n.order = <i32>m;
  n.blocks = true;
  n.work = 0;
  n.raised = LEAST;
  n.hessian = block + offsetof<Newton>();
  const h = changetype<Hessian>(n.hessian);
  h.matrix = n.hessian + offsetof<Hessian>();
  n.factor = h.matrix + ((m * m) << 3);
  n.vectors = n.factor + ((m * m) << 3);
  h.list = n.vectors + ((6 * m) << 3);
  h.places = h.list + ((<usize>o.columns) << 2);
  h.scratch = h.places + ((<usize>o.columns) << 2);
  s.newton = block;
}

/** Begins a step of `advanceNewton`. Returns false where another one is due. */
export function startNewton(s: Solver, o: Objective): bool {
  if (s.newton == 0 || !isOfUse(s, o) || !isDue(s, o)) return false;
  const n = changetype<Newton>(s.newton);
  // Whether a group is zero is found by the steps of block-descent.ts, every other one.
  n.blocks = o.groupNorm > 0 && !n.blocks;
  if (n.blocks) return false;
  if (n.raised > MOST) {
    n.raised = MOST;
    return false;
  }
  const slopes = s.step; // free until the step is known
  memory.copy(slopes, s.gradient, (<usize>o.thetaCount) << 3);
  if (o.groupNorm > 0) addGroupPull(o, s.centred, slopes);
  const h = changetype<Hessian>(n.hessian);
  listColumns(s, o, h, slopes);
  const order = <f64>o.outputs * <f64>(h.count + 1);
  if (order > <f64>n.order || stepWork(s, o, h.count) > MOST_WORK) return false;
  if (!s.stuck && !pays(s, o, h.count)) return false;
  poseModel(s, o, n, slopes);
  startHessian(h, o);
  n.formed = false;
  return true;
}

/** trial ← about the minimizer of the model in θ′, a piece at a time. Returns whether it is there. */
export function advanceNewton(s: Solver, o: Objective): bool {
  const n = changetype<Newton>(s.newton);
  const h = changetype<Hessian>(n.hessian);
  const q = changetype<Quadratic>(s.quadratic);
  if (!n.formed) {
    n.formed = formHessian(h, s, o);
    if (!n.formed) return false;
    raiseDiagonal(q, n.raised);
    startQuadratic(q, ACCURACY * min(s.tolerance, FALL * s.residual), FACTORS);
  }
  if (!advanceQuadratic(q, o)) return false;
  o.passes += hessianPasses(o, h.count) + q.work / passWork(o);
  n.work = q.work;
  memory.copy(s.trial, s.centred, (<usize>o.thetaCount) << 3);
  for (let j = 0; j < o.columns; j++) {
    // A constant column is an intercept that is penalized.
    for (let c = 0; c < o.outputs && isConstant(o, s.moments, j); c++) {
      store<f64>(s.trial + ((<usize>(c * o.columns + j)) << 3), 0);
    }
  }
  for (let i = 0; i < q.size; i++) {
    store<f64>(s.trial + unknownAt(o, h.list, h.count, i), load<f64>(q.z + ((<usize>i) << 3)));
  }
  return true;
}

/** After a step of `advanceNewton`. length: that taken, 0 for none. */
export function learnTrust(s: Solver, length: f64): void {
  const n = changetype<Newton>(s.newton);
  if (length == 0) n.raised = max(100 * RAISED, 100 * n.raised);
  else if (length < 1) n.raised = max(RAISED, min(10 * n.raised, MOST));
  else n.raised = max(LEAST, 0.1 * n.raised);
}

/** Columns with a weight that is not zero, or wants to leave it, take part; groups at zero do not. */
function listColumns(s: Solver, o: Objective, h: Hessian, slopes: usize): void {
  const d = o.columns;
  memory.fill(h.places, 0, (<usize>d) << 2);
  for (let g = 0; g < o.normGroups && o.groupNorm > 0; g++) {
    if (groupDot(o, g, s.centred, s.centred) > 0) continue;
    for (let k = groupStart(o, g); k < groupStart(o, g + 1); k++) {
      store<i32>(h.places + (((memberAt(o, k) >> 3) % <usize>d) << 2), -1);
    }
  }
  let count = 0;
  for (let j = 0; j < d; j++) {
    const place = h.places + ((<usize>j) << 2);
    let moves = false;
    for (let c = 0; c < o.outputs && load<i32>(place) == 0 && !isConstant(o, s.moments, j); c++) {
      const at = (<usize>(c * d + j)) << 3;
      const w = load<f64>(s.centred + at);
      if (w != 0 || nearestSubgradient(o, w, load<f64>(slopes + at)) != 0) moves = true;
    }
    store<i32>(place, moves ? count : -1);
    if (!moves) continue;
    store<i32>(h.list + ((<usize>count) << 2), j);
    count++;
  }
  h.count = count;
}

/** The quadratic model, but for its Hessian. */
function poseModel(s: Solver, o: Objective, n: Newton, slopes: usize): void {
  const q = changetype<Quadratic>(s.quadratic);
  const h = changetype<Hessian>(n.hessian);
  const vector = (<usize>n.order) << 3;
  q.size = o.outputs * (h.count + 1);
  q.penalized = o.outputs * h.count;
  q.matrix = h.matrix;
  q.stride = (<usize>q.size) << 3;
  q.scale = 1;
  q.factor = n.factor;
  q.z = n.vectors;
  q.slopes = n.vectors + vector;
  q.variances = 0;
  q.working = s.working;
  q.own = n.vectors + 2 * vector;
  q.other = n.vectors + 3 * vector;
  q.trial = n.vectors + 4 * vector;
  q.change = n.vectors + 5 * vector;
  q.damping = DAMPING;
  q.unit = s.unit;
  q.yardstick = s.scale;
  for (let i = 0; i < q.size; i++) {
    const from = unknownAt(o, h.list, h.count, i);
    const to = (<usize>i) << 3;
    store<f64>(q.z + to, load<f64>(s.centred + from));
    store<f64>(q.slopes + to, load<f64>(slopes + from));
  }
}

function raiseDiagonal(q: Quadratic, share: f64): void {
  for (let i = 0; i < q.size; i++) {
    const own = q.matrix + <usize>i * (q.stride + 8);
    store<f64>(own, load<f64>(own) * (1 + share) + TINY);
  }
}
