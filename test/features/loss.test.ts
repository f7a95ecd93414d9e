import { expect, test } from "vitest";
import {
  classWeights,
  convexPenalty,
  type Features,
  LinearLoss,
  l1,
  l2,
  labelSmoothing,
  fit as minimize,
} from "../../src/index.ts";
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

test("a loss of another copy of the package, or a structured clone, is minimized as the loss that it is", async () => {
  const features: Features = { ...classWeights(train), ...convexPenalty({ knots: 2 }) };
  const lambda = Object.fromEntries(Object.keys(features).map((name) => [name, 0.1]));
  const loss = new LinearLoss("logLoss", features, lambda);
  const other = blobs(50, 3, 2, 2);
  const { objective } = await minimize({ model: "logistic", train: other, loss });
  const { lossName } = loss;
  for (const copy of [structuredClone(loss), Object.freeze({ lossName, features, lambda })] as LinearLoss[]) {
    expect(copy).not.toBeInstanceOf(LinearLoss);
    const fitted = await minimize({ model: "logistic", train: other, loss: copy });
    expect(fitted.objective).toBe(objective);
    expect(String(fitted.loss)).toBe(String(loss));
    await expect(minimize({ model: "squared", train: other, loss: copy })).rejects.toMatchObject({ code: "OPTION" });
  }
  const damaged = { ...structuredClone(loss), lambda: {} } as LinearLoss;
  await expect(minimize({ model: "logistic", train, loss: damaged })).rejects.toMatchObject({ code: "LAMBDA" });
});

test.each([
  ["bounds the wrong way about", { features: { l2: { min: 1, max: 0.1 } } }],
  ["a bound of 0", { features: { l2: { min: 0 } } }],
  ["a weight of no feature", { lambda: { l1: 0.1 } }],
  ["a knot twice", { features: { again: { kind: "hinge", knot: 0, min: 1e-6, max: 1 } }, lambda: { again: 0.1 } }],
  ["a class twice", { features: { again: classWeights(train)["class:0"] }, lambda: { again: 0.1 } }],
])("what is stored with %s is damaged", (_, damage: { features?: object; lambda?: object }) => {
  const features: Features = { ...classWeights(train), ...convexPenalty({ knots: 2 }) };
  const lambda = Object.fromEntries(Object.keys(features).map((name) => [name, 0.1]));
  const whole = JSON.parse(JSON.stringify(new LinearLoss("logLoss", features, lambda)));
  expect(String(LinearLoss.fromJSON(JSON.stringify(whole)))).toContain("max(0, |w| − ");
  for (const [name, part] of Object.entries(damage.features ?? {}))
    whole.features[name] = { ...whole.features[name], ...part };
  Object.assign(whole.lambda, damage.lambda);
  expect(() => LinearLoss.fromJSON(JSON.stringify(whole))).toThrow(expect.objectContaining({ code: "CORRUPT" }));
});
