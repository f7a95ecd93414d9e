export { dense, sparse, take } from "./dataset.ts";
