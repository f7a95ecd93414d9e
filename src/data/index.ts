export { augment } from "./augment.ts";
export { type CsvOptions, csv } from "./csv.ts";
export { type DatasetOptions, dense, sparse, take } from "./dataset.ts";
export { idx } from "./idx.ts";
export { libsvm } from "./libsvm.ts";
export { npy } from "./npy.ts";
export type { Source } from "./read.ts";
export { folds, type SplitOptions, split } from "./split.ts";
export { rescale, type Standardization, standardization, standardize } from "./standardize.ts";
