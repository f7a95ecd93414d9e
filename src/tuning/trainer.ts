import { Encloser, type Enclosure } from "../evaluate/enclosure.ts";
import type { JudgeOptions } from "../evaluate/judge.ts";
import { MetricEvaluator } from "../evaluate/metric.ts";
import type { RowGroups } from "../features/feature.ts";
import type { FeatureSpace } from "../features/space.ts";
import { RegionFinder } from "../inner/region.ts";
import { Solver } from "../inner/solver.ts";
import type { FoldRows, SolverTask, Start, TrainingSolver } from "../inner/training-solver.ts";
import { Objective, type ObjectiveOptions } from "../models/objective.ts";
import type { TrainingRows } from "../models/training-rows.ts";
import type { Pause } from "../run.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { above } from "./above.ts";
import { nextCheckpoint } from "./checkpoints.ts";

/**
 * Limits of the conjugate gradients for the adjoint; fine where small gains are at stake. Twice as many iterations and half
 * the tolerance took 5 to 10 % more passes in all on six tasks of the bench, 20 seeds each, for no more hits; 4 iterations
 * missed a minimum of breast cancer on 4 of 10 seeds.
 */
const ADJOINT = { iterations: 6, tolerance: 0.3 };
const FINE_ADJOINT = { iterations: 6, tolerance: 0.2 };

/** A model as the outer loop sees it: its features φ(θ) and its error e(θ). */
export interface Seen {
  readonly features: Float64Array;
  readonly error: number;
  /** One per fold; `error` is their mean. */
  readonly errors: readonly number[];
  readonly iteration: number;
}

export interface TrainerOptions extends JudgeOptions {
  readonly train: TrainingRows;
  readonly targets: JudgeOptions["targets"] & { readonly train: Float64Array };
  /** Groups of the training rows. */
  readonly rowGroups: RowGroups | undefined;
  readonly tolerance: number;
  /** @see SolverOptions.solves */
  readonly solves?: number;
  /** Makes a solver in another thread. @default one in this */
  readonly solver?: (task: Omit<SolverTask, keyof FoldRows>) => TrainingSolver;
}

/** How far a training goes, at most to the tolerance. */
export interface Goal {
  /** It may end when e changed by less than this share since half as many iterations, once that is a matter of λ. */
  readonly settle?: number;
  /** It goes on if e changed by less than this share since its start, early on: what led there was right. @default 0 */
  readonly trust?: number;
  /** It may be given up when e is above this, and rises or falls too slowly ever to come there. */
  readonly hopeless?: number;
  /**
   * It is given up near its minimizer, where e hardly changes any more, when e has been above this since half as many
   * iterations. Error rate of digits, 50 splits: 1520 → 920 passes in all, 466 → 314 to the hit, as many hits.
   */
  readonly rival?: number;
  readonly iterations?: number;
  /** What is learned of it: its model joins the span, or nothing does. @default the model, and the adjoint of e with it */
  readonly learns?: "model" | "nothing";
}

/** Iterations before e can be judged by its course. */
const YOUNG = 4;

/** Residual at which e is near its value at the minimizer: digits, within 1 %; at 1e-2, within 5 %. */
export const NEAR_MINIMUM = 1e-3;

/** Whether a training ended at a minimizer: a loss that is unbounded has none, and rounding may end it near one or anywhere. */
export function isMinimal({ status, residual }: Pick<TrainingSolver, "status" | "residual">): boolean {
  return status === "converged" || (status === "stalled" && residual < NEAR_MINIMUM);
}

/**
 * A training whose e has settled is finished all the same if its residual is within this multiple of its tolerance: cheaper
 * than coming back to it. Breast cancer, 70 splits: 285 → 267 passes in all; at 10, 275, with 3 fewer hits; mails and digits as
 * before.
 */
const CLOSE = 4;

/** A training may be given up once e, rising, exceeds its least value so far by this share: weak penalties over-fit for ever. */
const SPOILED = 0.25;

/**
 * Doublings of the iterations in which a training above `hopeless` would have to come there, at its present fall of e per
 * doubling, to be given up: e settles far above the best at a tiny penalty, where a minimizer takes thousands of passes.
 * Exploration of wine, 20 splits, 1000 passes: 3.0 → 0.9 % above the least e ever seen; 3000 passes: 2.2 → 0.4 %.
 */
const DOUBLINGS = 10;

/** Least factor from one iteration at which the course of e is looked at to the next. */
const LOOKS = 1.1;

/**
 * Iterations up to which `Goal.trust` applies: later, what is left of a training costs more than a look at λ, 3 to 10 passes.
 * MNIST, 5000 rows, settles after 17 to 26: trusted then, 114 → 162 passes to the hit.
 */
const EARLY = 12;

/** Whether a training has gone far enough, by the looks at it so far and its residual over its tolerance. */
function reached(
  course: readonly Seen[],
  { settle, hopeless = Number.POSITIVE_INFINITY, rival = Number.POSITIVE_INFINITY }: Goal,
  residual: number,
  excess: number,
): boolean {
  const { iteration, error } = course.at(-1)!;
  if (iteration < YOUNG) return false;
  const before = (share: number) => course.findLast((seen) => seen.iteration <= share * iteration)!.error;
  const near = residual < NEAR_MINIMUM;
  if (near && Math.min(error, before(1 / 2)) > rival) return true;
  const settled = settle !== undefined && Math.abs(error - before(1 / 2)) <= settle * Math.abs(error);
  if (near && settled && excess > CLOSE) return true;
  if (iteration < 4 * YOUNG) return false;
  const pace = Math.max(before(1 / 2) - error, before(1 / 4) - before(1 / 2), 0);
  if (error - hopeless > DOUBLINGS * pace) return true;
  return settle !== undefined && pace === 0 && error > above(Math.min(...course.map((seen) => seen.error)), SPOILED);
}

/** Whether a training that may end goes on, by `Goal.trust`: early on, with an e that is still near that of its start. */
function trusted(course: readonly Seen[], { trust = 0 }: Goal): boolean {
  const { iteration, error } = course.at(-1)!;
  return iteration <= EARLY && Math.abs(error - course[0]!.error) < trust * Math.abs(error);
}

/**
 * Minimizes ℓ_λ for every trainer at once (one, or one per fold), each from its start, until its goal is reached, a
 * bounded piece of work at a time. φ and e are means over the trainers. Every checkpoint is handed to `observe`; the last
 * model is returned.
 */
export function* train(
  trainers: readonly Trainer[],
  lambda: Float64Array,
  starts: readonly Start[],
  goal: Goal,
  observe: (seen: Seen) => void,
): Generator<Pause, Seen> {
  for (const [f, trainer] of trainers.entries()) {
    yield* trainer.solver.prepare?.() ?? [];
    trainer.start(lambda, starts[f]!);
    yield;
  }
  yield* arrival(trainers);
  const { iterations = Number.POSITIVE_INFINITY } = goal;
  const running = () => trainers.filter((trainer) => trainer.running);
  const course: Seen[] = [];
  let iteration = 0;
  let checkpoint = 0;
  let ends = true;
  while (iteration < iterations && running().length > 0) {
    const seen = look(trainers, iteration);
    course.push(seen);
    const residual = Math.max(...trainers.map(({ solver }) => solver.residual));
    if (ends && reached(course, goal, residual, residual / trainers[0]!.tolerance)) {
      if (!trusted(course, goal)) return seen;
      ends = false;
    }
    if (iteration === checkpoint) {
      observe(seen);
      checkpoint = nextCheckpoint(iteration);
    }
    const looks = goal.settle !== undefined || goal.rival !== undefined;
    const judged = looks ? Math.ceil(iteration * LOOKS) + 1 : checkpoint;
    const next = Math.min(judged, checkpoint, iterations);
    for (const { solver } of running()) solver.ahead?.(next - iteration);
    yield* arrival(trainers);
    for (; iteration < next; iteration++) {
      for (const { solver } of running()) {
        do {
          solver.step(1);
          yield;
        } while (solver.midway);
      }
    }
  }
  return look(trainers, Math.max(...trainers.map(({ solver }) => solver.iterations)));
}

/** Waits for what workers do. */
function* arrival(trainers: readonly Trainer[]): Generator<Pause> {
  const pending = trainers.flatMap(({ solver }) => solver.pending ?? []);
  if (pending.length > 0) yield Promise.all(pending);
}

/** Means of φ and e over the trainers' current models. */
function look(trainers: readonly Trainer[], iteration: number): Seen {
  const seen = trainers.map((trainer) => trainer.look());
  const features = seen[0]!.features.map(
    (_, j) => seen.reduce((sum, { features }) => sum + features[j]!, 0) / seen.length,
  );
  const errors = seen.map(({ error }) => error);
  return { features, error: errors.reduce((sum, error) => sum + error, 0) / errors.length, errors, iteration };
}

/** What an objective of training rows is made of, but for the rows. */
export function trainingTerms(
  space: FeatureSpace,
  {
    model,
    targets,
    rowGroups,
    precision,
    selected,
  }: Pick<TrainerOptions, "model" | "targets" | "rowGroups" | "precision" | "selected">,
): Omit<ObjectiveOptions, "dataset"> {
  return {
    model,
    targets: targets.train,
    outputs: targets.outputs,
    precision,
    ...space.structure,
    ...(rowGroups ? { rowGroups } : {}),
    ...(selected ? { selected } : {}),
  };
}

/** Trains models, min_θ λ·φ(θ), and judges them, e(θ): the inner half of the loop. */
export class Trainer {
  readonly objective: Objective;
  readonly validation: Objective;
  readonly metric: MetricEvaluator;
  readonly solver: TrainingSolver;
  readonly tolerance: number;
  readonly #space: FeatureSpace;
  readonly #arena: Arena<Kernels>;
  #right: Pointer = 0;

  constructor(arena: Arena<Kernels>, space: FeatureSpace, options: TrainerOptions) {
    const { model, train, validation, targets, precision, tolerance, solves } = options;
    const { outputs, classes } = targets;
    this.tolerance = tolerance;
    this.#arena = arena;
    this.#space = space;
    const terms = trainingTerms(space, options);
    this.objective = new Objective(arena, { ...terms, dataset: train });
    this.validation = new Objective(arena, {
      model,
      dataset: validation,
      targets: targets.validation,
      outputs,
      precision,
      ...(options.selected ? { selected: options.selected } : {}),
    });
    this.metric = new MetricEvaluator(arena, options.metric, model, validation, targets.validation, outputs, classes);
    this.solver = options.solver
      ? options.solver({ ...terms, tolerance, solves })
      : new Solver(arena, this.objective, { tolerance, solves });
  }

  /** Begins to minimize ℓ_λ. */
  start(lambda: Float64Array, from: Start): void {
    const weights = this.#space.termWeights(lambda);
    this.objective.setWeights(weights);
    this.solver.start(from, weights);
  }

  /** Over the training rows, here and elsewhere. */
  get passes(): number {
    return this.objective.passes + (this.solver.passesElsewhere ?? 0);
  }

  /** φ and e of the solver's current model. */
  look(): Pick<Seen, "features" | "error"> {
    const { solver } = this;
    const { objective } = this;
    const features = this.#space.phi({ groupLosses: solver.groupLosses, ...objective.penalties(solver.theta) });
    return { features, error: this.judge(solver.theta) };
  }

  get running(): boolean {
    return this.solver.status === "running";
  }

  /** e(θ). */
  judge(theta: Pointer): number {
    const { outputs, rows } = this.validation;
    const scores = this.#arena.shared(8 * outputs * rows);
    this.validation.scores(theta, scores);
    return this.metric.evaluate(scores);
  }

  /**
   * Proves, from one model of it, within which bounds e of the exact minimizer of ℓ_λ is. One pass and a half, and little.
   * Whatever is under way goes on as if nothing had been.
   */
  *enclose(lambda: Float64Array, theta: Pointer): Generator<void, Enclosure> {
    const { weights } = this.objective;
    const scratch = this.#arena.nested();
    try {
      const region = yield* new RegionFinder(scratch, this.#space, this.objective).find(lambda, theta);
      yield;
      return new Encloser(scratch, this.metric, this.validation).enclose(region);
    } finally {
      scratch.dispose();
      this.objective.setWeights(weights);
    }
  }

  /**
   * u ← the direction in which the optimum moves e, from a guess: H⁻¹·∂e/∂θ at the solver's model, for metrics with a
   * gradient. In the span, it makes the reduced model's derivatives of e in all λ the true ones.
   */
  *adjoint(u: Pointer, fine: boolean): Generator<Pause> {
    const { solver, validation } = this;
    this.#right ||= this.#arena.f64(validation.thetaCount);
    validation.gradient(solver.theta, this.#right);
    yield* solver.adjoint(this.#right, u, fine ? FINE_ADJOINT : ADJOINT);
  }
}
