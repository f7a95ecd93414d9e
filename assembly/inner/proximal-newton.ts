// Proximal Newton steps (Lee, Sun, Saunders 2014) for solves that take long, or get stuck: the quadratic model has the whole
// Hessian at the iterate, and quadratic-descent.ts minimizes it with the penalty. Where rows are nearly separated and penalties
// weak, the curvature p·(1 − p) falls by orders of magnitude on the way, columns that go together leave most of it to few
// directions, and weights come to kinks and leave them for thousands of iterations: the last 20 pairs are no model of that, and
// ten sweeps do not minimize one. Of 6000 random fits, 20 to 400 rows of 2 to 100 columns, labels of a linear model, penalties
// of 1e-9 to 1e-3, to 1e-4 or 1e-6, 28 ran out of 10000 iterations, now none; of 2000 to 1e-8 80, and 3 stalled, now none.
//
// Where the loss is flat it may bend at once, so that the Hessian's diagonal is raised by a share, which grows while steps are
// too long (Levenberg, Marquardt): 0.9 of the passes of the 621 long fits among the 6000.

import { formHessian, hessianScratchBytes, hessianWork, LARGEST, unknownAt } from "../losses/hessian";
import { Objective } from "../objective";
import { addGroupHessian, addGroupPull, groupDot, groupStart, memberAt } from "../penalties/group";
import { kinked, nearestSubgradient } from "../penalties/separable";
import { isConstant } from "./moments";
import { minimizeQuadratic, Quadratic } from "./quadratic-descent";
import { RowSpace } from "./row-space";
import { RUNNING, Solver } from "./solver";

/** Iterations after which a solve takes long. */
const LONG: i32 = 300;

/** … and it has cost as much as so many of these steps would. */
const STEPS: f64 = 2;

/** What an iteration costs beside its pass, in multiplications for each unknown. */
const BESIDE: f64 = 160;
const BESIDE_KINKS: f64 = 1500;

/** Multiplications of a step at most: about half a second, in which nothing else has its turn. */
const MOST_WORK: f64 = 2e9;

/** The model's residual goes below this share of the tolerance, or of a tenth of what it was where that is less. */
const ACCURACY: f64 = 0.3;
const FALL: f64 = 0.1;

/** Newton steps within a model at most. 187 long fits with 20, 8, 4: 3.2, 2.6, 3.2 s. */
const FACTORS: i32 = 8;

/** Of Newton steps within a model, at first. */
const DAMPING: f64 = 1e-8;

/** Keeps a diagonal from 0 where rows are separated beyond rounding. */
const TINY: f64 = 1e-300;

/**
 * Shares that the diagonal is raised by: after a step that was too long at least, otherwise, and at most. (1e-3 at least, 1e-3
 * at first and factors of 4 instead of 10 change the passes of the long fits by 1 % each.)
 */
const RAISED: f64 = 1e-4;
const LEAST: f64 = 1e-12;
const MOST: f64 = 10;

@unmanaged
export class Newton {
  order: i32; // unknowns at most
  blocks: bool; // the step is, or was, left to block-descent.ts
  raised: f64; // share that the Hessian's diagonal is raised by
  matrix: usize;
  factor: usize;
  vectors: usize; // f64[6][order]
  list: usize; // columns that take part: i32[columns]
  places: usize; // where each column is in it, or −1: i32[columns]
  scratch: usize;
}

/** Whether it is time for these steps, and there is no memory for them. */
export function wantsNewton(s: Solver, o: Objective): bool {
  return s.newton == 0 && s.status == RUNNING && isDue(s) && isOfUse(s, o);
}

function isDue(s: Solver): bool {
  return s.stuck || s.iterations >= LONG;
}

/** Whether a solve that other steps leave stuck has these to try, which it does from now on. */
export function resortsToNewton(s: Solver): bool {
  if (s.stuck || !isOfUse(s, changetype<Objective>(s.objective))) return false;
  s.stuck = true;
  s.idle = 0;
  return true;
}

/** Bytes that a solver wants, because it takes long; otherwise 0. It does not go on without. */
export function solverWants(pointer: usize): usize {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  if (!wantsNewton(s, o)) return 0;
  const m = <usize>min(o.thetaCount, LARGEST);
  return offsetof<Newton>() + ((m * (2 * m + 6) + <usize>o.columns) << 3) + hessianScratchBytes(o, <i32>m / o.outputs);
}

/** Not where second moments give all of it, nor in the space of the rows, nor for more outputs than unknowns may be. */
function isOfUse(s: Solver, o: Objective): bool {
  if (o.gram != 0 && o.groupNorm == 0) return false;
  const overRows = changetype<RowSpace>(s.rowSpace).capacity > 0 && !kinked(o);
  return !overRows && 2 * o.outputs <= LARGEST;
}

/** block: of `solverWants` bytes. */
export function solverSetNewton(pointer: usize, block: usize): void {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  const n = changetype<Newton>(block);
  const m = <usize>min(o.thetaCount, LARGEST);
  n.order = <i32>m;
  n.blocks = true;
  n.raised = LEAST;
  n.matrix = block + offsetof<Newton>();
  n.factor = n.matrix + ((m * m) << 3);
  n.vectors = n.factor + ((m * m) << 3);
  n.list = n.vectors + ((6 * m) << 3);
  n.places = n.list + ((<usize>o.columns) << 2);
  n.scratch = n.places + ((<usize>o.columns) << 2);
  s.newton = block;
}

/** trial ← about the minimizer of the model in θ′. Returns false, and does nothing, where another step is due. */
export function minimizeByNewton(s: Solver, o: Objective): bool {
  if (s.newton == 0 || !isDue(s) || !isOfUse(s, o)) return false;
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
  const count = listColumns(s, o, n, slopes);
  const pass = 2 * <f64>o.outputs * o.valueCount;
  const order = <f64>o.outputs * <f64>(count + 1);
  const forming = hessianWork(o, count);
  const work = forming + 0.5 * order * order * order;
  const iteration = pass + (kinked(o) ? BESIDE_KINKS : BESIDE) * <f64>o.thetaCount;
  if (order > <f64>n.order || work > MOST_WORK) return false;
  if (!s.stuck && <f64>s.iterations * iteration < STEPS * work) return false;
  formHessian(o, s.theta, s.moments, n.list, count, n.places, n.matrix, n.scratch);
  o.passes += forming / pass + 0.5;
  if (o.groupNorm > 0) addGroupHessian(o, s.centred, n.places, count, n.matrix);
  const q = changetype<Quadratic>(s.quadratic);
  poseModel(s, o, n, q, count, slopes);
  o.passes += minimizeQuadratic(q, o, ACCURACY * min(s.tolerance, FALL * s.residual), FACTORS) / pass;
  memory.copy(s.trial, s.centred, (<usize>o.thetaCount) << 3);
  for (let j = 0; j < o.columns; j++) {
    // A constant column is an intercept that is penalized.
    for (let c = 0; c < o.outputs && isConstant(o, s.moments, j); c++) {
      store<f64>(s.trial + ((<usize>(c * o.columns + j)) << 3), 0);
    }
  }
  for (let i = 0; i < q.size; i++) {
    store<f64>(s.trial + unknownAt(o, n.list, count, i), load<f64>(q.z + ((<usize>i) << 3)));
  }
  return true;
}

/** After a step of `minimizeByNewton`. length: that taken, 0 for none. */
export function learnTrust(s: Solver, length: f64): void {
  const n = changetype<Newton>(s.newton);
  if (length == 0) n.raised = max(100 * RAISED, 100 * n.raised);
  else if (length < 1) n.raised = max(RAISED, min(10 * n.raised, MOST));
  else n.raised = max(LEAST, 0.1 * n.raised);
}

/** list ← the columns with a weight that is not zero, or wants to leave it; groups at zero apart. Returns how many. */
function listColumns(s: Solver, o: Objective, n: Newton, slopes: usize): i32 {
  const d = o.columns;
  memory.fill(n.places, 0, (<usize>d) << 2);
  for (let g = 0; g < o.normGroups && o.groupNorm > 0; g++) {
    if (groupDot(o, g, s.centred, s.centred) > 0) continue;
    for (let k = groupStart(o, g); k < groupStart(o, g + 1); k++) {
      store<i32>(n.places + (((memberAt(o, k) >> 3) % <usize>d) << 2), -1);
    }
  }
  let count = 0;
  for (let j = 0; j < d; j++) {
    const place = n.places + ((<usize>j) << 2);
    let moves = false;
    for (let c = 0; c < o.outputs && load<i32>(place) == 0 && !isConstant(o, s.moments, j); c++) {
      const at = (<usize>(c * d + j)) << 3;
      const w = load<f64>(s.centred + at);
      if (w != 0 || nearestSubgradient(o, w, load<f64>(slopes + at)) != 0) moves = true;
    }
    store<i32>(place, moves ? count : -1);
    if (!moves) continue;
    store<i32>(n.list + ((<usize>count) << 2), j);
    count++;
  }
  return count;
}

function poseModel(s: Solver, o: Objective, n: Newton, q: Quadratic, count: i32, slopes: usize): void {
  const vector = (<usize>n.order) << 3;
  q.size = o.outputs * (count + 1);
  q.penalized = o.outputs * count;
  q.matrix = n.matrix;
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
    const from = unknownAt(o, n.list, count, i);
    const to = (<usize>i) << 3;
    store<f64>(q.z + to, load<f64>(s.centred + from));
    store<f64>(q.slopes + to, load<f64>(slopes + from));
    const own = n.matrix + <usize>i * (q.stride + 8);
    store<f64>(own, load<f64>(own) * (1 + n.raised) + TINY);
  }
}
