// The ABI of the LP engine, a module of its own so that `learnloss/lp` stays small. This list is complete.
export { allocate, allocatedBytes, release } from "./memory";
export {
  l1FitAppend,
  l1FitArray,
  l1FitBytes,
  l1FitCone,
  l1FitIncumbent,
  l1FitInit,
  l1FitIterations,
  l1FitMove,
  l1FitNumber,
  l1FitReweigh,
  l1FitSolve,
  l1FitVerify,
} from "./outer/l1-fit";
export {
  simplexArray,
  simplexBytes,
  simplexHead,
  simplexInit,
  simplexNumber,
  simplexSolve,
} from "./outer/simplex";
