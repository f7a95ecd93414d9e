// The ABI of the kernels: functions of numbers and pointers, nothing else. This list is complete.
export { allocate, allocatedBytes, release } from "./memory";
