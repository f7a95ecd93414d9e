import { expect, test } from "vitest";
import {
  atLeast,
  createStudy,
  createTuner,
  data,
  type FitPathOptions,
  fitPath,
  fixed,
  l2,
  fit as minimize,
  Study,
  type StudyOptions,
} from "../src/index.ts";
import { blobs } from "./reference/blobs.ts";

/** Options as getters of a class give them, and as one that inherits them has them. */
const bags: [string, <T extends object>(options: T) => T][] = [
  [
    "of a class with getters",
    <T extends object>(options: T) => {
      class Options {}
      for (const [name, value] of Object.entries(options))
        Object.defineProperty(Options.prototype, name, { get: () => value });
      return new Options() as T;
    },
  ],
  ["that are inherited", <T extends object>(options: T) => Object.create(options) as T],
];

const train = blobs(60, 4, 2, 1);
const validation = blobs(40, 4, 2, 2);
const lambda = { logLoss: fixed(1), l2: atLeast(0) };

test.each(bags)("options %s are options", async (_, bag) => {
  const setting = { model: "softmax", train, features: { l2: l2() }, seed: 3 } as const;
  for (const options of [
    { ...setting, validation },
    { ...setting, folds: 3 },
  ]) {
    using plain = createTuner(options);
    using other = createTuner(bag(options));
    expect((await other.run(bag({ trials: 2 }))).lambda).toEqual((await plain.run({ trials: 2 })).lambda);
  }
  const fitted = { model: "softmax", train, loss: { l2: 0.1 } } as const;
  expect((await minimize(bag(fitted))).objective).toBe((await minimize(fitted)).objective);
  const strengths = async (options: FitPathOptions) => {
    const path = [];
    for await (const { strength, objective } of fitPath(options)) path.push([strength, objective]);
    return path;
  };
  const path = { model: "softmax", train, mix: 0.2, count: 3 } as const;
  expect(await strengths(bag(path))).toEqual(await strengths(path));
  const sparse = {
    values: Float32Array.of(1, 2),
    indices: Int32Array.of(0, 1),
    starts: Int32Array.of(0, 1, 2),
    columns: 2,
    y: [0, 1],
  };
  expect(data.sparse(bag(sparse))).toEqual(data.sparse(sparse));
});

/** What a study asks once it has been told what came of its first trials, and once more after it was stored. */
function asked(options: StudyOptions<"logLoss" | "l2">) {
  using study = createStudy(options);
  for (let trials = 0; trials < 3; trials++) {
    const trial = study.ask();
    study.tell(trial, { features: { logLoss: 1 + trial.lambda.l2, l2: 1 / (1 + trial.lambda.l2) }, error: 1 });
  }
  const text = JSON.stringify(study);
  using stored = Study.fromJSON(text);
  return { lambda: study.ask().lambda, again: stored.ask().lambda, seed: stored.seed, text };
}

test.each(bags)("a study of options %s is stored with them", (_, bag) => {
  const options = { lambda, seed: 7, trials: 12 };
  expect(asked(bag(options))).toEqual(asked(options));
});

test("a study is stored without what its bag of options holds for others, be it what JSON does not know", () => {
  const options = { lambda, seed: 7, trials: 12 };
  const server: { self?: unknown } = {};
  server.self = server;
  expect(asked({ ...options, server, rows: 10n } as never)).toEqual(asked(options));
});

test("weights of a loss that are undefined are those that were not given", async () => {
  const options = { model: "logistic", train: blobs(40, 3, 2, 1) } as const;
  const given = await minimize({ ...options, loss: { l1: 0.1, l2: undefined } as never });
  expect(given.model).toEqual((await minimize({ ...options, loss: { l1: 0.1 } })).model);
});
