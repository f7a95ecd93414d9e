import { expect, test } from "vitest";
import { boundsSentence } from "../../src/cli/reporting.ts";

test.each([
  ["log-loss", 0.1, 1.2, /proved to be from 0.1 to 1.2/],
  ["log-loss", 0, Number.POSITIVE_INFINITY, /not proved/],
  ["error-rate", 0.1, 1, /proved to be from 0.1 to 1/],
  ["error-rate", 0, 1, /not proved/], // which no model misses
  ["mean-squared-error", 0, 1, /proved to be from 0 to 1/],
])("bounds on %s from %d to %d, in words", (metric, lower, upper, sentence) => {
  expect(boundsSentence({ metric, errorBounds: { lower, upper } }).join(" ")).toMatch(sentence);
});
