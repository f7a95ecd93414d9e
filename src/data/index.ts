export { augment } from "./augment.ts";
export { type CsvOptions, csv } from "./csv.ts";
export { type DatasetOptions, dense, sparse, take } from "./dataset.ts";
export { folds, type SplitOptions, split } from "./split.ts";
export { rescale, type Standardization, standardization, standardize } from "./standardize.ts";
