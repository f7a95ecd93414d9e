// The entry `learnloss/mps`: reads problems for `learnloss/lp`.
export { type MpsModel, parseMps } from "./outer/mps.ts";
