import { given, isCount, LearnLossError, readStored } from "./errors.ts";
import { Polyhedron } from "./features/polyhedron.ts";
import { isWeight, type Weight } from "./features/weight.ts";
import { flatness } from "./flatness.ts";
import { isJournal, readJournal } from "./journal.ts";
import { checkNames } from "./option-names.ts";
import { type Certificate, certify } from "./outer/certificate.ts";
import { type Proposal, propose } from "./outer/propose.ts";
import { checkSeed } from "./random.ts";
import { isStudyEvent, type StudyEvent } from "./study-event.ts";
import { checkToldModel, type ModelSeen, type ToldModel } from "./told-model.ts";

/** One λ to train with. `lambda` is frozen. */
export interface Trial<Name extends string = string> {
  /** The number of the trial, from 0 in the order of asking. */
  readonly id: number;
  /** A weight for each feature. */
  readonly lambda: Readonly<Record<Name, number>>;
  /** Why this λ: a starting point, the outer fit, exploration, or given by the caller. */
  readonly proposal: Proposal["kind"];
}

/** A model that was told, whatever produced it: a checkpoint or the end of a training. */
export interface Observation {
  /** The number of its trial, from 0. */
  readonly trial: number;
  /** λ of the trial, in the order of the weights' names. */
  readonly lambda: Float64Array;
  /** φ(θ), in the same order. */
  readonly features: Float64Array;
  /** e(θ); Infinity is the worst. */
  readonly error: number;
  /** Whether it minimizes its trial's loss: only such models bound what a λ selects. */
  readonly converged: boolean;
  /** The passes that were told with it. */
  readonly passes: number | undefined;
}

/** What is known of one trial. */
export interface TrialRecord {
  readonly id: number;
  /** In the order of the polyhedron's `names`. */
  readonly lambda: Float64Array;
  /** Why this λ. */
  readonly proposal: Proposal["kind"];
  readonly status: "pending" | "told" | "failed";
  /** Why it failed. */
  readonly reason?: string;
  /** Checkpoints in order, the finished model last. */
  readonly observations: readonly Observation[];
}

/** The study's own, which goes on. */
interface OwnTrial extends TrialRecord {
  status: TrialRecord["status"];
  reason?: string;
  readonly observations: Observation[];
}

/** Options of a `Study`. */
export interface StudyOptions<Name extends string = string> {
  /** F: a weight per feature, see `fixed`, `atLeast`, `between`, `share`. */
  readonly lambda: Readonly<Record<Name, Weight>>;
  /** Seeds all pseudo-random choices: an integer in [0, 2³²). @default 0 */
  readonly seed?: number;
  /**
   * The first λ to try. @default the middle of each weight's bounds on the log scale; shares are then scaled to sum to 1, and the
   * other weights with them, unless one is fixed
   */
  readonly start?: Readonly<Record<Name, number>>;
  /** Trials after which `done` is true: an integer > 0, or Infinity. @default 100 */
  readonly trials?: number;
}

const VERSION = 1;

/** Why a trial failed whose error was told. */
const FAILED = "its error is NaN";

/**
 * The paper's loop, opened up: ask for a λ, train with it wherever you like, tell what came of it. The state is a pure
 * fold over what was told and a seed: the same set of tells gives the same next λ, bit for bit, in whatever order the
 * trials of a batch came back, and a study read back from JSON goes on as if it had never stopped.
 */
export class Study<Name extends string = string> {
  /** F: names, bounds and normalization of the weights. */
  readonly polyhedron: Polyhedron;
  /** What seeds all pseudo-random choices. */
  readonly seed: number;
  readonly #options: StudyOptions<Name>;
  readonly #limit: number;
  readonly #start: Float64Array | undefined;
  readonly #events: StudyEvent[] = [];
  readonly #trials: OwnTrial[] = [];
  #best: Observation | undefined;
  /** Trials told or failed. */
  #settled = 0;
  #disposed = false;
  /** Of so many events. */
  #certified: { readonly events: number; readonly certificate: Certificate | undefined } | undefined;

  /** @throws EMPTY, OPTION, BOUNDS, INFEASIBLE, TOO_LARGE, LAMBDA, SEED, BUDGET */
  constructor(options: StudyOptions<Name>) {
    const own = checkNames(options, { lambda: true, seed: true, start: true, trials: true });
    const { lambda, seed = 0, trials = 100, start } = own;
    this.polyhedron = new Polyhedron(given("lambda", lambda));
    this.seed = checkSeed(seed);
    this.#limit = trials;
    this.#start = start === undefined ? undefined : this.#inside(given("start", start), "The start");
    if (!(isCount(trials) && trials > 0))
      throw new LearnLossError("BUDGET", `trials is ${trials}: give an integer > 0.`);
    // Copies, since the caller's may change; and JSON has no Infinity.
    const limit = own.trials === undefined ? {} : { trials: Math.min(trials, Number.MAX_SAFE_INTEGER) };
    const first = this.#start && { start: this.polyhedron.toRecord(this.#start) as Readonly<Record<Name, number>> };
    this.#options = { ...own, ...limit, ...first, lambda: this.polyhedron.weights };
  }

  /** @throws LAMBDA, and BOUNDS for a λ outside of F */
  #inside(record: Readonly<Record<string, number>>, what: string): Float64Array {
    const { names, lower, upper, data, total } = this.polyhedron;
    const lambda = this.polyhedron.fromRecord(record);
    // Another study's λ may be a rounding outside.
    const j = lambda.findIndex((weight, j) => weight < lower[j]! * (1 - 1e-9) || weight > upper[j]! * (1 + 1e-9));
    if (j >= 0)
      throw new LearnLossError("BOUNDS", `${what} has ${names[j]} ${lambda[j]}: give ${lower[j]} to ${upper[j]}.`);
    const sum = lambda.reduce((sum, weight, j) => sum + weight * data[j]!, 0);
    // Shares may have been printed, in few digits.
    if (Math.abs(sum - total) <= 1e-6 * total) return lambda;
    throw new LearnLossError("BOUNDS", `${what} has shares that sum to ${sum}: give shares that sum to ${total}.`);
  }

  /**
   * The next λ. May be called again before `tell`: trials run in parallel. `lambda` overrides the proposal. A study runs no
   * trainer and waits for none, so it has no time limit for one: a training that hangs is the caller's to end, and to `fail`.
   *
   * @throws LAMBDA, BOUNDS for a λ outside of F, OPTION, DISPOSED
   */
  ask(wanted: { readonly lambda?: Readonly<Record<Name, number>> } = {}): Trial<Name> {
    this.#alive();
    checkNames(wanted, { lambda: true });
    const { lambda: fixed } = wanted;
    const { lambda, kind } = fixed
      ? ({ lambda: this.#inside(fixed, "λ"), kind: "given" } as const)
      : propose(this.polyhedron, this.#trials, this.seed, this.#start);
    const id = this.#trials.length;
    this.#apply({ type: "ask", lambda: Array.from(lambda), proposal: kind });
    const record = this.polyhedron.toRecord(lambda) as Record<Name, number>;
    return Object.freeze({ id, lambda: Object.freeze(record), proposal: kind });
  }

  /** A checkpoint of a trial that goes on training; one whose error is NaN is not kept. @throws as `tell` */
  observe(trial: Pick<Trial, "id">, model: ModelSeen<Name>): void {
    this.#record("observe", trial, model, false);
  }

  /**
   * The finished model of a trial. `converged: false` says that it does not minimize the trial's loss (its training
   * was cut short): it counts as an observation, but proves nothing about λ. The same once more has no effect.
   *
   * @throws UNKNOWN_TRIAL, SHAPE for other features than F weighs, NON_FINITE, OVERFLOW, TYPE, OPTION, CONFLICT when the trial was told
   *   something else or failed, DISPOSED; the state is as it was
   */
  tell(trial: Pick<Trial, "id">, model: ToldModel<Name>): void {
    this.#record("tell", trial, model, model?.converged === undefined ? true : model.converged);
  }

  /** The trial came to nothing. @throws UNKNOWN_TRIAL, CONFLICT when it was told, DISPOSED */
  fail(trial: Pick<Trial, "id">, reason: unknown): void {
    this.#alive();
    const record = this.#find(trial);
    if (record.status === "failed") return;
    if (record.status === "told")
      throw new LearnLossError("CONFLICT", `Trial ${trial.id} was told already: it cannot fail now.`);
    this.#apply({ type: "fail", trial: trial.id, reason: reason instanceof Error ? reason.message : String(reason) });
  }

  /** The best model told so far; of equal ones the first. */
  get best(): (ModelSeen<Name> & Pick<Trial<Name>, "lambda"> & { readonly trial: number }) | undefined {
    const best = this.#best;
    if (!best) return undefined;
    const record = (values: Float64Array) => this.polyhedron.toRecord(values) as Record<Name, number>;
    const { trial, error, lambda, features } = best;
    return { trial, error, lambda: record(lambda), features: record(features) };
  }

  /**
   * What the models seen prove: which λ explains the best model, and of better ones that no λ in F prefers them.
   * Models are indices of `observations`. Undefined before the first model with a finite error.
   */
  get certificate(): Certificate | undefined {
    for (const _ of this.certifying());
    return this.#certified!.certificate;
  }

  /** Works the certificate out in bounded steps, where that takes long and others want a turn; `certificate` has it then. */
  *certifying(): Generator<void> {
    const events = this.#events.length;
    if (this.#certified?.events === events) return;
    this.#certified = { events, certificate: yield* certify(this.observations, this.polyhedron) };
  }

  /**
   * What is doubtful about what was told so far, each beginning with a code: FLAT where more than two models had all the same
   * error, or the same φ at different λ, and some weight is free. Nothing can be learned of the weights then.
   */
  get warnings(): readonly string[] {
    return flatness(this.polyhedron, this.observations);
  }

  /** Every trial that was asked for, by its number: the study's own records, to be read only. */
  get trials(): readonly TrialRecord[] {
    return this.#trials;
  }

  /** Every model that was told, trial by trial, to be read only; certificates name models by their place here. */
  get observations(): readonly Observation[] {
    return this.#trials.flatMap((trial) => trial.observations);
  }

  /** Everything that happened, in order: what a journal stores. */
  get events(): readonly StudyEvent[] {
    return this.#events;
  }

  /** The options that it was made with, for another like it. */
  get options(): StudyOptions<Name> {
    return this.#options;
  }

  /** Whether as many trials as its limit were told or failed. */
  get done(): boolean {
    return this.#settled >= this.#limit;
  }

  #record(type: "observe" | "tell", trial: Pick<Trial, "id">, model: ModelSeen, converged: boolean): void {
    this.#alive();
    const record = this.#find(trial);
    const features = checkToldModel(this.polyhedron.names, trial.id, model, converged);
    const { error, passes } = model;
    if (record.status !== "pending") {
      const last = record.observations.at(-1);
      const same =
        last?.error === error &&
        last.converged === converged &&
        last.passes === passes &&
        last.features.every((value, j) => value === features[j]);
      if (type === "tell" && record.status === "told" && same) return;
      if (type === "tell" && record.reason === FAILED && Number.isNaN(error)) return;
      throw new LearnLossError(
        "CONFLICT",
        `Trial ${trial.id} was ${record.status} already, with other values: ask for a new trial.`,
      );
    }
    if (Number.isNaN(error)) {
      if (type === "tell") this.#apply({ type: "fail", trial: trial.id, reason: FAILED });
      return;
    }
    const stored = error === Number.POSITIVE_INFINITY ? "Infinity" : error;
    const spent = passes === undefined ? {} : { passes };
    this.#apply({ type, trial: trial.id, features: Array.from(features), error: stored, converged, ...spent });
  }

  #find(trial: Pick<Trial, "id">): OwnTrial {
    const record = Number.isInteger(trial?.id) ? this.#trials[trial.id] : undefined;
    if (record) return record;
    const id: unknown = trial?.id;
    const shown = typeof id === "string" ? `"${id}"` : String(id);
    throw new LearnLossError(
      "UNKNOWN_TRIAL",
      `Trial ${shown} was never asked for: this study has ${this.#trials.length}, numbered from 0.`,
    );
  }

  #alive(): void {
    if (this.#disposed)
      throw new LearnLossError("DISPOSED", "This study was disposed: create a new one, or Study.fromJSON.");
  }

  /** The fold's step: the only place where the state changes. */
  #apply(event: StudyEvent): void {
    this.#events.push(event);
    if (event.type === "ask") {
      this.#trials.push({
        id: this.#trials.length,
        lambda: Float64Array.from(event.lambda),
        proposal: event.proposal,
        status: "pending",
        observations: [],
      });
      return;
    }
    const record = this.#trials[event.trial]!;
    if (event.type !== "observe") this.#settled++;
    if (event.type === "fail") {
      record.status = "failed";
      record.reason = event.reason;
    } else {
      if (event.type === "tell") record.status = "told";
      const observation: Observation = {
        trial: record.id,
        lambda: record.lambda,
        features: Float64Array.from(event.features),
        error: event.error === "Infinity" ? Number.POSITIVE_INFINITY : event.error,
        converged: event.converged,
        passes: event.passes,
      };
      record.observations.push(observation);
      // Ties go to the earlier trial, so that the order of parallel tells does not matter.
      const best = this.#best;
      if (
        !best ||
        observation.error < best.error ||
        (observation.error === best.error && observation.trial < best.trial)
      ) {
        this.#best = observation;
      }
    }
  }

  /** What `JSON.stringify` stores, with a version: the options and all that happened. */
  toJSON(): unknown {
    return { learnloss: "study", version: VERSION, options: this.#options, events: this.#events };
  }

  /**
   * A study that was stored: what `JSON.stringify` wrote of it, or the lines of the file that `tune --study` or `ask-tell
   * --study` keep on the command line. A last line that was cut short was told to nobody: it is dropped.
   *
   * @throws PARSE, VERSION or CORRUPT when the text is not a study of this version
   */
  static fromJSON<Name extends string = string>(text: string): Study<Name> {
    const bytes = new TextEncoder().encode(text);
    if (isJournal(bytes)) {
      const { options, events } = readJournal(bytes);
      return Study.replay(options, events);
    }
    const writers = "JSON.stringify(study), or --study on the command line,";
    const make = ({ options, events }: Readonly<Record<string, unknown>>) => {
      if (!Array.isArray(events)) throw new TypeError("It has no events.");
      return Study.replay(options as StudyOptions, events);
    };
    return readStored("study", text, VERSION, make, writers);
  }

  /** The study in which these events happened. @throws CORRUPT when one does not follow from those before it */
  static replay(options: StudyOptions, events: readonly StudyEvent[]): Study {
    const study = Study.#restored(options);
    for (const [i, event] of events.entries()) {
      if (!study.#fits(event))
        throw new LearnLossError("CORRUPT", `Event ${i + 1} of the study does not follow from those before it.`);
      study.#apply(event);
    }
    return study;
  }

  /** @throws CORRUPT */
  static #restored(options: StudyOptions): Study {
    try {
      if (!Object.values(options.lambda).every(isWeight)) throw new TypeError("Its λ are no weights.");
      return new Study(options);
    } catch (cause) {
      const what = "The options of the study are not what createStudy was given.";
      throw new LearnLossError("CORRUPT", `${what} ${(cause as Error).message}`, { cause });
    }
  }

  #fits(event: StudyEvent): boolean {
    if (!isStudyEvent(event, this.polyhedron.size)) return false;
    return event.type === "ask" || this.#trials[event.trial]?.status === "pending";
  }

  /** Ends the study; harmless when called again. */
  dispose(): void {
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A study to ask and tell with any trainer. @throws EMPTY, OPTION, BOUNDS, INFEASIBLE, TOO_LARGE, LAMBDA, SEED or BUDGET */
export function createStudy<Name extends string>(options: StudyOptions<Name>): Study<Name> {
  return new Study(options);
}
