import { expect, test } from "vitest";
import { learnloss } from "./command-line.ts";

test.each([
  ["softmax", ["--classes", "3"]],
  ["logistic", ["--density", "0.4"]],
  ["squared", []],
])("bench of %s %j times gradients and fits", async (model, more) => {
  const shape = ["--rows", "60", "--columns", "8", "--seconds", "0.001"];
  const { code, stdout } = await learnloss("bench", "--model", model, ...shape, ...more, "--json");
  expect(code).toBe(0);
  const { timings, rows, columns } = JSON.parse(stdout);
  expect([rows, columns]).toEqual([60, 8]);
  const tasks = timings.map(({ task }: { task: string }) => task).filter((task: string) => !task.includes("relaxed"));
  expect(tasks).toEqual([
    "gradient, f32",
    "gradient, f64",
    "fit, l2 = 0.001",
    "then l2 = 0.0011",
    "fit, l1 = 0.001",
    "then l1 = 0.0011",
  ]);
  for (const { task, milliseconds, passes, gigaflops } of timings) {
    expect(milliseconds).toBeGreaterThan(0);
    // A penalty that is a little stronger may ask nothing of a model that is accurate.
    if (!task.startsWith("then")) expect(passes).toBeGreaterThan(0);
    expect(gigaflops > 0).toBe(passes > 0);
  }
});

test.each([
  ["--rows", "2"],
  ["--columns", "1.5"],
  ["--classes", "1"],
  ["--density", "0"],
  ["--seconds", "soon"],
  ["--seconds", "-1"],
  ["--model", "tree"],
  ["--rows", "1e9", "TOO_LARGE"],
  ["--columns", "1e10", "TOO_LARGE"],
])("bench %s %s is refused", async (option, value, expected = "OPTION") => {
  const { code, stdout } = await learnloss("bench", option, value, "--json");
  expect(code).toBe(2);
  expect(JSON.parse(stdout).error.code).toBe(expected);
});
