import { expect, test, vi } from "vitest";
import { data, type FitPathOptions, fitPath, fit as minimize } from "../src/index.ts";
import { Random } from "../src/random.ts";

function dataset(unit = 1) {
  const random = new Random(3, 1);
  const x = Array.from({ length: 60 }, () => [random.normal(), unit * random.normal(), random.normal()]);
  return data.dense({ x, y: x.map(([a, b]) => Number(a! + b! / unit + random.normal() > 0)) });
}

async function pathOf(options: Partial<FitPathOptions>) {
  const path = [];
  for await (const point of fitPath({ model: "logistic", train: dataset(), ...options })) path.push(point);
  return path;
}

test("a path warns of what a fit with its penalties warns of", async () => {
  const train = dataset(1e5);
  const { warnings } = await minimize({ model: "logistic", train, loss: { l1: 0.05, l2: 0.05 } });
  expect(warnings.map((warning) => warning.split(":")[0])).toContain("SCALES");
  for (const point of await pathOf({ train, strengths: [0.1, 0.01] })) expect(point.warnings).toEqual(warnings);
});

test("a path's loss is its penalty's, whatever loss the bag of options holds for a fit", async () => {
  const [plain] = await pathOf({ strengths: [0.1] });
  for (const loss of [{ l2: 5 }, { groupNorm: 0.5 }]) {
    const [other] = await pathOf({ strengths: [0.1], loss } as never);
    expect(other!.loss).toEqual(plain!.loss);
    expect(other!.objective).toBe(plain!.objective);
  }
});

test.each([0.01, 0.1, 0.5, 1])("mix %d: weights are 0 at the first strength, not at 0.99 of it", async (mix) => {
  const [first] = await pathOf({ mix, count: 1 });
  const [again, below] = await pathOf({
    mix,
    strengths: [1.001 * first!.strength, 0.99 * first!.strength],
    tolerance: 1e-9,
  });
  expect(first!.nonzeros).toBe(0);
  expect(again!.nonzeros).toBe(0);
  expect(below!.nonzeros).toBeGreaterThan(0);
});

test("without a share of ‖W‖₁ a path begins where one with a thousandth does", async () => {
  const [[without], [thousandth]] = [await pathOf({ mix: 0, count: 1 }), await pathOf({ mix: 1e-3, count: 1 })];
  expect(without!.strength).toBe(thousandth!.strength);
});

test.each([2, 5, 20])("%i strengths are a ladder of equal ratios, down to the ratio asked for", async (count) => {
  const ratio = 0.05;
  const strengths = (await pathOf({ count, ratio })).map(({ strength }) => strength);
  expect(strengths).toHaveLength(count);
  expect(strengths.at(-1)! / strengths[0]!).toBeCloseTo(ratio, 12);
  for (let i = 1; i < count; i++) expect(strengths[i]! / strengths[i - 1]!).toBeCloseTo(ratio ** (1 / (count - 1)), 12);
});

test("a path whose models are soon fitted gives everything else its turns, and sees a signal that aborts in one", async () => {
  let milliseconds = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => ++milliseconds); // no model takes ten looks at it
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason));
  await expect(pathOf({ count: 2000, ratio: 0.5, signal: controller.signal })).rejects.toBe(reason);
  clock.mockRestore();
});
