// The ABI of the kernels: functions of numbers and pointers, nothing else. This list is complete. vexp, vlog, penaltyProx and
// reducedHessian are called by other kernels, and from outside by tests alone.

export {
  generatorBytes,
  generatorInit,
  generatorPanel,
  generatorSetStage,
  generatorWorkBytes,
} from "./augmentation/generator";
export { adjointFinish, adjointStart, adjointStep, adjointWorkBytes } from "./inner/adjoint";
export { directAdjoint, directAdjointBytes, directAdjointForm, directAdjointStart } from "./inner/direct-adjoint";
export { columnMoments } from "./inner/moments";
export { solverRefresh, solverStart, solverStep } from "./inner/solve";
export {
  solverBytes,
  solverGive,
  solverGrant,
  solverInit,
  solverLacks,
  solverScratchBytes,
  solverWants,
  solverWorkBytes,
} from "./inner/solver-memory";
export {
  solverGroupLosses,
  solverIterations,
  solverMidway,
  solverResidual,
  solverStatus,
  solverSteepness,
  solverTheta,
  solverValue,
} from "./inner/solver-state";
export {
  columnValues,
  workingColumns,
  workingObjective,
  workingStart,
  workingStep,
  workingTheta,
  workingValues,
} from "./inner/working-set";
export { axpyF64 as axpy, dotF64 as dot } from "./linalg/dense";
export { conditionValues, exp, log, vexp, vlog } from "./linalg/elementwise";
export { mix, stripBytes, stripSet } from "./linalg/mixture";
export { relaxedSimd } from "./linalg/multiply-add";
export { objectiveDerivatives } from "./losses/derivatives";
export { objectiveGradient, objectiveGroupGradient } from "./losses/gradient";
export { objectiveFormGram, objectiveGramBytes, objectiveUseGram } from "./losses/gram";
export { objectiveRowTerms, rowDistances, rowSum } from "./losses/rows";
export { objectiveKeptScores, objectiveScores } from "./losses/scores";
export { allocate, allocatedBytes, release } from "./memory";
export { balancedError, errorRate, macroF1Error, meanCost, worstGroupError } from "./metrics/classification";
export { decide, decideByCosts } from "./metrics/decisions";
export { logLoss, meanSquaredError } from "./metrics/losses";
export { aucError, aucScratchBytes, logOdds } from "./metrics/ranking";
export {
  objectiveBlockBytes,
  objectiveBytes,
  objectiveKeep,
  objectiveKeepBytes,
  objectiveKnow,
  objectivePasses,
  objectiveScratchBytes,
  objectiveSetData,
  objectiveSetFine,
  objectiveSetGap,
  objectiveSetGenerator,
  objectiveSetNormGroups,
  objectiveSetPenalty,
  objectiveValues,
} from "./objective";
export { penaltyFeatures, penaltyGap, penaltyProx } from "./penalties/penalty";
export { basisBytes, basisExpand, basisInit, basisProject, basisSet, basisSize } from "./reduced/basis";
export { reducedFactor, reducedWhole } from "./reduced/factor";
export { mixedDecisions, mixedDecisionsBytes, rowStripBytes, rowStripSet } from "./reduced/mixed-decisions";
export {
  reducedBytes,
  reducedFactorBytes,
  reducedGradient,
  reducedHessian,
  reducedInit,
  reducedPasses,
  reducedSetSmoothing,
  reducedWorkBytes,
} from "./reduced/model";
export {
  reducedSolve,
  reducedSolveAhead,
  reducedSolveLinear,
  reducedSolveNext,
} from "./reduced/newton";
export { reducedPenaltyDerivatives, reducedPenaltyFeatures, reducedPenaltyGradients } from "./reduced/penalties";
export {
  projectionDerivatives,
  projectionExtend,
  projectionGradient,
  projectionGroupGradients,
  projectionScores,
  projectionSet,
} from "./reduced/projection";
export { projectionBytes, projectionGrow, projectionInit, projectionLacks } from "./reduced/slots";
