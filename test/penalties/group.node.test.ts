import { expect, test } from "vitest";
import { data, groupNorm, LinearLoss, fit as minimize } from "../../src/index.ts";

// glmnet 4 (R): glmnet(x, y, family = "multinomial", type.multinomial = "grouped", alpha = 1, standardize = FALSE,
// lambda = c(0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002), thresh = 1e-14), its coefficients judged in double precision.
test.each([
  [0.05, 1.99649360636, 45],
  [0.01, 0.826914489206, 35],
  [0.002, 0.291127641945, 27],
])(
  "500 digits, groups of weight %d: the objective and the columns left out are those of glmnet",
  async (g, objective, zeros) => {
    const digits = data.rescale(
      await data.csv(new URL("../../data/digits.csv.gz", import.meta.url), { target: "digit" }),
      16,
    );
    const { train } = data.split(digits, { validation: digits.rows - 500, seed: 1 });
    const loss = new LinearLoss("logLoss", { g: groupNorm() }, { g });
    const result = await minimize({ model: "softmax", train, loss, tolerance: 1e-8 });
    expect(Math.abs(result.objective / objective - 1)).toBeLessThan(3e-11);
    expect(result.model.coefficients.subarray(0, 64).filter((w) => w === 0)).toHaveLength(zeros);
  },
);
