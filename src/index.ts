export { type ErrorCode, LearnLossError } from "./errors.ts";
