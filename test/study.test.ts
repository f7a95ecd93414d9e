import { describe, expect, test } from "vitest";
import { atLeast, createStudy, fixed, Study, type StudyOptions, share, verifyCertificate } from "../src/index.ts";
import { Random } from "../src/random.ts";

const options: StudyOptions = { lambda: { logLoss: fixed(1), l1: atLeast(0), l2: atLeast(0) }, seed: 7 };
const code = (expected: string) => expect.objectContaining({ name: "LearnLossError", code: expected });

/** A stand-in for a trainer: any smooth φ and e of λ. */
function train(lambda: Readonly<Record<string, number>>) {
  const a = lambda.l1 ?? 0;
  const b = lambda.l2 ?? 0;
  const features = { logLoss: a + 2 * b, l1: 1 / (0.01 + a), l2: 1 / (0.02 + b) };
  return { features, error: (Math.sqrt(a) - 0.2) ** 2 + Math.abs(b - 0.05) };
}

describe("a study is a fold over what was told", () => {
  test("JSON out and in goes on with the same λ", () => {
    const study = createStudy(options);
    for (let i = 0; i < 12; i++) {
      const trial = study.ask();
      study.observe(trial, { ...train({ l1: 1, l2: 1 }), passes: i });
      if (i === 5) study.fail(trial, new Error("diverged"));
      else study.tell(trial, train(trial.lambda));
    }
    const copy = Study.fromJSON(JSON.stringify(study));
    expect(copy.best).toEqual(study.best);
    expect(copy.observations).toEqual(study.observations);
    expect(copy.ask()).toEqual(study.ask());
    expect(JSON.stringify(copy)).toBe(JSON.stringify(study));
  });

  test("the order in which a batch comes back does not matter", () => {
    const run = (order: readonly number[]) => {
      const study = createStudy(options);
      const batch = order.map(() => study.ask());
      for (const i of order) study.tell(batch[i]!, train(batch[i]!.lambda));
      return { next: study.ask(), best: study.best };
    };
    expect(run([3, 1, 0, 2])).toEqual(run([0, 1, 2, 3]));
  });

  test("λ is within F, and frozen", () => {
    const study = createStudy({ lambda: { a: share(), b: share(0.2), c: share(), l2: atLeast(0.01, 0.1) }, seed: 1 });
    for (let i = 0; i < 30; i++) {
      const { lambda } = study.ask();
      expect(lambda.a! + lambda.b! + lambda.c!).toBeCloseTo(1, 12);
      expect(Math.min(lambda.a!, lambda.c!)).toBeGreaterThanOrEqual(1e-3);
      expect(lambda.b).toBeGreaterThanOrEqual(0.2);
      expect(lambda.l2! >= 0.01 && lambda.l2! <= 0.1).toBe(true);
      expect(Object.isFrozen(lambda)).toBe(true);
    }
  });

  test("λ and φ have the names that were given, and no others", () => {
    const study = createStudy({ lambda: { logLoss: fixed(1), l2: atLeast(0) } });
    const trial = study.ask();
    const weights: number[] = [trial.lambda.logLoss, trial.lambda.l2];
    expect(weights).toEqual(Object.values(trial.lambda));
    // @ts-expect-error: there is no such weight
    expect(trial.lambda.l1).toBeUndefined();
    // @ts-expect-error: nor such a feature
    expect(() => study.tell(trial, { features: { logLoss: 1, l1: 1 }, error: 1 })).toThrow(code("SHAPE"));
    const copy: typeof study = Study.fromJSON(JSON.stringify(study));
    expect(copy.ask().lambda.l2).toBeGreaterThan(0);
  });

  test("a weight that is at least 20 may be more", () => {
    expect([atLeast(20), atLeast(0)]).toMatchObject([
      { min: 20, max: 200 },
      { min: 1e-6, max: 10 },
    ]);
  });

  test("another seed, other λ", () => {
    const sixth = (seed: number) => {
      const study = createStudy({ ...options, seed });
      for (let i = 0; i < 5; i++) study.fail(study.ask(), ""); // past the start, which is the same for all
      return study.ask().lambda;
    };
    expect(sixth(1)).not.toEqual(sixth(2));
    expect(sixth(1)).toEqual(sixth(1));
  });

  test("done after as many trials as were ordered, told or failed", () => {
    const study = createStudy({ ...options, trials: 3 });
    study.tell(study.ask(), train({}));
    study.fail(study.ask(), "no");
    const last = study.ask();
    expect(study.done).toBe(false);
    study.tell(last, train(last.lambda));
    expect(study.done).toBe(true);
  });

  test("without a limit, and with options that change afterwards: what is stored is read", () => {
    const lambda = { ...options.lambda };
    const start: Record<string, number> = { ...createStudy({ lambda }).ask().lambda };
    const study = createStudy({ lambda, start, trials: Number.POSITIVE_INFINITY });
    study.tell(study.ask(), train({}));
    lambda.l3 = atLeast(0);
    for (const name of Object.keys(start)) start[name] = Number.NaN;
    const copy = Study.fromJSON(JSON.stringify(study));
    expect(copy.done).toBe(false);
    expect(copy.ask()).toEqual(study.ask());
  });
});

test("a study begins in the middle of the bounds; shares are scaled to 1, and penalties with them unless a weight is fixed", () => {
  const [a, b, middle] = [share(), share(), Math.sqrt(1e-6 * 10)];
  const first = (lambda: StudyOptions["lambda"]) => createStudy({ lambda }).ask().lambda;
  expect(first({ w: fixed(4), l2: atLeast(0) }).l2).toBeCloseTo(middle, 12);
  expect(first({ w: fixed(4), a, b, l2: atLeast(0) }).l2).toBeCloseTo(middle, 12);
  expect(first({ a, b, l2: atLeast(0) }).l2).toBeCloseTo((middle * 0.5) / Math.sqrt(1e-3), 12);
});

test.each([1, 10, 1000, 1e17])("shares beside a fixed weight of %d begin even, and stay shares of 1", (weight) => {
  const [a, b, c] = [share(), share(), share()];
  for (const lambda of [
    { w: fixed(weight), a, b, c, l2: atLeast(0) },
    { l2: atLeast(0), a, b, c, w: fixed(weight) },
  ]) {
    const study = createStudy({ lambda });
    const first = study.ask().lambda;
    expect(first.a).toBeCloseTo(1 / 3, 12);
    expect(first.b).toBeCloseTo(1 / 3, 12);
    expect(first.l2).toBeCloseTo(Math.sqrt(1e-6 * 10), 12);
    for (let i = 0; i < 8; i++) {
      const trial = study.ask();
      expect(trial.lambda.a + trial.lambda.b + trial.lambda.c).toBeCloseTo(1, 9);
      expect(trial.lambda.w).toBe(weight);
      const features = {
        w: 1,
        a: 1 / trial.lambda.a,
        b: 1 / trial.lambda.b,
        c: 2 / trial.lambda.c,
        l2: trial.lambda.l2,
      };
      study.tell(trial, { features, error: (trial.lambda.a - 0.5) ** 2 });
    }
  }
});

describe("warnings of models that tell nothing of the weights", () => {
  const told = (lambda: StudyOptions["lambda"], model: (i: number) => object, count = 3) => {
    const study = createStudy({ lambda, trials: count });
    for (let i = 0; i < count; i++) {
      const trial = study.ask();
      study.tell(trial, { ...train(trial.lambda), ...model(i) });
    }
    expect(Study.fromJSON(JSON.stringify(study)).warnings).toEqual(study.warnings);
    return study.warnings;
  };
  const { features } = train({ l1: 1, l2: 1 });
  const [fixedWeights, { lambda }] = [{ logLoss: fixed(1), l1: fixed(1), l2: fixed(1) }, options];

  test.each([
    ["the same error", lambda, () => ({ error: 0.2 }), [/^FLAT: .* error.*metric/]],
    ["infinite errors", lambda, () => ({ error: Number.POSITIVE_INFINITY }), [/^FLAT: .* error.*metric/]],
    ["the same φ whatever λ", lambda, (i: number) => ({ features, error: i }), [/^FLAT: .*φ.*trainer/]],
    ["the same φ and error", lambda, () => ({ features, error: 1 }), [/^FLAT: .*φ.*trainer/]],
    ["one error that differs", lambda, (i: number) => ({ error: Number(i === 2) }), []],
    ["one φ that differs", lambda, (i: number) => ({ features: { ...features, l1: Number(i === 2) }, error: i }), []],
    ["no weight that is free", fixedWeights, () => ({ features, error: 1 }), []],
  ])("%s", (_, weights, model, expected) => {
    expect(told(weights, model)).toEqual(expected.map((message) => expect.stringMatching(message)));
    expect(told(weights, model, 2)).toEqual([]);
  });

  test("the same φ at the same λ proves nothing", () => {
    const study = createStudy(options);
    const trial = study.ask();
    for (const error of [1, 2, 3]) study.observe(trial, { features, error });
    expect(study.warnings).toEqual([]);
  });
});

describe("what is told is checked", () => {
  const { features } = train({});

  test("a NaN error is a failed trial, never best; +Infinity is the worst; −Infinity is refused", () => {
    const study = createStudy(options);
    study.tell(study.ask(), { features, error: Number.NaN });
    expect(study.trials[0]!.status).toBe("failed");
    expect(study.best).toBeUndefined();
    study.tell(study.ask(), { features, error: Number.POSITIVE_INFINITY });
    study.tell(study.ask(), { features, error: 4 });
    expect(study.best!.error).toBe(4);
    study.tell({ id: 0 }, { features, error: Number.NaN }); // once more: no effect
    expect(() => study.tell(study.ask(), { features, error: Number.NEGATIVE_INFINITY })).toThrow(code("NON_FINITE"));
    expect(Study.fromJSON(JSON.stringify(study)).observations).toEqual(study.observations);
  });

  test("an error too large to be squared is as bad as an infinite one", () => {
    const [large, infinite] = [1e200, Number.POSITIVE_INFINITY].map((bad) => {
      const study = createStudy(options);
      for (let i = 0; i < 8; i++) {
        const trial = study.ask();
        const model = train(trial.lambda);
        study.tell(trial, i === 1 ? { ...model, error: bad } : model);
      }
      return study;
    });
    expect(large!.ask()).toEqual(infinite!.ask());
    expect(Study.fromJSON(JSON.stringify(large)).certificate).toEqual(infinite!.certificate);
  });

  test.each([
    ["NaN in φ", { l1: Number.NaN }, 1, "NON_FINITE"],
    ["a φ too large to be squared", { l1: 1e200 }, 1, "OVERFLOW"],
    ["so good an error", {}, -1e200, "OVERFLOW"],
  ])("%s rejects the observation and changes nothing", (_, odd, error, reason) => {
    const study = createStudy(options);
    const trial = study.ask();
    const before = JSON.stringify(study);
    expect(() => study.tell(trial, { features: { ...features, ...odd }, error })).toThrow(code(reason));
    expect(JSON.stringify(study)).toBe(before);
  });

  test.each([
    ["a key too few", { logLoss: 1, l1: 1 }],
    ["a key too many", { ...features, l3: 1 }],
    ["a key that only the prototype has", { logLoss: 1, l1: 1, toString: 1 }],
  ])("φ with %s", (_, wrong) => {
    const study = createStudy(options);
    expect(() => study.tell(study.ask(), { features: wrong as never, error: 1 })).toThrow(code("SHAPE"));
  });

  test("telling twice: the same is harmless, something else is a conflict", () => {
    const study = createStudy(options);
    const trial = study.ask();
    study.tell(trial, { features, error: 1 });
    const before = JSON.stringify(study);
    study.tell(trial, { features, error: 1 });
    expect(JSON.stringify(study)).toBe(before);
    expect(() => study.tell(trial, { features, error: 2 })).toThrow(code("CONFLICT"));
    expect(() => study.tell(trial, { features, error: 1, converged: false })).toThrow(code("CONFLICT"));
    expect(() => study.tell(trial, { features, error: 1, passes: 7 })).toThrow(code("CONFLICT"));
    expect(() => study.fail(trial, "late")).toThrow(code("CONFLICT"));
    expect(JSON.stringify(study)).toBe(before);
  });

  test("an unknown trial, and a disposed study", () => {
    const study = createStudy(options);
    expect(() => study.tell({ id: 3 }, { features, error: 1 })).toThrow(code("UNKNOWN_TRIAL"));
    study.dispose();
    study.dispose();
    expect(() => study.ask()).toThrow(code("DISPOSED"));
  });

  test("JSON that is no study", () => {
    const good = JSON.stringify(createStudy(options));
    expect(() => Study.fromJSON("{")).toThrow(code("PARSE"));
    expect(() => Study.fromJSON("[]")).toThrow(code("CORRUPT"));
    expect(() => Study.fromJSON(good.replace('"version":1', '"version":9'))).toThrow(code("VERSION"));
    const wrong = JSON.parse(good);
    wrong.events.push({ type: "tell", trial: 0, features: [1, 1, 1], error: 1, converged: true });
    expect(() => Study.fromJSON(JSON.stringify(wrong))).toThrow(code("CORRUPT"));
    wrong.events = [{ type: "ask", lambda: [1, -1, 1], proposal: "fit" }];
    expect(() => Study.fromJSON(JSON.stringify(wrong))).toThrow(code("CORRUPT"));
  });
});

test("a certificate of many checkpoints takes few LPs, is worked out once for what was told, and holds", () => {
  const study = createStudy({ lambda: { loss: fixed(1), a: atLeast(0.01, 10) }, seed: 1, trials: 400 });
  const random = new Random(3, 9);
  for (let trial = 0; trial < 60; trial++) {
    const asked = study.ask({ lambda: { loss: 1, a: 0.01 * 1000 ** random.uniform() } });
    const x = 1 / (1 + asked.lambda.a!);
    for (let step = 20; step >= 0; step--) {
      // On the way φ is above the front; some checkpoints have a smaller error than what any λ selects.
      const features = { loss: (1 - x) ** 2 + 0.02 * step, a: x * x + 0.01 * step };
      const error = (x - 0.6) ** 2 + 0.1 - 0.004 * step * random.uniform();
      if (step > 0) study.observe(asked, { features, error });
      else study.tell(asked, { features, error });
    }
  }
  let steps = 0;
  for (const _ of study.certifying()) steps++;
  const certificate = study.certificate!;
  expect(study.certificate).toBe(certificate);
  expect(certificate.rejected.length).toBeGreaterThan(50);
  expect(steps).toBeLessThan(certificate.rejected.length / 3);
  expect(certificate.explained).toBeDefined();
  expect(verifyCertificate(certificate, study.observations, study.polyhedron)).toEqual({ valid: true });
  study.tell(study.ask(), { features: { loss: 0, a: 0 }, error: 0 });
  expect(study.certificate).not.toBe(certificate);
  expect(study.certificate!.best.error).toBe(0);
});
