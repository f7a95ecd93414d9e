import { expect, test } from "vitest";
import { classWeights, type Features, LinearLoss, l1, l2, labelSmoothing, fit as minimize } from "../../src/index.ts";
import { blobs } from "../reference/blobs.ts";

const train = blobs(60, 3, 2, 1);

const WORDS: Record<string, string> = { "‖W‖₁": "l1", "½‖W‖²": "l2", "uniform cross-entropy": "smoothing" };

test.each([
  ["a penalty", { l2: l2() }, { l2: 0.02 }],
  ["label smoothing", { smoothing: labelSmoothing(), l2: l2() }, { smoothing: 0.4, l2: 0.02 }],
  ["label smoothing alone", { smoothing: labelSmoothing(), l1: l1() }, { smoothing: 1, l1: 0.02 }],
  [
    "class weights and smoothing",
    { ...classWeights(train), smoothing: labelSmoothing(), l1: l1() },
    { "class:0": 0.25, "class:1": 0.5, smoothing: 0.25, l1: 0.02 },
  ],
] as readonly [string, Features, Record<string, number>][])(
  "the objective in words, of its terms, is what is minimized: %s",
  async (_, features, lambda) => {
    const {
      loss,
      objective,
      features: phi,
    } = await minimize({
      model: "logistic",
      train,
      loss: new LinearLoss("logLoss", features, lambda),
    });
    const value = String(loss)
      .split(" + ")
      .reduce((sum, term) => {
        const [, weight = "1", words = ""] = /^(?:([\d.e-]+)·)?(.*)$/.exec(term)!;
        const name = WORDS[words] ?? words.replace(/^loss\((.*)\)$/, "$1");
        return sum + Number(weight) * phi[name]!;
      }, 0);
    expect(value).toBeCloseTo(objective, 12);
  },
);
