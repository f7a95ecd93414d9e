import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { atLeast, createStudy, fixed, type Study } from "../../src/index.ts";
import { inFolder, learnloss } from "./command-line.ts";

inFolder();

/** The page about a study, and its figures, by their titles. */
async function pageOf(study: Study): Promise<{ readonly page: string; readonly figure: (title: RegExp) => string }> {
  writeFileSync("study.json", JSON.stringify(study));
  expect(await learnloss("report", "study.json", "--output", "study.html")).toMatchObject({ code: 0, stderr: "" });
  const page = readFileSync("study.html", "utf8");
  const figures = page.match(/<figure>.*?<\/figure>/gs) ?? [];
  const figure = (title: RegExp) => figures.find((text) => title.test(/<h2>(.*?)<\/h2>/.exec(text)![1]!)) ?? "";
  return { page, figure };
}

const study = () => createStudy({ lambda: { logLoss: fixed(1), l2: atLeast(1e-3, 1) } });

/** A study that was told these errors; `undefined` for a training that failed. */
function told(errors: readonly (number | undefined)[], passes?: (trial: number) => number): Study {
  const result = study();
  for (const [i, error] of errors.entries()) {
    const trial = result.ask();
    if (error === undefined) result.fail(trial, "out of memory");
    else {
      const features = { logLoss: error / 2, l2: 1 + i };
      result.tell(trial, { features, error, ...(passes ? { passes: passes(i) } : {}) });
    }
  }
  return result;
}

/** What stands at the ticks of the x axis. */
const ticks = (figure: string) =>
  Array.from(figure.matchAll(/text-anchor="middle">([^<]+)</g), ([, text]) => Number(text));

test("the table counts trainings as the pictures do", async () => {
  const { page, figure } = await pageOf(told([0.3, 0.1, 0.2]));
  expect(page).toMatch(/<th>training<\/th>.*<td>2<\/td><\/tr>/s);
  expect(figure(/falls from/)).toContain("<title>training 2, model 1</title>");
});

test("the λ to use is that of the best minimizer, not of a better model on its way; of the best model where none is told", async () => {
  const result = study();
  const [first, second] = [result.ask(), result.ask()];
  result.observe(first, { features: { logLoss: 0.2, l2: 1 }, error: 0.1 });
  result.tell(first, { features: { logLoss: 0.1, l2: 2 }, error: 0.4 });
  result.tell(second, { features: { logLoss: 0.1, l2: 3 }, error: 0.3 });
  expect((await pageOf(result)).page).toMatch(/<td>0\.3<\/td><td>2<\/td><\/tr>/);
  const running = study();
  running.observe(running.ask(), { features: { logLoss: 0.2, l2: 1 }, error: 0.1 });
  expect((await pageOf(running)).page).toMatch(/<td>0\.1<\/td><td>1<\/td><\/tr>/);
});

test("passes are on the axis where they were told of every model, trainings elsewhere", async () => {
  const counted = (await pageOf(told([0.3, 0.1, 0.2], (trial) => 10 * (trial + 1)))).figure(/falls from/);
  expect(counted).toContain("passes over the training data");
  const half = told([0.3, 0.1], () => 10);
  half.tell(half.ask(), { features: { logLoss: 0.1, l2: 1 }, error: 0.2 });
  for (const without of [half, told([0.3, 0.1, 0.2])]) {
    const picture = (await pageOf(without)).figure(/falls from/);
    expect(picture).not.toContain("passes");
    expect(ticks(picture)).toEqual([1, 2, 3]);
  }
});

test("trainings that failed are counted and marked", async () => {
  const { page, figure } = await pageOf(told([0.3, undefined, 0.1, undefined, 0.2]));
  expect(page).toContain("after 5 trials (2 failed) and 3 models seen");
  const path = figure(/^5 trainings on the way to λ, of which 2 failed$/);
  expect(ticks(path)).toEqual([1, 2, 3, 4, 5]);
  expect(path).toContain(">failed</text>");
  expect(path.match(/<circle [^>]*r="4" fill="none"/g)).toHaveLength(2);
});

test("where all failed, or nothing was told, no axes are drawn of nothing", async () => {
  const all = await pageOf(told([undefined, undefined]));
  expect(all.page).toContain("2 trials (2 failed), no model has an error yet.");
  expect(all.page).not.toContain("What is proved");
  expect(ticks(all.figure(/^2 trainings on the way to λ, of which 2 failed$/))).toEqual([1, 2]);
  const pending = study();
  pending.ask();
  for (const { page } of [all, await pageOf(pending)]) expect(page).not.toContain("validation rows</text>");
  expect((await pageOf(pending)).page).not.toContain("<svg");
});

test("of one training the weights are shown where they are", async () => {
  const { figure } = await pageOf(told([0.3]));
  const path = figure(/^1 training on the way to λ$/);
  const [l2] = told([0.3]).trials[0]!.lambda.subarray(1);
  expect(path.match(/<circle [^>]*fill="var/g)).toHaveLength(2);
  const weights = Array.from(path.matchAll(/text-anchor="end">([^<]+)</g), ([, text]) => Number(text));
  expect(Math.min(...weights)).toBeLessThanOrEqual(l2!);
  expect(path).toContain("chosen");
});
