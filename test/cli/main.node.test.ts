// What only a process of its own has: an exit code, pipes, threads, another life of the same study.
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { inFolder, learnloss, type Outcome } from "./command-line.ts";
import { onDisk } from "./full-disk.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = `${root}dist/cli/main.js`;
const run = promisify(execFile);
inFolder();

async function spawned(...parameters: string[]): Promise<Outcome> {
  try {
    return { code: 0, ...(await run(process.execPath, [main, ...parameters])) };
  } catch (error) {
    const { code, stdout, stderr } = error as Outcome;
    return { code, stdout, stderr };
  }
}

const cancer = [`${root}data/breast-cancer.csv`, "--target", "diagnosis", "--model", "logistic", "--standardize"];

test("the exit code is that of what was done, which is the same in this process", async () => {
  for (const [expected, ...parameters] of [
    [2, "frob", "--json"],
    [2, "tune", ...cancer, "--features", "l3"],
    [2, "tune", ...cancer, "--features", "l1,l2,l1"],
    [0, "tune", ...cancer, "--features", "l2", "--passes", "5"],
    [0, "--help"],
  ] as const) {
    const outcome = await spawned(...parameters);
    expect(outcome.code).toBe(expected);
    const words = ({ stdout, stderr }: Outcome) => [stdout.replace(/\d+ ms/, ""), stderr];
    const here = await learnloss(...parameters);
    expect([outcome.code, ...words(outcome)]).toEqual([here.code, ...words(here)]);
  }
});

test("--workers: the folds train in threads, with the result of one", async () => {
  const result = async (...more: string[]) => {
    const folds = ["--features", "l1,l2", "--folds", "4", "--json", ...more];
    const { stdout, stderr } = await spawned("tune", ...cancer, ...folds);
    expect(stderr).toBe("");
    return { ...JSON.parse(stdout), milliseconds: 0 };
  };
  expect(await result("--workers", "2")).toEqual(await result());
});

test("a study cut short by its budget goes on to the same answer as one without a pause", async () => {
  const parameters = ["tune", ...cancer, "--features", "l1,l2", "--json", "--study"];
  const result = ({ stdout }: Outcome) => ({ ...JSON.parse(stdout), milliseconds: 0 });
  await spawned(...parameters, "paused.jsonl", "--passes", "40");
  const paused = readFileSync("paused.jsonl", "utf8");
  const resumed = result(await spawned(...parameters, "paused.jsonl"));
  expect(resumed).toEqual(result(await learnloss(...parameters, "whole.jsonl")));
  const whole = readFileSync("whole.jsonl", "utf8");
  expect(readFileSync("paused.jsonl", "utf8")).toBe(whole);
  expect(whole.startsWith(paused)).toBe(true);
  const { code } = await learnloss("report", "whole.jsonl", "--output", "study.html");
  expect(code).toBe(0);
  expect(readFileSync("study.html", "utf8")).not.toContain("NaN");
});

test.each(["SIGINT", "SIGTERM"] as const)("%s ends a search, and what was found is the result", async (signal) => {
  const study = `${signal}.jsonl`;
  const search = ["--features", "l1,l2", "--metric", "error-rate", "--explore", "--passes", "1e9", "--json"];
  const child = spawn(process.execPath, [main, "tune", ...cancer, ...search, "--study", study]);
  const told = () => existsSync(study) && readFileSync(study, "utf8").includes('"tell"');
  while (!told() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill(signal);
  let stdout = "";
  for await (const text of child.stdout) stdout += text;
  expect(existsSync(`${study}.lock`)).toBe(false);
  expect(JSON.parse(stdout)).toMatchObject({ status: "stopped", best: { error: expect.any(Number) } });
});

test("data from standard input; a reader that stops early is no error", async () => {
  const command = (text: string) => run("bash", ["-o", "pipefail", "-c", text]);
  const program = `"${process.execPath}" "${main}"`;
  const { stdout } = await command(
    `${program} fit - --target cultivar --model softmax --l2 0.1 --standardize --output wine.json --json < "${root}data/wine.csv"`,
  );
  expect(JSON.parse(stdout).status).toBe("converged");
  // More than a pipe holds, which is 64 kB.
  const [header, ...rows] = readFileSync(`${root}data/wine.csv`, "utf8").trim().split("\n");
  writeFileSync("many.csv", [header, ...Array.from({ length: 20 }, () => rows).flat()].join("\n"));
  const { stdout: first } = await command(`${program} predict wine.json many.csv --probabilities | head -1`);
  expect(first).toBe("prediction,0,1,2\n");
  const { stdout: piped } = await command(`${program} predict wine.json - < "${root}data/wine.csv" | head -1`);
  expect(piped).toBe("prediction\n");
});

describe("learnloss ask-tell", () => {
  function talk(lines: readonly unknown[], ...parameters: string[]): Promise<Record<string, unknown>[]> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [main, "ask-tell", ...parameters]);
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

  test("more trials of a study that is done", async () => {
    const { lambda, seed } = create.create;
    await talk([{ create: { lambda, seed, trials: 1 } }, { ask: {} }, tell(0, 0.2)], "--study", "more.jsonl");
    const more = await talk(
      [{ create: { lambda, seed, trials: 2 } }, { ask: {} }, tell(1, 0.1)],
      "--study",
      "more.jsonl",
    );
    expect(more[0]).toEqual({ created: { trials: 1, pending: [], warnings: [] } });
    expect(more[2]).toEqual({ ok: true, done: true });
  });

  test("says once that nothing could be learned of the weights, and beside the best", async () => {
    const { lambda, seed } = create.create;
    const lines = [0, 1, 2].flatMap((id) => [{ ask: {} }, tell(id, 0.2)]);
    const request = { create: { lambda, seed, trials: 3 } };
    const answers = await talk([request, ...lines, tell(2, 0.2), { best: {} }]);
    const warnings = [expect.stringMatching(/^FLAT: /)];
    expect(answers.slice(4)).toEqual([
      { ok: true, done: false },
      expect.anything(),
      { ok: true, done: true, warnings },
      { ok: true, done: true },
      { best: expect.objectContaining({ error: 0.2 }), warnings },
    ]);
  });

  test("slips are refused, not passed over", async () => {
    const told = { id: 0, features: { logLoss: 0.3, l2: 2 }, error: 1 };
    const answers = await talk([
      { create: { ...create.create, trial: 2 } },
      { create: { lambda: { a: { share: {} } } } },
      { create: { lambda: { a: { fixed: 1 }, b: { atLeast: 0, fixed: 1 } } } },
      { create: { lambda: { a: { fixed: [1, 2] } } } },
      { create: { lambda: { a: { fixed: 1 }, b: { between: [0, 1, 5] } } } },
      // A byte order mark, as some shells begin what they pipe with.
      `\uFEFF${JSON.stringify(create)}`,
      { ask: { lamda: { logLoss: 1, l2: 1 } } },
      { ask: {} },
      { tell: { ...told, convergd: false } },
      { tell: { ...told, converged: "no" } },
      { tell: { ...told, converged: null } },
      { fail: { id: 0, resaon: "diverged" } },
      { tell: { ...told, converged: false } },
    ]);
    const codes = answers.map((answer) => (answer.error as { code?: string })?.code);
    const none = undefined;
    const refused = ["OPTION", "BOUNDS", "OPTION", "OPTION", "OPTION"];
    expect(codes).toEqual([...refused, none, "OPTION", none, "OPTION", "TYPE", "TYPE", "OPTION", none]);
  });

  test("atLeast takes a maximum, and what is told of a λ that is text has its quotes", async () => {
    const lambda = { w: { fixed: 1 }, l2: { atLeast: [0, 100] } };
    const [, trial, odd] = await talk([
      { create: { lambda } },
      { ask: { lambda: { w: 1, l2: 99 } } },
      { ask: { lambda: { w: "1", l2: 1 } } },
    ]);
    expect(trial).toMatchObject({ trial: { lambda: { l2: 99 } } });
    expect(odd).toMatchObject({ error: { code: "LAMBDA", message: expect.stringContaining('λ.w is "1"') } });
  });

  test("a seed of 0 is none given", async () => {
    const { lambda } = create.create;
    await talk([{ create: { lambda } }, { ask: {} }], "--study", "seed.jsonl");
    const [again] = await talk([{ create: { lambda, seed: 0 } }], "--study", "seed.jsonl");
    expect(again).toMatchObject({ created: { trials: 1 } });
  });

  test("a study that its disk has no room for leaves no lock: another try may find some", async () => {
    const { stdin } = process;
    const lines = [create, create].map((line) => `${JSON.stringify(line)}\n`);
    Object.defineProperty(process, "stdin", { value: Readable.from(lines), configurable: true });
    try {
      await onDisk(60, async () => {
        const { stdout } = await learnloss("ask-tell", "--study", "no-room.jsonl");
        const codes = stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line).error.code);
        expect(codes).toEqual(["IO", "IO"]);
      });
    } finally {
      Object.defineProperty(process, "stdin", { value: stdin, configurable: true });
    }
    expect(existsSync("no-room.jsonl.lock")).toBe(false);
    expect((await talk([create], "--study", "no-room.jsonl"))[0]).toHaveProperty("created");
  });

  test("an id that is text is told from a number", async () => {
    const answers = await talk([create, { ask: {} }, { tell: { ...tell(0, 1).tell, id: "0" } }]);
    const error = { code: "UNKNOWN_TRIAL", message: expect.stringContaining('Trial "0"') };
    expect(answers[2]).toEqual({ error });
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
      tell(0, ""),
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
      "NON_FINITE",
      undefined,
    ]);
  });
});
