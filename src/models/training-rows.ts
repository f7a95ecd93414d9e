import type { Dataset } from "../data/dataset.ts";
import type { ObjectiveRows } from "./objective.ts";

/** Rows whose X may be in Wasm memory already. */
export type TrainingRows = Omit<Dataset, "x"> & Pick<ObjectiveRows, "x">;
