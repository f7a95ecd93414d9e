import { beforeAll, expect, test } from "vitest";
import {
  atLeast,
  augmentation,
  classWeights,
  convexPenalty,
  createStudy,
  groupNorm,
  LinearLoss,
  LinearModel,
  l1,
  labelSmoothing,
  fit as minimize,
  rotate,
  Study,
  share,
} from "../src/index.ts";
import { journalHeader, journalLine } from "../src/journal.ts";
import { blobs } from "./reference/blobs.ts";

// What was stored may come back with anything in it. It is refused as such when it is read, or is what it seems to be.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** 1e999 is Infinity once it is read; there is no NaN in JSON, which becomes null. */
const OTHERS = [
  "null",
  "true",
  '"x"',
  '"2"',
  "-1",
  "0",
  "0.5",
  "7",
  "1e999",
  "1e300",
  "[]",
  "{}",
  "[null]",
  '["a","a"]',
];

/** The text with every value in turn replaced by others, left out, or repeated. */
function* stumbles(whole: Json): Generator<string> {
  const MARK = "\u0000mark";
  function* walk(value: Json, rebuild: (part: Json | undefined) => Json): Generator<string> {
    const text = JSON.stringify(rebuild(MARK));
    for (const other of OTHERS) yield text.replace(JSON.stringify(MARK), other);
    yield JSON.stringify(rebuild(undefined)) ?? "";
    if (Array.isArray(value)) {
      yield JSON.stringify(rebuild([...value, ...value]));
      yield JSON.stringify(rebuild(value.slice(1)));
      for (const [i, part] of value.entries()) {
        if (i < 3) yield* walk(part, (other) => rebuild(value.map((same, k) => (k === i ? (other ?? null) : same))));
      }
    } else if (value !== null && typeof value === "object") {
      for (const [key, part] of Object.entries(value)) {
        yield* walk(part, (other) => rebuild({ ...value, [key]: other } as Json));
      }
    }
  }
  yield* walk(whole, (part) => part as Json);
  const text = JSON.stringify(whole);
  for (let end = 0; end < text.length; end += 7) yield text.slice(0, end);
}

/** Reads each: CORRUPT, PARSE or VERSION, or something that can be used. */
async function read<T>(whole: unknown, fromJSON: (text: string) => T, use: (read: T) => unknown) {
  let [refused, used] = [0, 0];
  for (const text of stumbles(JSON.parse(JSON.stringify(whole)))) {
    let found: T;
    try {
      found = fromJSON(text);
    } catch (error) {
      expect(["CORRUPT", "PARSE", "VERSION"], `${text}\n${error}`).toContain((error as { code?: string }).code);
      refused++;
      continue;
    }
    try {
      await use(found);
    } catch (error) {
      expect((error as Error).name, `${text}\n${(error as Error).stack}`).toBe("LearnLossError");
    }
    used++;
  }
  return { refused, used };
}

const rows = blobs(45, 4, 3, 1);
const texts = { ...rows, y: Array.from(rows.y as Float64Array, (y) => `class ${y}`) };
const two = { ...rows, y: (rows.y as Float64Array).map((y) => Math.min(y, 1)) };
let models: readonly LinearModel[];

beforeAll(async () => {
  const fits = [
    { model: "softmax", train: texts },
    { model: "logistic", train: two },
    { model: "squared", train: rows },
  ] as const;
  models = await Promise.all(fits.map(async (options) => (await minimize({ ...options, loss: { l2: 0.1 } })).model));
});

test("models: what is read predicts numbers and labels of its own", async () => {
  for (const model of models) {
    const { refused } = await read(model, LinearModel.fromJSON, (found) => {
      expect(found.scores(rows).every((score) => !Number.isNaN(score))).toBe(true);
      const own = (label: string | number) =>
        found.kind === "squared" ? typeof label === "number" : found.classes?.includes(label);
      expect(found.predict(rows).filter((label) => !own(label))).toEqual([]);
      if (found.classes) {
        expect(new Set(found.classes).size).toBe(found.classes.length);
        for (const label of found.classes) expect(["number", "string"]).toContain(typeof label);
        expect(found.probabilities(rows).length).toBe(rows.rows * found.classes.length);
      }
      expect([found.columns, found.coefficients.length]).toEqual([4, 4 * found.intercepts.length]);
      expect(LinearModel.fromJSON(JSON.stringify(found))).toEqual(found);
    });
    expect(refused).toBeGreaterThan(100);
  }
});

test("losses: what is read is minimized, or refused by name", async () => {
  const all = {
    ...classWeights(rows),
    l1: l1(),
    norm: groupNorm({ groups: [0, 0, 1, 1] } as never),
    ...convexPenalty({ knots: 2 }),
    smoothing: labelSmoothing(),
  };
  const image = { width: 2, height: 2 };
  const pictures = augmentation(rows, { turned: rotate(90) }, image);
  for (const features of [all, pictures]) {
    const lambda = Object.fromEntries(Object.keys(features).map((name) => [name, 0.1]));
    const { refused, used } = await read(
      new LinearLoss("logLoss", features, lambda),
      LinearLoss.fromJSON,
      async (loss) => {
        expect(typeof String(loss)).toBe("string");
        expect(Number.isNaN(loss.penalty(1))).toBe(false);
        const { model } = await minimize({ model: "softmax", train: rows, loss, iterations: 3 });
        expect(model.coefficients.some(Number.isNaN)).toBe(false);
      },
    );
    expect(Math.min(refused, used)).toBeGreaterThan(50);
  }
});

/** A study with everything in it. */
function studied(): Study {
  const study = createStudy({
    lambda: { a: share(), b: share(), l2: atLeast(0) },
    seed: 3,
    trials: 9,
    start: { a: 0.5, b: 0.5, l2: 1 },
  });
  const features = { a: 1, b: 2, l2: 3 };
  const [first, second, third] = [study.ask(), study.ask(), study.ask()];
  study.observe(first, { features, error: 2, passes: 1.5 });
  study.tell(first, { features, error: 1 });
  study.tell(second, { features, error: Number.POSITIVE_INFINITY, converged: false });
  study.fail(third, "it hung");
  return study;
}

function use(study: Study) {
  for (const { error, features, lambda, converged, passes } of study.observations) {
    expect(Number.isNaN(error)).toBe(false);
    expect([...features, ...lambda].every(Number.isFinite)).toBe(true);
    expect([typeof converged, Number.isFinite(passes ?? 0)]).toEqual(["boolean", true]);
  }
  for (const { reason, proposal } of study.trials)
    expect([typeof (reason ?? ""), typeof proposal]).toEqual(["string", "string"]);
  expect(Object.values(study.ask().lambda).every(Number.isFinite)).toBe(true);
  void [study.best, study.certificate, study.done];
  expect(Study.fromJSON(JSON.stringify(study)).events).toEqual(study.events);
}

test("studies, and their files with checksums that match", async () => {
  const study = studied();
  const { refused, used } = await read(study, Study.fromJSON, use);
  expect(Math.min(refused, used)).toBeGreaterThan(20);
  const parsed = (text: string) => {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw Object.assign(new Error("no line has that", { cause }), { code: "PARSE" });
    }
  };
  const stored = (lines: readonly string[]) => Study.fromJSON(lines.join(""));
  const events = study.events.map(journalLine);
  await read(study.options, (text) => stored([journalHeader(parsed(text), "f"), ...events]), use);
  const header = journalHeader(study.options, "f");
  for (const [i, event] of study.events.entries()) {
    const journal = (text: string) =>
      stored([header, ...events.slice(0, i), journalLine(parsed(text)), ...events.slice(i + 1)]);
    await read(event, journal, use);
  }
});
