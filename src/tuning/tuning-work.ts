import type { CheckedOptions } from "../check-options.ts";
import { LearnLossError } from "../errors.ts";
import type { Features } from "../features/feature.ts";
import { Random } from "../random.ts";
import type { Budget, Pause, Work } from "../run.ts";
import type { Improvement, Progress, TuneResult } from "../tune.ts";
import { Learner } from "./learner.ts";
import { Session } from "./session.ts";

const INFINITY = Number.POSITIVE_INFINITY;

/** What a tuner does in bounded steps, run after run: a learner's work within budgets, and what is told of it. */
export class TuningWork<F extends Features> implements Work<Improvement<F>, TuneResult<F>> {
  readonly session: Session<F>;
  readonly #learner: Learner<F>;
  readonly #work: Generator<Pause>;
  #waiting: Promise<unknown> | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #complete = false;
  /** Between `begin` and `end`. */
  #running = false;
  #begun = { passes: 0, time: 0 };
  /** What passes, trials and milliseconds may reach in this run. */
  #limits: Progress["budget"] = { passes: 0, trials: 0, milliseconds: 0 };
  #elapsed = 0;

  constructor(options: CheckedOptions<F>) {
    const random = new Random(options.seed);
    this.session = new Session(options);
    try {
      this.#learner = new Learner(this.session, random);
    } catch (error) {
      this.session.dispose();
      throw error;
    }
    this.#work = this.#learner.learn();
  }

  /** @throws CONFLICT while another run goes on, DISPOSED, and what a listener throws: it has not begun then */
  begin({ passes = INFINITY, trials = INFINITY, time = INFINITY }: Budget = {}): void {
    if (this.#running) throw new LearnLossError("CONFLICT", "This tuner is running already: wait for that run to end.");
    const { session } = this;
    session.alive();
    this.#begun = { passes: session.passes, time: performance.now() };
    this.#limits = {
      passes: session.passes + passes,
      trials: session.study.trials.length + trials,
      milliseconds: this.#elapsed + time,
    };
    this.#running = true;
    try {
      session.warn();
    } catch (error) {
      this.#running = false; // a listener threw
      throw error;
    }
  }

  step(): boolean {
    this.session.alive();
    if (this.#spent()) return false;
    if (this.#waiting) return true;
    if (this.#failure) throw this.#failure.reason;
    const { value, done } = this.#next();
    this.#complete = done === true;
    if (value) this.#wait(value);
    this.session.news.deliver();
    return !this.#complete;
  }

  /** What failed once is over: runs to come are told the same. */
  #next(): IteratorResult<Pause, void> {
    try {
      return this.#work.next();
    } catch (reason) {
      this.#failure = { reason };
      throw reason;
    }
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
    const { session } = this;
    const { passes, trials } = this.#limits;
    if (!session.seen) return undefined;
    if (session.passes >= passes) return "passes";
    if (!session.training && session.study.trials.length >= trials) return "trials";
    return undefined;
  }

  get #milliseconds(): number {
    return this.#elapsed + performance.now() - this.#begun.time;
  }

  get seen(): boolean {
    return this.session.seen;
  }

  get improved(): boolean {
    return this.session.improvements.length > 0;
  }

  take(): Improvement<F>[] {
    const { session } = this;
    const { passes } = session;
    const milliseconds = this.#milliseconds;
    session.news.emit("progress", {
      passes,
      trials: session.study.trials.length,
      milliseconds,
      budget: this.#limits,
      rate: (1000 * (passes - this.#begun.passes)) / Math.max(milliseconds - this.#elapsed, 1e-3),
      iteration: session.folds[0]!.trainer.solver.iterations,
      best: session.leaders.best?.error,
    });
    session.news.deliver();
    return session.improvements.splice(0);
  }

  *finish(): Generator<void> {
    this.session.alive();
    for (const _ of this.session.conclude()) {
      yield;
      this.session.alive();
    }
  }

  end(): void {
    this.#running = false;
    this.#elapsed += performance.now() - this.#begun.time;
    this.session.improvements = [];
  }

  result(ended: "time" | "stopped" | undefined): TuneResult<F> {
    return this.session.result({
      status: this.#complete ? "complete" : (ended ?? this.#spent() ?? "complete"),
      milliseconds: this.#milliseconds,
      validationPasses: this.#learner.validationPasses,
    });
  }
}
