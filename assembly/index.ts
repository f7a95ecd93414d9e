// The ABI of the kernels: functions of numbers and pointers, nothing else. This list is complete.
export { objectiveGradient, objectiveScores } from "./losses/gradient";
export { allocate, allocatedBytes, release } from "./memory";
export {
  objectiveBytes,
  objectivePasses,
  objectiveScratchBytes,
  objectiveSetData,
  objectiveSetPenalty,
} from "./objective";
