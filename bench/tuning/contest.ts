import { encodeTargets } from "../../src/data/targets.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { Random } from "../../src/random.ts";
import { createTuner } from "../../src/tune.ts";
import { TRAININGS } from "../../src/tuning/session.ts";
import { Trainer } from "../../src/tuning/trainer.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Point, RunResult } from "./results.ts";
import type { Parts, Task } from "./task.ts";

/** At 1e-4, e of the same λ differs by up to 5 % with the way it was trained (class weights), at 1e-5 by 0.3 %. */
const TOLERANCE = 1e-5;
const PRECISION = "f32";

/** Iterations of one training at most; without penalty a training may go on for ever. */
const LONGEST = 5000;

/** Iterations between two reports to a pruner: Hyperband's smallest rung. */
const RUNG = 9;

export interface Budget {
  readonly passes: number;
  readonly trials: number;
  readonly seconds: number;
  /** e that, once reached, lets a run end after half as many passes more. */
  readonly enough: number;
}

type Outcome = Omit<RunResult, "method" | "seed">;

/** One task on one seed: trains the λ that optimizers ask for, and LearnLoss's, with the same trainer. */
export class Contest {
  readonly space: FeatureSpace;
  /** Which weights there are to tune. */
  readonly tuned: readonly number[];
  readonly #task: Task;
  readonly #parts: Parts;

  constructor(task: Task, parts: Parts) {
    this.#task = task;
    this.#parts = parts;
    this.space = new FeatureSpace(task.features(parts.train), task.model);
    const { lower, upper } = this.space;
    this.tuned = this.space.names.flatMap((_, j) => (lower[j]! < upper[j]! ? [j] : []));
  }

  #trainer(arena: Arena<ReturnType<typeof kernels>>, judge: keyof Parts, solves: number): Trainer {
    const { model, metric } = this.#task;
    const { train } = this.#parts;
    const validation = this.#parts[judge];
    const targets = encodeTargets(model, train, validation);
    return new Trainer(arena, this.space, {
      model,
      metric,
      train,
      validation,
      targets: { outputs: targets.outputs, train: targets.train, validation: targets.others[0]! },
      rowGroups: this.space.rowGroups,
      tolerance: TOLERANCE,
      solves,
      precision: PRECISION,
    });
  }

  /** λ of a point of the unit cube: logs between the bounds, shares scaled to their sum. */
  lambda(point: readonly number[]): Float64Array {
    const { lower, upper } = this.space;
    const lambda = Float64Array.from(lower);
    for (const [i, j] of this.tuned.entries()) lambda[j] = lower[j]! * (upper[j]! / lower[j]!) ** point[i]!;
    return this.space.normalize(lambda);
  }

  /** Where the others begin: shares alike, penalties at the middle of their ranges. (LearnLoss's are over the number of shares.) */
  start(): number[] {
    const { lower, upper, data } = this.space;
    const penalties = data.reduce((count, a) => count + (a ? 0 : 1), 0);
    const shares = data.length - penalties;
    return this.tuned.map((j) => {
      const value = data[j] ? 1 / shares : Math.sqrt(lower[j]! * upper[j]!) / Math.max(penalties, 1);
      return Math.min(Math.max(Math.log(value / lower[j]!) / Math.log(upper[j]! / lower[j]!), 0), 1);
    });
  }

  /** @param exploring goes on looking until this is spent. @default ends by itself */
  async learnLoss(seed: number, exploring?: Pick<Budget, "passes" | "seconds">): Promise<Outcome> {
    const { model, metric } = this.#task;
    const { train, validation } = this.#parts;
    const features = this.#task.features(train);
    const begun = performance.now();
    const tuner = createTuner({
      model,
      train,
      validation,
      features,
      metric,
      seed,
      tolerance: TOLERANCE,
      precision: PRECISION,
      explore: exploring !== undefined,
    });
    const curve: Point[] = [];
    try {
      tuner.on("checkpoint", ({ trial, error, passes }) => {
        const { status, observations } = tuner.study.trials[trial]!;
        if (status === "told" && observations.at(-1)!.converged) improve(curve, passes, begun, error);
      });
      const limits = exploring && { passes: exploring.passes, time: 1000 * exploring.seconds };
      const result = await tuner.run(limits);
      return {
        ...this.#judged(this.space.fromUserRecord(result.lambda), begun),
        validationError: result.error,
        passes: result.passes,
        reducedPasses: result.reducedPasses,
        validationPasses: result.validationPasses,
        trials: result.trials,
        curve,
      };
    } finally {
      tuner.dispose();
    }
  }

  /** @param warm each training starts from the converged model whose log λ is nearest, otherwise from nothing */
  async compete(optimizer: Optimizer, warm: boolean, budget: Budget): Promise<Outcome> {
    const begun = performance.now();
    const arena = new Arena(kernels());
    try {
      const trainer = this.#trainer(arena, "validation", TRAININGS);
      const { objective, solver } = trainer;
      const start = arena.f64(objective.thetaCount);
      const seen: { readonly lambda: Float64Array; readonly theta: Float64Array }[] = [];
      const curve: Point[] = [];
      let best: Float64Array | undefined;
      let worst = 0;
      let trials = 0;
      let reached = Number.POSITIVE_INFINITY;
      const over = () =>
        trials >= budget.trials ||
        objective.passes >= Math.min(budget.passes, 1.5 * reached) ||
        performance.now() - begun >= 1000 * budget.seconds;
      while (!over()) {
        const point = await optimizer.ask();
        if (!point) break;
        trials++;
        const lambda = this.lambda(point);
        const near = warm ? nearest(seen, lambda) : undefined;
        if (near) arena.viewF64(start, near.length).set(near);
        trainer.start(lambda, near ? start : 0);
        let pruned = false;
        for (let rung = RUNG; trainer.running && !pruned && solver.iterations < LONGEST; rung *= 3) {
          solver.step(optimizer.report ? rung - solver.iterations : LONGEST);
          if (optimizer.report && trainer.running)
            pruned = await optimizer.report(rung, finite(trainer.judge(solver.theta), worst));
        }
        if (pruned) continue;
        const error = trainer.judge(solver.theta);
        if (Number.isFinite(error)) worst = Math.max(worst, error);
        await optimizer.tell(finite(error, worst));
        if (trainer.running || !Number.isFinite(error)) continue;
        if (warm) seen.push({ lambda, theta: arena.viewF64(solver.theta, objective.thetaCount).slice() });
        if (improve(curve, objective.passes, begun, error)) best = lambda;
        if (error <= budget.enough) reached = Math.min(reached, objective.passes);
      }
      const spent = { passes: objective.passes, trials, curve };
      if (!best) return { ...spent, seconds: (performance.now() - begun) / 1000, lambda: [] };
      return { ...this.#judged(best, begun), ...spent, validationError: curve.at(-1)![2] };
    } finally {
      arena.dispose();
    }
  }

  /** Passes and milliseconds of one training at λ from nothing, and the test error. */
  #judged(lambda: Float64Array, begun: number): Pick<Outcome, "seconds" | "lambda" | "testError" | "coldPasses"> {
    const seconds = (performance.now() - begun) / 1000;
    const arena = new Arena(kernels());
    try {
      const trainer = this.#trainer(arena, "test", 1);
      trainer.start(lambda, 0);
      trainer.solver.step(LONGEST);
      const { passes } = trainer.objective;
      return {
        seconds,
        lambda: Array.from(lambda),
        testError: trainer.judge(trainer.solver.theta),
        coldPasses: passes,
      };
    } finally {
      arena.dispose();
    }
  }

  /**
   * What is there to be found: a (1 + 1) evolution strategy from λ with every training warm. Not a contestant: it starts
   * from a contestant's result.
   */
  polish(lambda: readonly number[], seed: number, trials: number, seconds: number): Promise<Outcome> {
    const { lower, upper } = this.space;
    const random = new Random(seed, 11);
    let center = this.tuned.map((j) => Math.log(lambda[j]! / lower[j]!) / Math.log(upper[j]! / lower[j]!));
    let width = 0.05;
    let best = Number.POSITIVE_INFINITY;
    let asked = center;
    const optimizer: Optimizer = {
      ask() {
        if (best < Number.POSITIVE_INFINITY)
          asked = center.map((x) => Math.min(Math.max(x + width * random.normal(), 0), 1));
        return asked;
      },
      tell(error) {
        const better = error < best;
        // The 1/5 rule of Rechenberg and Schwefel.
        if (best < Number.POSITIVE_INFINITY) width *= better ? 1.5 : 1.5 ** -0.25;
        if (error > best) return;
        best = error;
        center = asked;
      },
    };
    return this.compete(optimizer, true, { passes: Number.POSITIVE_INFINITY, trials, seconds, enough: 0 });
  }
}

function improve(curve: Point[], passes: number, begun: number, error: number): boolean {
  if (!(error < (curve.at(-1)?.[2] ?? Number.POSITIVE_INFINITY))) return false;
  curve.push([passes, (performance.now() - begun) / 1000, error]);
  return true;
}

/** Optimizers want numbers: a model that failed is as bad as the worst. */
function finite(error: number, worst: number): number {
  return Number.isFinite(error) ? error : worst || 100;
}

function nearest(
  seen: readonly { readonly lambda: Float64Array; readonly theta: Float64Array }[],
  lambda: Float64Array,
): Float64Array | undefined {
  let least = Number.POSITIVE_INFINITY;
  let found: Float64Array | undefined;
  for (const { lambda: other, theta } of seen) {
    const distance = other.reduce((sum, value, j) => sum + Math.log(value / lambda[j]!) ** 2, 0);
    if (distance < least) [least, found] = [distance, theta];
  }
  return found;
}
