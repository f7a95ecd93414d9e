import { expect, test } from "vitest";
import { boundsSentence, certificateSentences, lossBounds } from "../../src/cli/reporting.ts";
import { atLeast, createStudy, createTuner, fixed, l1, l2 } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { blobs } from "../reference/blobs.ts";

test.each([
  ["log-loss", 0.1, 1.2, /proved to be from 0.1 to 1.2/],
  ["log-loss", 0, Number.POSITIVE_INFINITY, /not proved/],
  ["error-rate", 0.1, 1, /proved to be from 0.1 to 1/],
  ["error-rate", 0, 1, /not proved/], // which no model misses
  ["mean-squared-error", 0, 1, /proved to be from 0 to 1/],
])("bounds on %s from %d to %d, in words", (metric, lower, upper, sentence) => {
  expect(boundsSentence({ metric, errorBounds: { lower, upper } }).join(" ")).toMatch(sentence);
});

test("bounds in words are no narrower than those that were proved, and hardly wider", () => {
  const random = new Random(1);
  for (let i = 0; i < 20_000; i++) {
    const [lower, upper] = [random.uniform(), random.uniform()].map((u) => 10 ** (24 * u - 12)).sort((a, b) => a - b);
    const errorBounds = { lower: lower!, upper: upper! };
    const [sentence] = boundsSentence({ metric: "log-loss", errorBounds });
    const [, from, to] = /from (\S+) to (\S+)\.$/.exec(sentence!)!.map(Number);
    const rounding = (bound: number) => bound * (bound < 1e-3 ? 0.1 : 1e-3) * (1 + 1e-9);
    expect(from! <= lower! && lower! - from! <= rounding(lower!)).toBe(true);
    expect(to! >= upper! && to! - upper! <= rounding(upper!)).toBe(true);
  }
});

test("a certificate in words: of ties and of trainers without minimizers, no more than is proved", () => {
  const study = createStudy({ lambda: { logLoss: fixed(1), l2: atLeast(0) } });
  // The first is as good as the second, and has a larger loss whatever λ is, though its training ended.
  for (const logLoss of [0.5, 0.4]) study.tell(study.ask(), { features: { logLoss, l2: 1 }, error: 0.1 });
  const { certificate } = study;
  expect(certificate).toMatchObject({ explained: { model: 1 }, rejected: [{ model: 0 }] });
  const text = certificateSentences(study, certificate).join(" ");
  expect(text).toContain("1 model has no greater error (down to 0.1) and is ruled out");
  expect(text).toContain("a mixture of other models has a smaller loss");
});

test("the curve of the least loss is drawn at the λ that was chosen: it is no higher than the models seen", async () => {
  const features = { l1: l1(), l2: l2() };
  using tuner = createTuner({ model: "softmax", train: blobs(80, 8, 3, 1), validation: blobs(80, 8, 3, 2), features });
  const { lambda } = await tuner.run();
  const { weight, points } = lossBounds(tuner.study, lambda)!;
  for (const { lambda: value, lower, upper } of points) {
    const [first, second] = [weight === "l1" ? value : lambda.l1, weight === "l2" ? value : lambda.l2];
    const losses = tuner.study.observations.map(({ features: [logLoss, l1, l2] }) => {
      return logLoss! + first * l1! + second * l2!;
    });
    expect(upper).toBeCloseTo(Math.min(...losses), 12);
    expect(lower).toBeLessThanOrEqual(upper * (1 + 1e-9));
  }
});
