// The theory in Node only: it is TypeScript over the LP engine, whose bits are the same in browsers (determinism.test.ts).
import { expect, test } from "vitest";
import { atLeast, createStudy, fixed, type Study, share, verifyCertificate, type Weight } from "../../src/index.ts";
import { sample } from "../../src/outer/explore.ts";
import { Random } from "../../src/random.ts";
import { finite, front, multimodal, quadratic, type Trainer, transformed } from "../reference/trainers.ts";

function weights(k: number): Record<string, Weight> {
  return Object.fromEntries(
    Array.from({ length: k }, (_, j) => [`f${j}`, j === 0 ? fixed(1) : atLeast(0.01, 10)] as const),
  );
}

/** Asks until the error is at most `target`; the number of asks, Infinity when `most` were not enough. */
function asksUntil(study: Study, trainer: Trainer, target: number, most: number): number {
  const { names } = study.polyhedron;
  for (let asks = 1; asks <= most; asks++) {
    const trial = study.ask();
    const { features, error } = trainer.train(names.map((name) => trial.lambda[name]!));
    study.tell(trial, { features: study.polyhedron.toRecord(features), error });
    if (error <= target) return asks;
  }
  return Number.POSITIVE_INFINITY;
}

function optimumOf(seed: number, k: number): number[] {
  const random = new Random(seed, 79);
  return Array.from({ length: k }, (_, j) => (j === 0 ? 1 : 0.05 + 3 * random.uniform()));
}

test.each([2, 3, 5, 8, 12])(
  "affine e, strictly convex inner problems, k = %i: solved to 1e-6 by the k + 2nd model",
  (k) => {
    for (let seed = 0; seed < 6; seed++) {
      const optimum = optimumOf(seed, k);
      const trainer = quadratic(seed, k, optimum);
      const least = trainer.train(optimum).error;
      const study = createStudy({ lambda: weights(k), seed });
      expect(asksUntil(study, trainer, least + 1e-6 * Math.abs(least), k + 2)).toBeLessThanOrEqual(k + 2);
    }
  },
);

test.each([2, 3, 5])("affine e over many models, k = %i: the best that any λ selects within a few more", (k) => {
  for (let seed = 0; seed < 5; seed++) {
    const optimum = optimumOf(seed, k);
    const smooth = quadratic(seed, k, optimum);
    const random = new Random(seed, 80);
    const study = createStudy({ lambda: weights(k), seed });
    const models = Array.from({ length: 2000 }, () => smooth.train(Array.from(sample(study.polyhedron, random))));
    const trainer = finite(k, models);
    expect(asksUntil(study, trainer, trainer.train(optimum).error + 1e-12, 3 * k + 6)).toBeLessThanOrEqual(3 * k + 6);
  }
});

test("a trial that diverged is passed over, told with its finite error or as infinitely bad", () => {
  const reached = (bad: number, seed: number) => {
    const study = createStudy({ lambda: { loss: fixed(1), a: atLeast(0), b: atLeast(0) }, seed });
    for (let i = 0; i < 60; i++) {
      const trial = study.ask();
      const { a, b } = trial.lambda;
      const [x, y] = [1 / (1 + a), 2 / (1 + b)];
      const features = { loss: 0.5 * ((x - 1) ** 2 + (y - 2) ** 2), a: 0.5 * x * x, b: 0.5 * y * y };
      study.tell(trial, { features, error: i === 1 ? bad : (x - 0.7) ** 2 + (y - 1.9) ** 2 });
    }
    return study.best!.error;
  };
  for (const bad of [Number.POSITIVE_INFINITY, 1e100, 1e9, 1e7]) {
    const errors = Array.from({ length: 9 }, (_, seed) => reached(bad, seed)).sort((a, b) => a - b);
    expect(errors[4]).toBeLessThan(1e-6);
  }
});

const monotone: readonly (readonly [string, (error: number) => number])[] = [
  ["exp e", Math.exp],
  ["e³", (error) => error ** 3],
  ["log e", Math.log],
  ["1 − exp(−e)", (error) => 1 - Math.exp(-error)],
  ["steps", (error) => Math.floor(10 * error) / 10],
];

test.each([2, 3, 5, 8])(
  "monotone transforms of an affine e, k = %i: solved to a thousandth of the range, in about 3k asks",
  (k) => {
    const asks: number[] = [];
    for (const [name, g] of monotone) {
      for (let seed = 0; seed < 4; seed++) {
        const optimum = optimumOf(seed, k);
        const linear = quadratic(seed, k, optimum, 1 / k);
        const least = linear.train(optimum).error;
        const range = linear.train(optimum.map((_, j) => (j === 0 ? 1 : 0.01))).error - least;
        const study = createStudy({ lambda: weights(k), seed, trials: 1000 });
        const most = 12 * k;
        const spent = asksUntil(study, transformed(linear, g), g(least + 1e-3 * range), most);
        expect(spent, `${name}, seed ${seed}`).toBeLessThanOrEqual(most);
        asks.push(spent);
      }
    }
    asks.sort((a, b) => a - b);
    expect(asks[asks.length >> 1]!).toBeLessThanOrEqual(3 * k + 4);
  },
);

/** What random search needs for the same: the median over seeds is the yardstick. */
function randomSearch(seed: number, trainer: Trainer, target: number, most: number): number {
  const { polyhedron } = createStudy({ lambda: weights(trainer.k) });
  const random = new Random(seed, 81);
  for (let asks = 1; asks <= most; asks++) {
    if (trainer.train(Array.from(sample(polyhedron, random))).error <= target) return asks;
  }
  return most + 1;
}

test("finitely many models with many local minima: all ten solved, in far fewer asks than random search", () => {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let seed = 0; seed < 10; seed++) {
    const trainer = multimodal(seed, 3, 1000);
    const { polyhedron } = createStudy({ lambda: weights(3) });
    const random = new Random(seed, 82);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 20_000; i++) {
      least = Math.min(least, trainer.train(Array.from(sample(polyhedron, random))).error);
    }
    ours.push(asksUntil(createStudy({ lambda: weights(3), seed, trials: 1000 }), trainer, least, 400));
    theirs.push(randomSearch(seed, trainer, least, 20_000));
  }
  const median = (list: number[]) => list.sort((a, b) => a - b)[5]!;
  expect(Math.max(...ours)).toBeLessThanOrEqual(400);
  expect(median(ours)).toBeLessThan(0.5 * median(theirs));
});

test("exploration does not believe a trial that diverged, told as it is: its loss is no bound of others", () => {
  for (const seed of [0, 2, 4]) {
    const trainer = multimodal(seed, 3, 1000);
    const least = Math.min(...selected(trainer, seed).map(({ error }) => error));
    let trials = 0;
    const diverging: Trainer = {
      k: 3,
      train(lambda) {
        const { features, error } = trainer.train(lambda);
        return ++trials === 2 ? { features: features.map((value) => 1e6 * value), error: 1e7 } : { features, error };
      },
    };
    const study = createStudy({ lambda: weights(3), seed, trials: 1000 });
    expect(asksUntil(study, diverging, least, 400)).toBeLessThanOrEqual(400);
  }
});

/** The models that some λ of F selects: those that many random λ do. */
function selected(trainer: Trainer, seed: number): { readonly features: number[]; readonly error: number }[] {
  const { polyhedron } = createStudy({ lambda: weights(trainer.k) });
  const random = new Random(seed, 82);
  const counts = new Map<{ features: number[]; error: number }, number>();
  for (let i = 0; i < 10_000; i++) {
    const model = trainer.train(Array.from(sample(polyhedron, random)));
    counts.set(model, (counts.get(model) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count >= 5).map(([model]) => model);
}

const hard: readonly (readonly [string, (seed: number, k: number) => Trainer])[] = [
  [
    "noise as large as the signal",
    (seed, k) => {
      const random = new Random(seed, 91);
      const optimum = optimumOf(seed, k);
      const signal = (f: number[]) => Math.log(f.reduce((a, value, j) => a + value * optimum[j]!, 0));
      return finite(
        k,
        front(seed, k, 100).map((features) => ({ features, error: signal(features) + 0.5 * random.normal() })),
      );
    },
  ],
  [
    "an adversary: e is affine, but the worst model that can be selected is the best after all",
    (seed, k) => {
      const optimum = optimumOf(seed, k);
      const models = front(seed, k, 100).map((features) => ({
        features,
        error: features.reduce((a, value, j) => a + value * optimum[j]!, 0),
      }));
      const worst = selected(finite(k, models), seed).reduce((a, b) => (b.error > a.error ? b : a));
      return finite(
        k,
        models.map(({ features, error }) => ({ features, error: features === worst.features ? -1 : error })),
      );
    },
  ],
  [
    "most of them infinitely bad",
    (seed, k) => {
      const random = new Random(seed, 92);
      const error = () => (random.uniform() < 0.8 ? Number.POSITIVE_INFINITY : random.uniform());
      return finite(
        k,
        front(seed, k, 60).map((features) => ({ features, error: error() })),
      );
    },
  ],
];

test.each(hard)("finitely many models, %s: all ten solved by exploration", (_, make) => {
  for (let seed = 0; seed < 10; seed++) {
    const trainer = make(seed, 3);
    const least = Math.min(...selected(trainer, seed).map(({ error }) => error));
    const study = createStudy({ lambda: weights(3), seed, trials: 1000 });
    expect(asksUntil(study, trainer, least, 300), `seed ${seed}`).toBeLessThanOrEqual(300);
  }
});

/** λ of F, log-spaced between the bounds, these included; shares scaled to their sum. */
function gridOf(F: Study["polyhedron"], count: number): Float64Array[] {
  const free = Array.from(F.lower, (low, j) => [j, Math.log(F.upper[j]! / low)] as const).filter(
    ([, width]) => width > 0,
  );
  return Array.from({ length: count ** free.length }, (_, index) => {
    const lambda = Float64Array.from(F.lower);
    let rest = index;
    for (const [j, width] of free) {
      lambda[j]! *= Math.exp(((rest % count) / (count - 1)) * width);
      rest = Math.floor(rest / count);
    }
    return F.normalize(lambda);
  });
}

test("certificates are not violated: brute force over λ on a thousand small studies", () => {
  let rejections = 0;
  let explanations = 0;
  const violated: string[] = [];
  for (let seed = 0; seed < 1000; seed++) {
    const random = new Random(seed, 83);
    const k = 2 + (seed % 3);
    const shares = { a: share(0.05), b: share(0.05), c: share(0.05), ...(k === 4 ? { l2: atLeast(0.1, 10) } : {}) };
    const study = createStudy({ lambda: seed % 4 === 3 ? shares : weights(k), seed });
    const f = study.polyhedron;
    // Numbers so round that models tie, and are the same.
    const models = Array.from({ length: 3 + random.below(6) }, () => ({
      features: Array.from({ length: f.size }, () => random.below(20) / 4),
      error: random.below(10),
    }));
    for (const { features, error } of models) {
      study.tell(study.ask({ lambda: f.toRecord(sample(f, random)) }), { features: f.toRecord(features), error });
    }
    const certificate = study.certificate!;
    const { rejected, explained } = certificate;
    expect(verifyCertificate(certificate, study.observations, f)).toEqual({ valid: true });
    rejections += rejected.length;
    if (explained) explanations++;
    const chance = Array.from({ length: 100 }, () => sample(f, random));
    for (const lambda of [...gridOf(f, [0, 200, 15, 6][f.size - 1] ?? 5), ...chance]) {
      const losses = models.map(({ features }) => features.reduce((a, value, j) => a + value * lambda[j]!, 0));
      const least = Math.min(...losses);
      for (const { model } of rejected) if (!(losses[model]! > least)) violated.push(`${seed}: ${model} is selected`);
      // Whatever λ selects, ties included, is no better than what the certificate says that one can.
      if (!explained) continue;
      for (const [model, { error }] of models.entries()) {
        if (losses[model]! === least && error < explained.error) violated.push(`${seed}: ${model} is better`);
      }
    }
  }
  expect(violated).toEqual([]);
  expect(rejections).toBeGreaterThan(500);
  expect(explanations).toBeGreaterThan(990);
});

test("a forged certificate is found out", () => {
  const study = createStudy({ lambda: weights(2) });
  for (const [f0, f1, error] of [
    [1, 5, 3],
    [4, 4, 1],
    [5, 1, 2],
  ] as const) {
    study.tell(study.ask(), { features: { f0, f1 }, error });
  }
  const certificate = study.certificate!;
  const check = (claim: typeof certificate) => verifyCertificate(claim, study.observations, study.polyhedron).valid;
  expect(certificate.rejected.map(({ model }) => model)).toEqual([1]);
  expect(certificate.explained!.model).toBe(2);
  expect(check(certificate)).toBe(true);
  expect(check({ ...certificate, rejected: [] })).toBe(false);
  expect(check({ ...certificate, best: { model: 0, error: 3 } })).toBe(false);
  const explained = certificate.explained!;
  expect(check({ ...certificate, explained: { ...explained, error: 1 }, rejected: [] })).toBe(false);
  const [rejection] = certificate.rejected;
  const proof = { ...rejection!.proof, models: [0], weights: [1] };
  expect(check({ ...certificate, rejected: [{ ...rejection!, proof }] })).toBe(false);
});

test("a certificate with any number, index or length spoilt is found out", () => {
  const study = createStudy({ lambda: { a: share(), b: share() } });
  for (const [a, b, error] of [
    [1, 5, 3],
    [4, 4, 1],
    [5, 1, 2],
  ] as const)
    study.tell(study.ask(), { features: { a, b }, error });
  const certificate = study.certificate!;
  const { best, explained, rejected } = certificate;
  const [rejection] = rejected;
  const { proof } = rejection!;
  const odd = [Number.NaN, -1, 0.5, 3, Number.POSITIVE_INFINITY, undefined as unknown as number];
  const spoilt = (values: ArrayLike<number>) => [
    ...Array.from(values, (_, j) => odd.map((value) => Array.from(values).with(j, value))).flat(),
    [],
    Array.from(values).slice(1),
    [...Array.from(values), 1],
  ];
  const ofBest = (changes: object) => ({ ...certificate, best: { ...best, ...changes } });
  const ofExplained = (changes: object) => ({ ...certificate, explained: { ...explained!, ...changes } });
  const ofRejected = (changes: object) => ({ ...certificate, rejected: [{ ...rejection!, ...changes }] });
  const ofProof = (changes: object) => ofRejected({ proof: { ...proof, ...changes } });
  const forged = [
    ...odd.flatMap((value) =>
      [ofBest, ofExplained, ofRejected].flatMap((of) => [of({ model: value }), of({ error: value })]),
    ),
    ...odd.map((margin) => ofProof({ margin })),
    ...odd.map((incumbent) => ofProof({ incumbent })),
    ...spoilt(explained!.lambda).map((lambda) => ofExplained({ lambda: Float64Array.from(lambda) })),
    ...spoilt(proof.models).map((models) => ofProof({ models })),
    ...spoilt(proof.weights).map((weights) => ofProof({ weights })),
  ];
  const verified = (claim: typeof certificate) => verifyCertificate(claim, study.observations, study.polyhedron).valid;
  expect(proof.margin).toBeLessThan(0.5);
  expect(verified(certificate)).toBe(true);
  expect(forged.filter(verified)).toEqual([]);
});

test("a certificate of models of other features, or of an F that is none, is refused", () => {
  const study = createStudy({ lambda: { a: share(), b: share() } });
  study.tell(study.ask(), { features: { a: 1, b: 2 }, error: 1 });
  const { certificate, observations, polyhedron } = study;
  const short = observations.map(({ error }) => ({ features: [1], error }));
  expect(() => verifyCertificate(certificate!, short, polyhedron)).toThrow(expect.objectContaining({ code: "SHAPE" }));
  const none = { lower: polyhedron.lower, upper: polyhedron.upper, data: Float64Array.of(1, -1) };
  expect(() => verifyCertificate(certificate!, observations, none)).toThrow(
    expect.objectContaining({ code: "BOUNDS" }),
  );
});

test("a λ outside of F is found out, by its bounds and by its sum", () => {
  const study = createStudy({ lambda: { a: share(), b: share() } });
  study.tell(study.ask(), { features: { a: 1, b: 2 }, error: 1 });
  const certificate = study.certificate!;
  const explained = certificate.explained!;
  const check = (a: number, b: number) => {
    const claim = { ...certificate, explained: { ...explained, lambda: Float64Array.of(a, b) } };
    return verifyCertificate(claim, study.observations, study.polyhedron).valid;
  };
  expect([check(0.4, 0.6), check(0.4, 0.4), check(-0.2, 1.2)]).toEqual([true, false, false]);
});

test("where losses differ by less than rounding, the certificate leaves the question open", () => {
  const study = createStudy({ lambda: { a: share(), b: share(), c: share() } });
  // Checkpoints and ends of trainings whose loss has no minimizer.
  const seen: [a: number, b: number, c: number, error: number][] = [
    [1.1, 1.1, 1.1, 1.1],
    [3e-2, 4e-1, 9e-3, 0.22],
    [2.9e-2, 2.8e-2, 2.2e-2, 0.075],
    [1.4e-14, 6.755e-13, 7.793e-13, 0.67],
    [1.42e-14, 6.757e-13, 7.766e-13, 0.63],
    [2.4e-16, 1.1e-14, 1.4e-14, 0.64],
  ];
  for (const [a, b, c, error] of seen) study.tell(study.ask(), { features: { a, b, c }, error });
  const certificate = study.certificate!;
  expect(certificate.explained).toBeUndefined();
  expect(verifyCertificate(certificate, study.observations, study.polyhedron)).toEqual({ valid: true });
});
