import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = `${root}dist/cli/main.js`;
const run = promisify(execFile);
let cwd = "";
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "learnloss-"));
});
afterAll(() => rmSync(cwd, { recursive: true }));

async function learnloss(...parameters: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(process.execPath, [main, ...parameters], { cwd })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

const cancer = [`${root}data/breast-cancer.csv`, "--target", "diagnosis", "--model", "logistic", "--standardize"];

describe("learnloss demo", () => {
  test("prints the table and writes a page that loads nothing", async () => {
    const { code, stdout } = await learnloss("demo");
    expect(code).toBe(0);
    for (const method of ["default", "grid", "random search", "LearnLoss"]) expect(stdout).toContain(method);
    const page = readFileSync(join(cwd, "report.html"), "utf8");
    expect(page.match(/<svg/g)!.length).toBeGreaterThanOrEqual(3);
    expect(page).not.toMatch(/<script|src=|href=|@import|url\(/);
    expect(page).not.toContain("NaN");
  });

  test("--json: one object; better than the default and than random search, near the grid at a tenth of its cost", async () => {
    const { stdout } = await learnloss("demo", "--json", "--report", "demo.html");
    const { table, ...result } = JSON.parse(stdout);
    const [standard, grid, random, learned] = table;
    expect(learned.logLoss).toBe(result.error);
    expect(learned.logLoss).toBeLessThan(Math.min(standard.logLoss, random.logLoss));
    expect(learned.logLoss).toBeLessThan(1.01 * grid.logLoss);
    expect(learned.passes).toBeLessThan(grid.passes / 10);
    expect(existsSync(join(cwd, "demo.html"))).toBe(true);
  });
});

describe("learnloss tune", () => {
  test("--json keeps its contract", async () => {
    const { code, stdout } = await learnloss("tune", ...cancer, "--features", "l1,l2", "--metric", "auc", "--json");
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      status: "complete",
      metric: "auc",
      lambda: { l1: expect.any(Number), l2: expect.any(Number) },
    });
    for (const name of [
      "error",
      "passes",
      "trials",
      "checkpoints",
      "milliseconds",
      "trainingPasses",
      "reducedPasses",
      "validationPasses",
    ]) {
      expect(result[name], name).toEqual(expect.any(Number));
    }
    expect(result.passes).toBeCloseTo(result.trainingPasses + result.reducedPasses, 9);
  });

  test("for people: λ, its error, the objective in words; a report and the loss in files", async () => {
    const { stdout } = await learnloss(
      "tune",
      ...cancer,
      "--features",
      "l2",
      "--report",
      "r.html",
      "--save-loss",
      "loss.json",
    );
    expect(stdout).toMatch(/log-loss 0\.\d+ with\n {2}l2 /);
    expect(readFileSync(join(cwd, "r.html"), "utf8")).toContain("<svg");
    expect(JSON.parse(readFileSync(join(cwd, "loss.json"), "utf8"))).toMatchObject({ learnloss: "loss", version: 1 });
  });

  test.each([
    ["label-smoothing,l2", "smoothing,l2"],
    ["class-weights,l2", "class:benign,class:malignant,l2"],
    ["group-norm,l2", "groupNorm,l2"],
    ["l1,l2,convex:8", "l1,l2,knot:0.03125,knot:0.0625,knot:0.125,knot:0.25,knot:0.5,knot:1,knot:2"],
  ])("--features %s", async (features, names) => {
    const budget = ["--passes", "60", "--report", "features.html", "--json"];
    const { stdout } = await learnloss("tune", ...cancer, "--features", features, ...budget);
    expect(Object.keys(JSON.parse(stdout).lambda).join()).toBe(names);
    const page = readFileSync(join(cwd, "features.html"), "utf8");
    expect(page.includes("The learned penalty")).toBe(features.includes("convex"));
  });

  test("--costs: the mean cost by a CSV of costs; a loss learned for it fits and decides", async () => {
    writeFileSync(join(cwd, "costs.csv"), "true,benign,malignant\nbenign,0,1\nmalignant,10,0\n");
    const cost = ["--costs", "costs.csv", "--features", "class-weights,l2"];
    const { stdout } = await learnloss("tune", ...cancer, ...cost, "--save-loss", "dear.json", "--json");
    const result = JSON.parse(stdout);
    expect(result.metric).toBe("mean-cost");
    // Always saying "malignant" costs the share of the benign rows.
    expect(result.error).toBeLessThan(0.3);
    await learnloss("fit", ...cancer, "--loss", "dear.json", "--output", "model.json");
    const count = async (...more: string[]) => {
      const predicted = await learnloss("predict", "model.json", cancer[0]!, "--json", ...more);
      return JSON.parse(predicted.stdout).predictions.filter((label: string) => label === "malignant").length;
    };
    expect(await count("--costs", "costs.csv")).toBeGreaterThan(await count());
    const cautious = await learnloss("tune", ...cancer, ...cost, "--decision", "least-expected-cost", "--json");
    expect(JSON.parse(cautious.stdout).error).toBeLessThan(0.3);
  });

  test("--groups-column: the worst group's error; --folds with --choice: its standard error", async () => {
    const lines = readFileSync(`${root}data/breast-cancer.csv`, "utf8").trim().split("\n");
    const grouped = lines.map((line, i) => `${line},${i === 0 ? "clinic" : i % 3 ? "north" : "south"}`);
    writeFileSync(join(cwd, "grouped.csv"), grouped.join("\n"));
    const rows = ["grouped.csv", ...cancer.slice(1), "--groups-column", "clinic"];
    const worst = await learnloss(
      "tune",
      ...[...rows, "--features", "group-weights,l2", "--metric", "worst-group-error", "--json"],
    );
    const { metric, lambda } = JSON.parse(worst.stdout);
    expect([metric, ...Object.keys(lambda)]).toEqual(["worst-group-error", "group:0", "group:1", "l2"]);
    const folds = ["--folds", "3", "--choice", "one-standard-error"];
    const { stdout } = await learnloss("tune", ...rows, "--features", "l2", ...folds, "--json");
    expect(JSON.parse(stdout).standardError).toBeGreaterThan(0);
  });

  test("--workers: the folds train in threads, with the result of one", async () => {
    const result = async (...more: string[]) => {
      const folds = ["--features", "l1,l2", "--folds", "4", "--json", ...more];
      const { stdout, stderr } = await learnloss("tune", ...cancer, ...folds);
      expect(stderr).toBe("");
      return { ...JSON.parse(stdout), milliseconds: 0 };
    };
    expect(await result("--workers", "2")).toEqual(await result());
  });

  test.each([
    ["passes", "30"],
    ["trials", "2"],
  ])("a budget of %s ends it normally", async (name, value) => {
    const { stdout } = await learnloss("tune", ...cancer, "--features", "l1,l2", `--${name}`, value, "--json");
    expect(JSON.parse(stdout).status).toBe(name);
  });

  test("a study cut short by its budget goes on to the same answer as one without a pause", async () => {
    const tune = async (...more: string[]) => {
      const { stdout } = await learnloss("tune", ...cancer, "--features", "l1,l2", "--json", ...more);
      const { milliseconds: _, ...result } = JSON.parse(stdout);
      return result;
    };
    await tune("--passes", "40", "--study", "paused.jsonl");
    const paused = readFileSync(join(cwd, "paused.jsonl"), "utf8");
    const resumed = await tune("--study", "paused.jsonl");
    expect(resumed).toEqual(await tune("--study", "whole.jsonl"));
    const whole = readFileSync(join(cwd, "whole.jsonl"), "utf8");
    expect(readFileSync(join(cwd, "paused.jsonl"), "utf8")).toBe(whole);
    expect(whole.startsWith(paused)).toBe(true);
    const { code } = await learnloss("report", "whole.jsonl", "--output", "study.html");
    expect(code).toBe(0);
    expect(readFileSync(join(cwd, "study.html"), "utf8")).not.toContain("NaN");
  });

  test.each([
    ["OPTION", ["--features", "l3"]],
    ["OPTION", ["--features", "l1,convex:x"]],
    ["OPTION", ["--features", "l1", "--metric", "accuracy"]],
    ["OPTION", ["--features", "l1", "--metric", "mean-squared-error"]],
    ["OPTION", ["--features", "l1", "--validation", "-1"]],
    ["OPTION", ["--features", "l1", "--folds", "3", "--choice", "worst"]],
    ["OPTION", ["--features", "l1", "--workers", "2"]],
    ["OPTION", ["--features", "l1", "--folds", "3", "--workers", "0"]],
    ["OPTION", ["--features", "l1", "--decision", "argmax"]],
    ["OPTION", ["--features", "l1", "--metric", "auc", "--costs", "costs.csv"]],
    ["IO", ["--features", "l1", "--costs", "missing.csv"]],
    ["BUDGET", ["--features", "l1", "--passes", "-3"]],
    ["SEED", ["--features", "l1", "--seed", "1.5"]],
    ["IO", ["--features", "l1", "--validation-data", "missing.csv"]],
    ["OPTION", ["--features", "l1", "--scale", "2"]],
  ])("%s for %j: exit code 2, the code on stderr and in JSON", async (expected, parameters) => {
    const { code, stdout, stderr } = await learnloss("tune", ...cancer, ...parameters, "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error.code).toBe(expected);
    expect(stderr).toContain(`learnloss: ${expected}: `);
  });
});

describe("misuse of the command line", () => {
  test.each([
    [["tune", "--json"], /--model/],
    [["frob", "--json"], /unknown command/],
    [["fit", "x.csv", "--target", "y", "--model", "softmax", "--frob", "--json"], /--frob/],
    [["fit", "x.csv", "y.csv", "--target", "y", "--model", "softmax", "--json"], /too many arguments/],
  ])("%j: OPTION, exit code 2, and where help is", async (parameters, message) => {
    const { code, stdout, stderr } = await learnloss(...parameters);
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({ code: "OPTION", message: expect.stringMatching(message) });
    expect(stderr).toMatch(/^learnloss: OPTION: .*--help\.\n$/);
  });

  test("every verb has help", async () => {
    for (const verb of ["demo", "tune", "fit", "predict", "ask-tell", "report", "lp"]) {
      const { code, stdout } = await learnloss(verb, "--help");
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: learnloss ${verb}`);
    }
  });

  test("data from standard input; a reader that stops early is no error", async () => {
    const command = (text: string) => run("bash", ["-o", "pipefail", "-c", text], { cwd });
    const program = `"${process.execPath}" "${main}"`;
    const { stdout } = await command(
      `${program} fit - --target cultivar --model softmax --l2 0.1 --standardize --output wine.json --json < "${root}data/wine.csv"`,
    );
    expect(JSON.parse(stdout).status).toBe("converged");
    const wine = `"${root}data/wine.csv"`;
    const many = Array.from({ length: 400 }, () => `tail -n +2 ${wine}`).join("; ");
    await command(`(head -1 ${wine}; ${many}) > many.csv`);
    const { stdout: first } = await command(`${program} predict wine.json many.csv --probabilities | head -1`);
    expect(first).toBe("prediction,0,1,2\n");
  });
});

describe("learnloss ask-tell", () => {
  function talk(lines: readonly unknown[], ...parameters: string[]): Promise<Record<string, unknown>[]> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [main, "ask-tell", ...parameters], { cwd });
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
      });
      child.on("error", reject);
      child.on("close", () =>
        resolve(
          text
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line)),
        ),
      );
      child.stdin.end(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
    });
  }
  const create = { create: { lambda: { logLoss: { fixed: 1 }, l2: { atLeast: 0 } }, seed: 7, trials: 2 } };
  const tell = (id: number, error: number | string) => ({ tell: { id, features: { logLoss: 0.3, l2: 2 }, error } });

  test("asks, is told, keeps everything in a file, goes on", async () => {
    const first = await talk([create, { ask: {} }, tell(0, 0.2), { ask: {} }, { best: {} }], "--study", "asked.jsonl");
    expect(first.map((answer) => Object.keys(answer)[0])).toEqual(["created", "trial", "ok", "trial", "best"]);
    expect(first[4]).toMatchObject({ best: { error: 0.2, trial: 0 } });
    const second = await talk([create, tell(1, "Infinity"), { best: {} }], "--study", "asked.jsonl");
    const { id, lambda } = first[3]!.trial as { id: number; lambda: object };
    expect(second[0]).toMatchObject({ created: { trials: 2, pending: [{ id, lambda }] } });
    expect(second[1]).toEqual({ ok: true, done: true });
    expect(second[2]).toEqual(first[4]);
  });

  test("what is wrong is answered with a code, and the talk goes on", async () => {
    const answers = await talk([
      { ask: {} },
      "x",
      "[]",
      create,
      tell(9, 1),
      { tell: { id: 0 } },
      { jump: {} },
      create,
      { ask: {} },
      tell(0, "NaN"),
    ]);
    expect(answers.map((answer) => (answer.error as { code?: string })?.code)).toEqual([
      "OPTION",
      "PARSE",
      "PARSE",
      undefined,
      "UNKNOWN_TRIAL",
      "SHAPE",
      "OPTION",
      "CONFLICT",
      undefined,
      undefined,
    ]);
  });
});

test("an unreadable CSV cell is named; --help exits with 0", async () => {
  writeFileSync(join(cwd, "bad.csv"), "a,b,y\n1,2,x\n3,oops,z\n");
  const { code, stderr } = await learnloss(
    "tune",
    "bad.csv",
    "--target",
    "y",
    "--model",
    "softmax",
    "--features",
    "l2",
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/learnloss: \w+: .*(line|row) 3/i);
  expect((await learnloss("--help")).code).toBe(0);
});
