import { atLeast, createStudy, fixed, l1, l2 } from "../../src/index.ts";
import { blobs } from "./blobs.ts";

/** A small problem that is in order, to be spoiled in one way at a time. */
export const train = blobs(60, 4, 3, 1);
export const validation = blobs(60, 4, 3, 2);
export const setting = { model: "softmax", train, validation, features: { l1: l1(), l2: l2() } } as const;
export const y3 = ["a", "b", "a"];
export const lambda = { logLoss: fixed(1), l2: atLeast(0) };
export const model = { features: { logLoss: 1, l2: 1 }, error: 1 };

/** A study with one trial that was asked for. */
export function asked() {
  const study = createStudy({ lambda });
  return { study, trial: study.ask() };
}

export const scaled = (factor: number) => ({
  ...train,
  x: { kind: "dense" as const, values: Float64Array.from(train.x.values, (value) => value * factor) },
});
