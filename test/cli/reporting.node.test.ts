import { expect, test } from "vitest";
import { boundsSentence, certificateSentences } from "../../src/cli/reporting.ts";
import { atLeast, createStudy, fixed } from "../../src/index.ts";

test.each([
  ["log-loss", 0.1, 1.2, /proved to be from 0.1 to 1.2/],
  ["log-loss", 0, Number.POSITIVE_INFINITY, /not proved/],
  ["error-rate", 0.1, 1, /proved to be from 0.1 to 1/],
  ["error-rate", 0, 1, /not proved/], // which no model misses
  ["mean-squared-error", 0, 1, /proved to be from 0 to 1/],
])("bounds on %s from %d to %d, in words", (metric, lower, upper, sentence) => {
  expect(boundsSentence({ metric, errorBounds: { lower, upper } }).join(" ")).toMatch(sentence);
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
