// The ABI of the LP engine, a module of its own so that `learnloss/lp` stays small. This list is complete.
export { allocate, allocatedBytes, release } from "./memory";
