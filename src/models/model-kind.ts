import { LearnLossError } from "../errors.ts";

/**
 * Linear models: softmax (multinomial logistic), logistic (two classes, one output) and squared loss. The plain loss is the
 * mean over the rows of −log p(label), for squared loss of ½(score − target)².
 */
export type ModelKind = "softmax" | "logistic" | "squared";

/** The numbers of assembly/objective.ts. */
export const MODELS: Record<ModelKind, number> = { softmax: 0, logistic: 1, squared: 2 };

/** @throws OPTION for a model that there is not */
export function checkModel(model: unknown): ModelKind {
  if (Object.hasOwn(MODELS, model as string)) return model as ModelKind;
  throw new LearnLossError("OPTION", `The model is ${model}: give one of ${Object.keys(MODELS).join(", ")}.`);
}
