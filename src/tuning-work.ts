import type { Features } from "./features/feature.ts";
import { Learner } from "./learner.ts";
import { checkSeed, Random } from "./random.ts";
import type { Budget, Pause, Work } from "./run.ts";
import { Session } from "./session.ts";
import type { Improvement, TuneResult, TunerOptions } from "./tune.ts";

/** What a tuner does in bounded steps, run after run: a learner's work within budgets, and what is told of it. */
export class TuningWork<F extends Features> implements Work<Improvement<F>, TuneResult<F>> {
  readonly session: Session<F>;
  readonly #learner: Learner<F>;
  readonly #work: Generator<Pause>;
  #waiting: Promise<unknown> | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #complete = false;
  #budget: Budget = {};
  #begun = { passes: 0, trials: 0, time: 0 };
  #elapsed = 0;

  constructor(options: TunerOptions<F>) {
    const random = new Random(checkSeed(options.seed ?? 0));
    this.session = new Session(options);
    this.#learner = new Learner(this.session, random);
    this.#work = this.#learner.learn();
  }

  begin(budget: Budget = {}): void {
    this.session.alive();
    const { passes, study } = this.session;
    this.#budget = budget;
    this.#begun = { passes, trials: study.trials.length, time: performance.now() };
  }

  step(): boolean {
    if (this.#spent()) return false;
    if (this.#waiting) return true;
    if (this.#failure) throw this.#failure.reason;
    const { value, done } = this.#work.next();
    this.#complete = done === true;
    if (value) this.#wait(value);
    return !this.#complete;
  }

  /** While other threads train. */
  get waiting(): Promise<unknown> | undefined {
    return this.#waiting;
  }

  #wait(work: Promise<unknown>): void {
    this.#waiting = work
      .catch((reason) => {
        this.#failure = { reason };
      })
      .then(() => {
        this.#waiting = undefined;
      });
  }

  #spent(): "passes" | "trials" | undefined {
    const { passes = Number.POSITIVE_INFINITY, trials = Number.POSITIVE_INFINITY } = this.#budget;
    const { session } = this;
    if (session.passes - this.#begun.passes >= passes) return "passes";
    if (!session.training && session.study.trials.length - this.#begun.trials >= trials) return "trials";
    return undefined;
  }

  get improved(): boolean {
    return this.session.improvements.length > 0;
  }

  take(): Improvement<F>[] {
    const { session } = this;
    session.emit("progress", {
      passes: session.passes,
      trials: session.study.trials.length,
      iteration: session.folds[0]!.trainer.solver.iterations,
      best: session.leaders.best?.error,
    });
    return session.improvements.splice(0);
  }

  end(): void {
    this.#elapsed += performance.now() - this.#begun.time;
    this.session.improvements = [];
  }

  result(ended: "time" | "stopped" | undefined): TuneResult<F> {
    return this.session.result({
      status: this.#complete ? "complete" : (ended ?? this.#spent() ?? "complete"),
      milliseconds: this.#elapsed + performance.now() - this.#begun.time,
      validationPasses: this.#learner.validationPasses,
    });
  }
}
