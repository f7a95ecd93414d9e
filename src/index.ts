/// <reference lib="esnext.disposable" preserve="true" />
export type { CsrMatrix, Dataset, DenseMatrix, PlainRows } from "./data/dataset.ts";
export * as data from "./data/index.ts";
export { type ErrorCode, LearnLossError } from "./errors.ts";
export { type CostMatrix, type Costs, costMatrix, type Decision } from "./evaluate/costs.ts";
export type { Enclosure } from "./evaluate/enclosure.ts";
export type { Metric, MetricName, Scores } from "./evaluate/metric.ts";
export { type AugmentationOptions, augmentation, type ImageOptions } from "./features/augmentation.ts";
export type { WeightBounds } from "./features/bounds.ts";
export type { Feature, Features } from "./features/feature.ts";
export { classWeights, groupWeights } from "./features/groups.ts";
export { type ConvexPenaltyOptions, convexPenalty } from "./features/hinges.ts";
export { LinearLoss } from "./features/loss.ts";
export { type GroupNormOptions, groupNorm, l1, l2 } from "./features/norms.ts";
export type { Polyhedron } from "./features/polyhedron.ts";
export { labelSmoothing } from "./features/smoothing.ts";
export {
  blur,
  type Change,
  type Choice,
  contrast,
  cutout,
  either,
  mirror,
  noise,
  rotate,
  type Sequence,
  scale,
  sequence,
  shear,
  shift,
  type Transformation,
} from "./features/transformation.ts";
export { atLeast, between, fixed, share, type Weight } from "./features/weight.ts";
export { type FitOptions, type FitResult, fit } from "./fit.ts";
export { type FitPathOptions, fitPath } from "./fit-path.ts";
export { type PenaltyWeights, toGlmnetLambda, toSklearnC } from "./models/conventions.ts";
export { LinearModel, type LinearModelOptions } from "./models/linear.ts";
export type { ModelKind } from "./models/model-kind.ts";
export { type Certificate, type CertifiedModel, verifyCertificate } from "./outer/certificate.ts";
export type { OrderingProof } from "./outer/ordering-proof.ts";
export type { Budget, Run } from "./run.ts";
export {
  createStudy,
  type Observation,
  Study,
  type StudyOptions,
  type Trial,
  type TrialRecord,
} from "./study.ts";
export type { StudyEvent } from "./study-event.ts";
export type { ModelSeen, ToldModel } from "./told-model.ts";
export {
  type BestModel,
  createTuner,
  type Improvement,
  type Lambda,
  type Progress,
  type TuneResult,
  Tuner,
  type TunerEvents,
  type TunerOptions,
  tune,
} from "./tune.ts";
export { type KernelBuild, type LoadOptions, load } from "./wasm/load.ts";
