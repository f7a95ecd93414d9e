import { copyFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { inFolder, learnloss } from "./command-line.ts";
import { onDisk } from "./full-disk.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
inFolder();

const cancer = [`${root}data/breast-cancer.csv`, "--target", "diagnosis", "--model", "logistic", "--standardize"];

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

  test("--explore --json says how much better an error may still be", async () => {
    const explored = ["--features", "l2", "--explore", "--passes", "300", "--json"];
    const { unexplored } = JSON.parse((await learnloss("tune", ...cancer, ...explored)).stdout);
    expect(unexplored).toBeGreaterThanOrEqual(0);
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
    expect(readFileSync("r.html", "utf8")).toContain("<svg");
    expect(JSON.parse(readFileSync("loss.json", "utf8"))).toMatchObject({ learnloss: "loss", version: 1 });
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
    const page = readFileSync("features.html", "utf8");
    expect(page.includes("The learned penalty")).toBe(features.includes("convex"));
  });

  test("--costs: the mean cost by a CSV of costs; a loss learned for it fits and decides", async () => {
    writeFileSync("costs.csv", "true,benign,malignant\nbenign,0,1\nmalignant,10,0\n");
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
    writeFileSync("twice.csv", "true,benign,malignant\nbenign,0,1\nbenign,0,2\n");
    const twice = await learnloss("tune", ...cancer, "--features", "l2", "--costs", "twice.csv");
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining("PARSE: Line 3") });
  });

  test("--groups-column: the worst group's error; --folds with --choice: its standard error", async () => {
    const lines = readFileSync(`${root}data/breast-cancer.csv`, "utf8").trim().split("\n");
    const grouped = lines.map((line, i) => `${line},${i === 0 ? "clinic" : i % 3 ? "north" : "south"}`);
    writeFileSync("grouped.csv", grouped.join("\n"));
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

  test.each([
    ["passes", "30"],
    ["trials", "2"],
  ])("a budget of %s ends it normally", async (name, value) => {
    const { stdout } = await learnloss("tune", ...cancer, "--features", "l1,l2", `--${name}`, value, "--json");
    expect(JSON.parse(stdout).status).toBe(name);
  });

  test.each([
    ["OPTION", ["--features", "l3"]],
    ["OPTION", ["--features", "l1,convex:x"]],
    ["OPTION", ["--features", "l1:0.1"]],
    ["OPTION", ["--features", "l1,convex:8:3"]],
    ["OPTION", ["--features", "l1", "--explore"]],
    ["OPTION", ["--features", "l1", "--folds", "3", "--validation", "0.3"]],
    ["IO", ["--features", "l1", "--report", "missing/report.html"]],
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
    ["BUDGET", ["--features", "l1", "--time", "NaN"]],
    ["BUDGET", ["--features", "l1", "--trials", "1.5"]],
    ["SEED", ["--features", "l1", "--seed", "1.5"]],
    ["SEED", ["--features", "l1", "--seed", "x"]],
    ["IO", ["--features", "l1", "--validation-data", "missing.csv"]],
    ["OPTION", ["--features", "l1", "--scale", "2"]],
  ])("%s for %j: exit code 2, the code on stderr and in JSON", async (expected, parameters) => {
    const { code, stdout, stderr } = await learnloss("tune", ...cancer, ...parameters, "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error.code).toBe(expected);
    expect(stderr).toContain(`learnloss: ${expected}: `);
  });

  test("a value whose square overflows is named by its row in the file, whichever part that goes to", async () => {
    for (const row of [1, 7, 30]) {
      const lines = Array.from({ length: 40 }, (_, i) => `${i + 1 === row ? 1e35 : i},${i % 7},${i % 2}`);
      writeFileSync("large.csv", ["a,b,y", ...lines].join("\n"));
      const tune = ["tune", "large.csv", "--target", "y", "--model", "logistic", "--features", "l1,l2"];
      const { code, stderr } = await learnloss(...tune);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`OVERFLOW: X is 1e+35 at row ${row}, column 1`)]);
      expect((await learnloss(...tune, "--scale", "1e30")).code).toBe(0);
    }
  });

  test("data that are a ZIP archive, or standard input twice, are refused with what to do", async () => {
    writeFileSync("arrays.npz", Uint8Array.of(0x50, 0x4b, 3, 4, 0x14, 0, 0, 0));
    const archive = await learnloss("tune", "arrays.npz", "--model", "logistic", "--target", "y", "--features", "l2");
    expect([archive.code, archive.stderr]).toEqual([2, expect.stringMatching(/PARSE: .*ZIP.*\.npy/)]);
    const twice = await learnloss(
      "tune",
      "-",
      "--model",
      "logistic",
      "--target",
      "y",
      "--features",
      "l2",
      "--validation-data",
      "-",
    );
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringMatching(/OPTION: .*standard input/)]);
  });
});

test("no output is written over another file of the command, whatever its path", async () => {
  copyFileSync(cancer[0]!, "rows.csv");
  symlinkSync("rows.csv", "link.csv");
  const rows = ["rows.csv", ...cancer.slice(1), "--features", "l2", "--passes", "20"];
  await learnloss("tune", ...rows, "--study", "kept.jsonl", "--save-loss", "kept.json");
  const files = ["rows.csv", "kept.jsonl", "kept.json"];
  const texts = files.map((file) => readFileSync(file, "utf8"));
  for (const parameters of [
    ["tune", ...rows, "--save-loss", "rows.csv"],
    ["tune", ...rows, "--report", "./link.csv"],
    ["tune", ...rows, "--study", "kept.jsonl", "--save-loss", "kept.jsonl"],
    ["tune", ...rows, "--report", "new.html", "--save-loss", "./new.html"],
    ["fit", ...rows.slice(0, -4), "--loss", "kept.json", "--output", "kept.json"],
    ["fit", ...rows.slice(0, -4), "--loss", "kept.json", "--output", "-"],
    ["report", "kept.jsonl", "--output", "kept.jsonl"],
  ]) {
    const { code, stderr } = await learnloss(...parameters);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/OPTION: --[a-z-]+ is "[^"]+", which is /)]);
  }
  expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(texts);
  expect(["new.html", "-"].filter((file) => existsSync(file))).toEqual([]);
});

// A disk that is full by the time, as Linux has one.
test.skipIf(!existsSync("/dev/full"))("a file that cannot be written at the end loses no result", async () => {
  for (const [verb, file] of [
    ["tune", ["--features", "l2", "--passes", "20", "--save-loss"]],
    ["tune", ["--features", "l2", "--passes", "20", "--report"]],
    ["fit", ["--l2", "0.1", "--output"]],
  ] as const) {
    const { code, stdout, stderr } = await learnloss(verb, ...cancer, ...file, "/dev/full", "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout).passes).toBeGreaterThan(0);
    expect(stderr).toContain("learnloss: IO: /dev/full cannot be written");
  }
});

test("columns to ignore add up, and may have a comma in their names", async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${Math.sin(i)},${i},${Math.cos(i)},${i % 2 ? "x" : "y"}`);
  writeFileSync("wide.csv", ['a,"id, old",b,kind', ...rows].join("\n"));
  const fit = ["fit", "wide.csv", "--target", "kind", "--model", "logistic", "--l2", "0.1", "--output", "model.json"];
  for (const ignored of [
    ["--ignore", "b", "--ignore", '"id, old"'],
    ["--ignore", ' "id, old" , b'],
  ]) {
    expect(await learnloss(...fit, ...ignored)).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync("model.json", "utf8")).columnNames).toEqual(["a"]);
  }
  expect((await learnloss(...fit, "--ignore", "c")).stderr).toContain('its columns are a, "id, old", b, kind');
});

test("a study that is run again with a time goes on from what it holds, one with too small a budget says what it holds", async () => {
  const explore = ["--features", "l1,l2", "--explore"];
  const run = async (...more: string[]) => {
    const { stdout, stderr } = await learnloss(
      "tune",
      ...cancer,
      ...explore,
      "--study",
      "again.jsonl",
      "--json",
      ...more,
    );
    return { ...JSON.parse(stdout), stderr };
  };
  const first = await run("--passes", "600");
  const less = await run("--passes", "100");
  expect(less.stderr).toMatch(/repeats \d+ of the \d+ trainings in again\.jsonl/);
  // Since its last training the first run has searched, to no purpose yet: how much of that is done again is the clock's affair.
  const { event: last } = JSON.parse(readFileSync("again.jsonl", "utf8").trim().split("\n").at(-1)!);
  const again = await run("--time", "1");
  expect(again.status).toBe("time");
  expect(again.trials).toBeGreaterThanOrEqual(first.trials);
  expect(again.passes).toBeGreaterThanOrEqual(last.passes);
  expect(again.error).toBeLessThanOrEqual(first.error);
  const both = await run("--time", "100000", "--passes", String(Math.ceil(again.passes) + 50));
  expect(both).toMatchObject({ status: "passes", stderr: expect.not.stringContaining("repeats") });
  expect(both.passes).toBeLessThan(again.passes + 200);
});

test("a study that is run again with a time and no more trainings than it holds ends with these", async () => {
  const run = ["tune", ...cancer, "--features", "l1,l2", "--study", "trials.jsonl", "--json", "--trials", "3"];
  const first = JSON.parse((await learnloss(...run)).stdout);
  const again = JSON.parse((await learnloss(...run, "--time", "100000")).stdout);
  expect(again).toMatchObject({ status: "trials", trials: 3, error: first.error, passes: first.passes });
});

test("a disk that is full for the study ends no search and loses no result", async () => {
  const run = (...more: string[]) => learnloss("tune", ...cancer, "--features", "l1,l2", "--json", ...more);
  const { stdout } = await run();
  const { milliseconds: _, ...result } = JSON.parse(stdout);
  await onDisk(300, async () => {
    const full = await run("--study", "full.jsonl", "--save-loss", "kept.json");
    expect(full.code).toBe(2);
    expect(JSON.parse(full.stdout)).toMatchObject(result);
    expect(full.stderr).toMatch(/learnloss: IO: full\.jsonl cannot be written: ENOSPC/);
  });
  expect(JSON.parse(readFileSync("kept.json", "utf8"))).toHaveProperty("lambda");
  const again = await run("--study", "full.jsonl");
  expect([again.code, JSON.parse(again.stdout)]).toEqual([0, expect.objectContaining(result)]);
});

test("an unreadable CSV cell is named; --help exits with 0", async () => {
  writeFileSync("bad.csv", "a,b,y\n1,2,x\n3,oops,z\n");
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
