// What a solver of min_θ λ·φ(θ) knows between its steps.

export const RUNNING: i32 = 0;
export const CONVERGED: i32 = 1;
export const STALLED: i32 = 2;
export const UNBOUNDED: i32 = 3;

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
  step: usize; // towards the minimizer of the quadratic model, in θ′
  dataWeights: usize; // λ of the data terms that `gradient`, `scale` and `curvature` are of: f64[groups + 1]
  groupLosses: usize; // of the data terms at the iterate: f64[groups + 1]
  working: usize; // unknowns that may move: i32[thetaCount]
  products: usize; // PRODUCT_BYTES
  curvature: usize;
  rowSpace: usize;
  quadratic: usize;
  line: usize;
  newton: usize; // once a solve took long (proximal-newton.ts); 0 before
  homotopy: usize; // the same (homotopy.ts)
  tolerance: f64;
  scale: f64; // ‖G₀‖
  nullLoss: f64; // of the data terms at the null model
  unit: f64; // s̄
  value: f64; // F at the iterate
  residual: f64; // relative, at the iterate
  leastResidual: f64;
  leastValue: f64; // when `idle` was last 0
  threshold: f64; // below this data loss the rows are separated and no minimizer exists
  dataLoss: f64;
  counted: i32; // rows that weigh anything
  iterations: i32;
  idle: i32; // iterations without progress of residual or value
  status: i32;
  midway: i32; // within an iteration of several pieces: which, otherwise 0
  stuck: bool; // steps of L-BFGS led nowhere: Newton steps from then on
  fine: bool; // `gradient` is of f64 arithmetic on an X in f32
  noise: f64; // what f32 arithmetic changes in the gradient, over `scale`; measured once it may matter
}
