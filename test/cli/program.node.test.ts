import { expect, test } from "vitest";
import { learnloss } from "./command-line.ts";

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
  for (const verb of ["demo", "tune", "fit", "predict", "ask-tell", "report", "lp", "bench"]) {
    const { code, stdout } = await learnloss(verb, "--help");
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: learnloss ${verb}`);
  }
});
