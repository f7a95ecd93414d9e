// The ABI of the LP engine, a module of its own so that `learnloss/lp` stays small. This list is complete.
export { allocate, allocatedBytes, release } from "./memory";
export {
  l1FitArray,
  l1FitBytes,
  l1FitCone,
  l1FitIncumbent,
  l1FitInit,
  l1FitIterations,
  l1FitMove,
  l1FitReweigh,
} from "./outer/l1-fit/model";
export { l1FitMoments } from "./outer/l1-fit/moments";
export { l1FitAppend } from "./outer/l1-fit/observations";
export { l1FitSolve } from "./outer/l1-fit/solver";
export { l1FitNumber, l1FitVerify } from "./outer/l1-fit/verification";
export {
  simplexArray,
  simplexBytes,
  simplexHead,
  simplexInit,
  simplexNumber,
  simplexRestart,
} from "./outer/simplex/model";
export { simplexSolve } from "./outer/simplex/solver";
