// What a study does where there is little to learn from, beside random search.
import { expect, test } from "vitest";
import { atLeast, between, createStudy, fixed, type Study, type Weight } from "../../src/index.ts";
import { sample } from "../../src/outer/explore.ts";
import { Random } from "../../src/random.ts";
import { finite, type Trainer } from "../reference/trainers.ts";

interface Searched {
  readonly errors: number[];
  readonly proposals: string[];
}

/** What a trainer's models came to, trial by trial: of the study's proposals, or of λ by chance. */
function searched(
  lambda: Readonly<Record<string, Weight>>,
  trainer: Trainer,
  options: { readonly trials: number; readonly seed: number; readonly chance?: boolean },
): Searched {
  const study: Study = createStudy({ lambda, ...options });
  const F = study.polyhedron;
  const random = new Random(options.seed, 41);
  const [errors, proposals]: [number[], string[]] = [[], []];
  while (!study.done) {
    const trial = study.ask(options.chance ? { lambda: F.toRecord(sample(F, random)) } : {});
    const { features, error } = trainer.train(F.names.map((name) => trial.lambda[name]!));
    errors.push(error);
    proposals.push(trial.proposal);
    if (Number.isNaN(error)) study.fail(trial, "diverged");
    else study.tell(trial, { features: F.toRecord(features), error });
  }
  study.dispose();
  return { errors, proposals };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const least = ({ errors }: Searched) => Math.min(...errors.filter((error) => !Number.isNaN(error)));
const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed);

test("few models: a fit through them all is exact, and is given up when it brings nothing", () => {
  const lambda = { a: fixed(1), b: between(1e-3, 1e3), c: between(1e-3, 1e3), d: between(1e-3, 1e3) };
  const [ours, theirs]: [number[], number[]] = [[], []];
  let longest = 0;
  for (const seed of seeds(30)) {
    const random = new Random(seed, 42);
    const models = Array.from({ length: 40 }, () => ({
      features: Array.from({ length: 4 }, () => 1 / (0.05 - Math.log(random.uniform() + 1e-9))),
      error: random.uniform(),
    }));
    const found = searched(lambda, finite(4, models), { trials: 40, seed });
    ours.push(least(found));
    theirs.push(least(searched(lambda, finite(4, models), { trials: 40, seed, chance: true })));
    const runs = found.proposals.join(" ").match(/fit( fit)*/g) ?? [];
    longest = Math.max(longest, ...runs.map((run) => run.split(" ").length));
  }
  expect(longest).toBeLessThan(20);
  expect(mean(ours)).toBeLessThan(mean(theirs));
});

/** Ridge on orthogonal columns: θ_j = s_j/(s_j + λ_j). e is a function of where λ_j is between its bounds on the log scale. */
function placed(scales: readonly number[], error: (places: readonly number[]) => number): Trainer {
  return {
    k: scales.length + 1,
    train([, ...penalties]) {
      const weights = scales.map((scale, j) => scale / (scale + penalties[j]!));
      const loss = weights.reduce((sum, w, j) => sum + (scales[j]! * (w - 1) ** 2) / 2, 0);
      const places = penalties.map((penalty) => Math.log(penalty / 1e-6) / Math.log(1e7));
      return { features: [loss, ...weights.map((w) => (w * w) / 2)], error: error(places) };
    },
  };
}

const distance = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, j) => sum + (x - b[j]!) ** 2, 0);

test("two basins, the better one in a corner: it is found", () => {
  let hits = 0;
  for (const seed of seeds(12)) {
    const random = new Random(seed, 43);
    const scales = Array.from({ length: 2 }, () => 10 ** (4 * random.uniform() - 4));
    const corner = scales.map(() => (random.uniform() < 0.5 ? 0.1 : 0.9));
    const trainer = placed(scales, (at) => Math.min(distance(at, [0.5, 0.5]) + 0.1, 4 * distance(at, corner)));
    const lambda = { loss: fixed(1), a: atLeast(0), b: atLeast(0) };
    if (least(searched(lambda, trainer, { trials: 100, seed })) < 0.08) hits++;
  }
  expect(hits).toBeGreaterThanOrEqual(11);
});

test("an error that is no function of any λ·φ: a bowl in log λ is found to its bottom, where chance hardly gets into it", () => {
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (const seed of seeds(8)) {
    const random = new Random(seed, 47);
    const scales = Array.from({ length: 5 }, () => 10 ** (4 * random.uniform() - 4));
    const best = scales.map(() => 0.2 + 0.6 * random.uniform());
    const trainer = placed(scales, (at) => distance(at, best));
    const lambda = { loss: fixed(1), a: atLeast(0), b: atLeast(0), c: atLeast(0), d: atLeast(0), e: atLeast(0) };
    for (const chance of [false, true]) {
      (chance ? theirs : ours).push(least(searched(lambda, trainer, { trials: 80, seed, chance })));
    }
  }
  const median = (list: number[]) => list.sort((a, b) => a - b)[4]!;
  expect(median(ours)).toBeLessThan(median(theirs) / 5);
});

test("trainings that fail are kept away from, without a word of what they were", () => {
  const [ours, theirs, errors, others]: number[][] = [[], [], [], []];
  for (const seed of seeds(12)) {
    const random = new Random(seed, 44);
    const scales = Array.from({ length: 3 }, () => 10 ** (4 * random.uniform() - 4));
    const best = scales.map(() => 0.3 + 0.4 * random.uniform());
    // Three quarters of F.
    const trainer = placed(scales, (at) => (at[0]! > 0.75 || at[2]! < 0.67 ? Number.NaN : distance(at, best)));
    const lambda = { loss: fixed(1), a: atLeast(0), b: atLeast(0), c: atLeast(0) };
    for (const chance of [false, true]) {
      const found = searched(lambda, trainer, { trials: 60, seed, chance });
      (chance ? theirs : ours)!.push(found.errors.filter(Number.isNaN).length);
      (chance ? others : errors)!.push(least(found));
    }
  }
  expect(mean(ours!)).toBeLessThan(0.8 * mean(theirs!));
  expect(mean(errors!)).toBeLessThan(mean(others!));
});
