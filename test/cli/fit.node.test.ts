import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { data, LinearModel } from "../../src/index.ts";
import { inFolder, learnloss } from "./command-line.ts";

interface Solution {
  readonly data: string;
  readonly prep: { readonly scale?: number; readonly standardized?: boolean };
  readonly model: string;
  readonly l1: number;
  readonly l2: number;
  readonly objective: number;
  readonly l1norm?: number;
  readonly half_l2norm_sq?: number;
  readonly nonzeros?: number;
  readonly coefficients?: number[];
  readonly intercept?: number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const { problems } = JSON.parse(readFileSync(`${root}test/fixtures/solutions.json`, "utf8")) as {
  problems: Solution[];
};

const targets: Record<string, string> = {
  "digits.csv.gz": "digit",
  "breast-cancer.csv": "diagnosis",
  "wine.csv": "cultivar",
  "diabetes.csv": "progression",
};

inFolder();

async function printed(...parameters: string[]): Promise<string> {
  const { code, stdout } = await learnloss(...parameters);
  expect(code).toBe(0);
  return stdout;
}

test("half an iteration is refused", async () => {
  const some = ["--target", "cultivar", "--model", "softmax", "--iterations", "2.5"];
  const { code, stderr } = await learnloss("fit", `${root}data/wine.csv`, ...some);
  expect([code, stderr]).toEqual([2, expect.stringContaining("OPTION: iterations is 2.5: give an integer")]);
});

describe("fit reproduces the reference solutions", () => {
  for (const problem of problems) {
    test(`${problem.data} ${problem.model} l1 ${problem.l1} l2 ${problem.l2}`, async () => {
      const { scale } = problem.prep;
      const result = JSON.parse(
        await printed(
          ...["fit", `${root}data/${problem.data}`, "--target", targets[problem.data]!, "--model", problem.model],
          ...[
            "--l1",
            String(problem.l1),
            "--l2",
            String(problem.l2),
            "--tolerance",
            "1e-8",
            "--json",
            "--coefficients",
          ],
          ...(scale === undefined ? ["--standardize"] : ["--scale", String(scale)]),
        ),
      );
      expect(result.status).toBe("converged");
      expect(result.residual).toBeLessThanOrEqual(1e-8);
      expect(Math.abs(result.objective / problem.objective - 1)).toBeLessThan(1e-10);
      const { l1norm, half_l2norm_sq, coefficients, intercept } = problem;
      if (problem.nonzeros !== undefined) expect(result.nonzeros).toBe(problem.nonzeros);
      if (l1norm !== undefined) expect(result.features.l1 / l1norm - 1).toBeCloseTo(0, 6);
      // Without ½‖W‖² the minimizer is not unique: scores may move between the classes at no cost in ‖W‖₁.
      if (half_l2norm_sq !== undefined && problem.l2 > 0)
        expect(result.features.l2 / half_l2norm_sq - 1).toBeCloseTo(0, 6);
      for (const [j, w] of (coefficients ?? []).entries()) {
        expect(Math.abs(result.coefficients[0][j] - w)).toBeLessThan(1e-6 * (1 + Math.abs(w)));
      }
      if (intercept !== undefined) expect(result.intercepts[0]).toBeCloseTo(intercept, 6);
      const data = result.features.logLoss ?? result.features.squaredError;
      const sum = data + problem.l1 * result.features.l1 + problem.l2 * result.features.l2;
      expect(Math.abs(sum / result.objective - 1)).toBeLessThan(1e-12);
    });
  }
});

describe("fit and predict", () => {
  test("a stored model, applied to the rows it was fitted on, names their labels", async () => {
    const path = "wine.json";
    const fitted = [
      "fit",
      `${root}data/wine.csv`,
      "--target",
      "cultivar",
      "--model",
      "softmax",
      "--l2",
      "0.01",
      "--standardize",
    ];
    await printed(...fitted, "--output", path);
    const { predictions, probabilities, classes } = JSON.parse(
      await printed("predict", path, `${root}data/wine.csv`, "--probabilities", "--json"),
    );
    const labels = readFileSync(`${root}data/wine.csv`, "utf8").trim().split("\n");
    const at = labels[0]!.split(",").indexOf("cultivar");
    const right = labels.slice(1).filter((line, i) => line.split(",")[at] === String(predictions[i]));
    expect(right.length).toBeGreaterThan(0.98 * predictions.length);
    for (const row of probabilities) {
      expect(row.length).toBe(classes.length);
      expect(row.reduce((a: number, b: number) => a + b)).toBeCloseTo(1, 12);
    }
    const lines = (await printed("predict", path, `${root}data/wine.csv`)).trim().split("\n");
    expect(lines).toEqual(["prediction", ...predictions.map(String)]);
    // The file is a model of the columns as they are, for programs too.
    const model = LinearModel.fromJSON(readFileSync(path, "utf8"));
    expect(model.predict(await data.csv(`${root}data/wine.csv`, { target: "cultivar" }))).toEqual(predictions);
  });

  test("a learned loss is used on other data", async () => {
    const loss = "loss.json";
    await printed(
      ...["tune", `${root}data/wine.csv`, "--target", "cultivar", "--model", "softmax", "--standardize", "--seed", "1"],
      ...["--features", "class-weights,l2", "--save-loss", loss, "--trials", "3", "--json"],
    );
    const result = JSON.parse(
      await printed(
        "fit",
        `${root}data/wine.csv`,
        "--target",
        "cultivar",
        "--model",
        "softmax",
        "--standardize",
        "--loss",
        loss,
        "--json",
      ),
    );
    expect(result.status).toBe("converged");
    expect(Object.keys(result.features)).toContain("l2");
    expect(Object.keys(result.features).filter((name) => name.startsWith("class:"))).toHaveLength(3);
  });

  test("labels that spreadsheets would run are escaped", async () => {
    const path = "formulas.csv";
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 7},${i % 2 === 0 ? "=cmd()" : "plain"}`);
    writeFileSync(path, `x,y\n${rows.join("\n")}\n`);
    await printed("fit", path, "--target", "y", "--model", "logistic", "--l2", "1", "--output", "f.json");
    const lines = (await printed("predict", "f.json", path)).trim().split("\n").slice(1);
    expect(lines.every((line) => line === "'=cmd()" || line === "plain")).toBe(true);
  });

  test.each([
    ["+", "-"],
    ["@", "="],
    ["+5", "-1.5x"],
    ["-1.5", "high"],
  ])("labels %s and %s are predicted as they are written, unless they could be run", async (one, other) => {
    const path = "signs.csv";
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${i < 20 ? one : other}`);
    writeFileSync(path, `x,y\n${rows.join("\n")}\n`);
    await printed("fit", path, "--target", "y", "--model", "logistic", "--l2", "0.01", "--output", "s.json");
    const lines = (await printed("predict", "s.json", path, "--probabilities")).trim().split("\n");
    const told = (label: string) => (label === "-1.5x" ? `'${label}` : label);
    const [header, ...predictions] = lines.map((line) => line.split(","));
    expect(header!.slice(1).sort()).toEqual([told(one), told(other)].sort());
    expect([predictions[0]![0], predictions.at(-1)![0]]).toEqual([told(one), told(other)]);
  });
});
