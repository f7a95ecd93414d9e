import type { Features } from "../features/feature.ts";
import type { Start } from "../inner/training-solver.ts";
import type { Random } from "../random.ts";
import { distance } from "../reduced/distance.ts";
import { Interpolation } from "../reduced/interpolation.ts";
import { KINK, sharpen } from "../reduced/kink.ts";
import { type Center, type Prediction, searchLambda } from "../reduced/search.ts";
import { TrustRegion } from "../reduced/trust-region.ts";
import { VirtualModels } from "../reduced/virtual-models.ts";
import type { Pause } from "../run.ts";
import type { TrialRecord } from "../study.ts";
import type { Pointer } from "../wasm/arena.ts";
import { above } from "./above.ts";
import { correctedError } from "./corrected-error.ts";
import { hone } from "./hone.ts";
import { land } from "./landing.ts";
import { leavePlateau } from "./plateau.ts";
import type { Session, Trained } from "./session.ts";
import { aim, STILL, sketch } from "./sketch.ts";
import { startAnywhere, startBeside, startsOf } from "./starts.ts";
import { strengthen } from "./strengthen.ts";
import type { Goal } from "./trainer.ts";
import { trustIn } from "./trust.ts";

/**
 * A predicted gain in e below this share of it is not worth a training: a third of what a hit of the bench resolves. Passes in
 * all, medians of 30 splits, at 2e-3 and this: digits 77 and 70, diabetes 43 and 42, class weights and mails the same; as many
 * hits of what 2000 passes and more find, 0.02, 0.07, 0.02 and 0.01 % more error.
 */
const GAIN = 3e-3;

/**
 * A promised gain below this share of e, inside the trust region and from a center whose slope in λ is the true one, ends a
 * search with one more training: what that leaves is little, unless it gains twice the promise. Passes in all, seeds 6 to 40:
 * mails 101 → 98, diabetes 76 → 74, digits 82 → 81, their class weights 72 → 68, breast cancer 228 → 221, with as many hits. At
 * 1e-2, one fewer of diabetes and one fewer of breast cancer.
 */
const LAST = 2 * GAIN;

/** Searches of the span at most: each costs a training. */
const ROUNDS = 16;

/** Predicted gain, as a share of e, below which a training goes to the tolerance: it may be the last. */
const NEAR = 0.01;

/** Relative change of e below which a training may end before its tolerance (`Goal.settle`). */
const SETTLE = 0.005;

/** Largest relative first-order correction of e with which an unfinished model may be the center of a search. */
const LACK = 0.01;

/**
 * Share of e that the span may err by where there are several basins to start in: those are searched whose e it predicts within
 * this above the best. Breast cancer, 70 splits, at 0.06, 0.12 and 0.2: 1.5, 1.3 and 1.2 % above what 4000 passes and more find,
 * in 244, 267 and 283.
 */
const SLACK = 0.12;

/**
 * A look at another kind of model, once one has been found: up to two brief trainings (`iterations`), after each of which the
 * span is searched far and wide, as it knows the way to what was found. After the first, when it hardly knows the other kind,
 * what it promises may be `slack` above the best. With columns to spare, a model on the way whose e is above the best by the
 * share `hopeless` of it is too far off to look from (mails, where nearly all its weights are 0, seeds 6 to 15, 400 rows: 126 →
 * 105 passes in all, 1000: 132 → 114, the same models; breast cancer: never so). A learned penalty does need such looks:
 * without, 7 hits in 10, not 9. `hopeless` is not for errors that move in steps: their best may be 0.
 */
const PROBE = { iterations: 6, radius: 9, slack: 0.25, hopeless: 1 };

/**
 * Share of e: where a training ends worse than the center and misses the span's promise by more, the landscape is rougher than
 * the span can tell, with minima side by side. Then trainings look for a lower one. Hits of what 4000 passes and more find, and
 * passes in all: breast cancer, 70 splits, 44 in 199 → 48 in 281 (8 in a row that bring nothing); learned penalty of digits, 30
 * splits, 14 in 520 → 20 in 864 (6 in a row: 17 in 673); digits, diabetes and mails, where it is rare, 88 → 98, 46 → 48, 100 →
 * 119.
 */
const ROUGH = 0.01;

/** Random λ per round of exploration at whose virtual models bounds on e are proved, for about a pass each. */
const CANDIDATES = 6;

/** Hops from the best λ in a row, and how far above the best e, relatively, the span may predict one that is searched from. */
const HOPS = { count: 2, slack: 0.05 };

/** Passes spent near the best for each that is spent on what may be anywhere. */
const NEAR_BY = 3;

/** A λ that was trained, whose neighborhood can be searched. */
interface Visit extends Center {
  /** @see Trained.ended */
  readonly ended: boolean;
  readonly thetas: readonly Float64Array[];
}

/**
 * LearnLoss for models that are linear in θ: search λ where searching is nearly free, in the span of the models seen;
 * train there; what was seen on the way joins the span. `#search` is that loop.
 */
export class Learner<F extends Features> {
  readonly session: Session<F>;
  readonly #models: VirtualModels;
  readonly #interpolation: Interpolation;
  /** Every λ that a search has been at: what is next to one is not new. */
  readonly #searched: Float64Array[] = [];
  readonly #random: Random;
  /** Whether e was seen to be rougher than the span can tell: see `ROUGH`. */
  #rough = false;
  /** Whether all was done that is done without exploration. */
  #exploring = false;
  /** Passes of the last visit. */
  #visited = 0;
  /** The λ to begin with, and those of other kinds of models that tuning looks at. */
  readonly #starts: readonly Float64Array[];
  /** `SLACK` where columns outnumber rows, or 0: the span errs there, its kinks being smoothed, and its products are cheap. */
  readonly #slack: number;

  constructor(session: Session<F>, random: Random) {
    const { arena, space, folds } = session;
    this.session = session;
    this.#random = random;
    const { rows, columns } = folds[0]!.trainer.objective;
    this.#starts = startsOf(space, rows, columns);
    this.#slack = columns > rows && this.#starts.length > 1 ? SLACK : 0;
    this.#models = new VirtualModels(arena, space, folds);
    this.#interpolation = new Interpolation(arena, this.#models, folds);
  }

  /** On the validation rows, for virtual models. */
  get validationPasses(): number {
    return this.#models.validationPasses + this.#interpolation.validationPasses;
  }

  *learn(): Generator<Pause> {
    const [start, ...others] = this.#starts;
    const slack = this.#slack;
    const { lambda, pursued } = yield* sketch(this.session, this.#models, this.#random, start!, slack > 0);
    if (this.session.onTheFly) return yield* land(this.session, this.#models, lambda, GAIN);
    const { space, study } = this.session;
    const trust = this.#frugal ? trustIn(space, pursued) : 0;
    yield* this.#search(this.#models.seen.explanation(study.observations, space) ?? lambda, trust);
    yield* this.#searchKinds(others);
    yield* this.#searchLeader();
    yield* this.#pursue(slack);
    if (this.#stepsOrRough) yield* this.#hone();
    yield* this.#searchLeader();
    if (this.session.options.explore) yield* this.#explore();
    const { best, chosen = best } = this.session.leaders;
    if (!chosen || this.session.options.validation) return;
    const { choice } = this.session.options;
    const strongest = choice === "one-standard-error" ? yield* strengthen(this.session, this.#models, chosen) : chosen;
    yield* this.session.fitAll(strongest);
  }

  /**
   * The paper's loop on the span of the models seen, in a trust region of log λ: search the span around the best λ, train
   * where it promises most, learn from the model, again; until nothing better is promised near a minimizer.
   */
  *#search(start: Float64Array, trust = 0): Generator<Pause> {
    const { session } = this;
    const { smooth } = this.#models.metric;
    const frugal = this.#frugal;
    let center = yield* this.#visit(start, session.expanded(), { settle: SETTLE, trust });
    const region = new TrustRegion(frugal);
    let near = false;
    for (let round = 0; round < ROUNDS && !session.perfect; round++) {
      sharpen(session.folds, center.thetas[0]!, near ? KINK.sharp : KINK.wide);
      const options = { radius: region.radius, tolerance: 1e-3, random: this.#random };
      const prediction = yield* searchLambda(this.#models, center, { ...options, dear: this.#allowance() });
      const { gain } = prediction;
      if (frugal && this.#isBehind(center, prediction)) return;
      // The last of it can be left where models of another kind may be better.
      const least = trust > 0 && center.ended && this.#starts.length > 1 ? LAST : GAIN;
      if (!(region.believed(gain) > least * Math.abs(center.error)) || region.exhausted(center.ended)) {
        const next: Visit | undefined = yield* this.#finish(center, region);
        if (!next) return;
        center = next;
        continue;
      }
      near ||= gain < NEAR * Math.abs(center.error);
      const goal = near ? {} : { settle: SETTLE, hopeless: center.error + 2 * gain };
      const step = distance(center.lambda, prediction.lambda);
      const promisesLittle = region.contains(step) && gain < LAST * Math.abs(center.error);
      const last = frugal && promisesLittle && center.slope !== undefined;
      const starts = session.expanded();
      let next = yield* this.#visit(prediction.lambda, starts, last ? { learns: "model" } : goal, prediction);
      // Of the promise, what was kept; a center that was no minimizer promised nothing.
      const kept = smooth && !center.slope ? 1 : (center.error - next.error) / gain;
      if (last) {
        if (kept < 2 && (center.ended || next.error < above(center.error, GAIN))) {
          // Penalties this weak may be the reason that so little was promised.
          const stronger: Visit | undefined = yield* this.#beyond({ ...next, slope: center.slope }, region);
          if (!stronger) return;
          center = stronger;
          continue;
        }
        next = { ...next, slope: yield* session.learn(next.lambda, "fine") };
      }
      region.learn(kept, step);
      this.#rough ||= kept < 0 && next.error - prediction.error > ROUGH * Math.abs(next.error);
      const polished = next.ended && !center.ended && next.error <= above(center.error, GAIN);
      if (kept > 0.1 || polished) center = next;
    }
  }

  /** Searches for other kinds of models, where brief trainings there promise something. */
  *#searchKinds(starts: readonly Float64Array[]): Generator<Pause> {
    const slack = this.#slack;
    const { session } = this;
    for (const start of starts) {
      if (session.perfect) return;
      if (slack === 0) this.#renew(session.folds.map(({ trainer }) => trainer.solver.theta));
      const models = slack > 0 ? session.reached() : session.folds.map(() => 0);
      const promising = yield* this.#probe(start, slack, models);
      if (promising) yield* this.#search(promising);
    }
  }

  *#hone(): Generator<Pause> {
    yield* hone(this.session, this.#models, this.#interpolation, this.#random, this.#exploring);
  }

  /**
   * Searches around the best model, if nothing was looked for beside it yet: a trial of the sketch (3200 random regressions: 5
   * were 1 to 11 % above a scan), or what was found by interpolation (wine, 30 splits: 0.6 % less error in the mean, up to 18 %).
   */
  *#searchLeader(): Generator<Pause> {
    const { chosen } = this.session.leaders;
    if (chosen && this.#frugal && this.#isUnsearched(chosen.lambda)) yield* this.#search(chosen.lambda);
  }

  /**
   * Where nothing is promised: a search ends at a minimizer, unless stronger penalties are as good; elsewhere it trains to one
   * first. Returns where to go on from, if anywhere.
   */
  *#finish(center: Visit, region: TrustRegion): Generator<Pause, Visit | undefined> {
    const { session } = this;
    const frugal = this.#frugal;
    if (!center.ended) {
      const polished = yield* this.#visit(
        center.lambda,
        session.placed(center.thetas),
        frugal ? { learns: "model" } : {},
      );
      if (frugal && polished.error < above(center.error, GAIN))
        return yield* this.#beyond({ ...polished, slope: center.slope }, region);
      region.reopen();
      return frugal ? { ...polished, slope: yield* session.learn(center.lambda, "fine") } : polished;
    }
    return frugal ? yield* this.#beyond(center, region) : undefined;
  }

  /** Where penalties are so weak, or so strong, that nothing is promised: looks at others. Returns where to go on from, if anywhere. */
  *#beyond(center: Visit, region: TrustRegion): Generator<Pause, Visit | undefined> {
    const gain = GAIN * Math.abs(center.error);
    const lambda = yield* leavePlateau(this.session, this.#models, center, gain, this.#random);
    if (!lambda) return undefined;
    region.open();
    return yield* this.#visit(lambda, this.session.reached(), {});
  }

  /** The λ that brief trainings lead to, if the span promises something new of it, within `slack` of the best. */
  *#probe(lambda: Float64Array, slack: number, starts: readonly Start[]): Generator<Pause, Float64Array | undefined> {
    for (const within of [PROBE.slack, slack]) {
      const { error } = yield* this.session.train(lambda, starts, { iterations: PROBE.iterations });
      const { error: best = Number.POSITIVE_INFINITY } = this.session.leaders.chosen ?? {};
      if (slack > 0 && this.#models.metric.smooth && error > above(best, PROBE.hopeless)) return undefined;
      ({ lambda } = yield* aim(this.session, this.#models, this.#random, lambda, PROBE.radius));
      if (!(yield* this.#isNew(lambda, within))) return undefined;
      starts = this.session.expanded();
    }
    return lambda;
  }

  /**
   * The span begins anew with a model: directions of one kind say little of another, and a factor costs the cube of their
   * number.
   */
  #renew(thetas: readonly Pointer[]): void {
    for (const [f, { reduced }] of this.session.folds.entries()) {
      reduced.clear();
      reduced.add(thetas[f]!);
    }
  }

  /**
   * Whether nothing within `SLACK` of the best is promised in the trust region of a search of another basin: 67 tunings of
   * breast cancer and learned penalties, nine of which end so at 0.06, in 0.54 of their passes; one with 1.5 % more error.
   */
  #isBehind(center: Visit, prediction: Prediction): boolean {
    const { error: best = Number.POSITIVE_INFINITY } = this.session.leaders.chosen ?? {};
    return center.error > best && prediction.error > above(best, SLACK);
  }

  /** Whether tuning ends by honing: there may be many basins. */
  get #stepsOrRough(): boolean {
    return !this.#models.metric.smooth || this.#rough;
  }

  /** Exploration spends its budget whatever happens: its searches need not end early, but those of the tuning it begins with. */
  get #frugal(): boolean {
    return this.#models.metric.smooth && !this.#exploring;
  }

  /**
   * Whether a search of the span that begins now has cost as much as the last visit: where penalties alone are searched,
   * another visit then teaches more. Learned penalties of digits, whose looks took up to 320 passes, 40 held-out seeds:
   * 742 → 592 passes in all, 32 of 40 hits after and 30 before, errors alike to 0.1 %. With class weights besides (25
   * weights, 38 seeds) it would end a third earlier with 0.4 % more error, and so it would at two and three visits.
   */
  #allowance(): () => boolean {
    const { data } = this.session.space;
    const end = this.session.reducedPasses + this.#visited;
    const limited = this.#models.free.every((j) => !data[j]);
    return () => limited && this.session.reducedPasses > end;
  }

  /**
   * Looks for other basins for as long as the budget lasts: most of it near the best, where the next better ones are, the rest
   * all over F, which makes the search asymptotically optimal. Ten splits each, above the best of ten variants: 25 weights, 17000
   * passes, 2.3 % all over F alone, 0.6 % so; 9 weights, 6000 passes, 0.9 and 0.2 %; balanced error, 2500 passes, 1.8 and 0.
   * It begins where tuning has ended, with the kinds of models that tuning leaves out, and with long interpolation: beside
   * searches that did not end early in that tuning either, and brief interpolation, 30 other splits of the 25 weights, 3500
   * passes, 2.0 → 0.6 % above the best in the median.
   */
  *#explore(): Generator<Pause> {
    const { session } = this;
    this.#exploring = true;
    const { rows, columns } = session.folds[0]!.trainer.objective;
    yield* this.#searchKinds(startsOf(session.space, rows, columns, true).slice(this.#starts.length));
    if (this.#models.metric.smooth) yield* this.#hone();
    let [near, far] = [0, 0];
    while (!session.perfect) {
      const begun = session.passes;
      if (near <= NEAR_BY * far && session.leaders.chosen) {
        for (let i = 0; i < HOPS.count; i++) yield* this.#hop(session.leaders.chosen.lambda);
        yield* this.#hone();
        yield* this.#pursue();
        near += session.passes - begun;
      } else {
        yield* this.#prove();
        far += session.passes - begun;
      }
    }
  }

  /** A search that begins beside the best λ, where little says it would end there (iterated local search). */
  *#hop(best: Float64Array): Generator<Pause> {
    const lambda = startBeside(this.#models, best, this.#random);
    this.#renew(this.#interpolation.start(best));
    const promising = yield* this.#probe(lambda, HOPS.slack, this.#interpolation.start(lambda));
    if (promising) yield* this.#search(promising);
  }

  /**
   * One pass at the virtual model of a λ proves within which bounds the error of its minimizer is. Trains where that may be least
   * of λ by chance in F, unless it is proved to be no better; searches where the span promises more than the best has. Where
   * bounds prove nothing chance decides: to train where the minimum-norm subgradient is largest, or the duality gap, found no
   * more (wine, ten splits, 15000 passes: 1.7 % less error than without exploration in the mean; so by chance, 1.9 %).
   */
  *#prove(): Generator<Pause> {
    let open: { readonly lambda: Float64Array; readonly gain: number } | undefined;
    for (let i = 0; i < CANDIDATES; i++) {
      const { lambda: best = this.#starts[0]!, error = Number.POSITIVE_INFINITY } = this.session.leaders.chosen ?? {};
      const lambda = startAnywhere(this.#models, best, this.#random);
      yield* this.#predict(lambda);
      const thetas = this.session.folds.map((fold) => fold.expand());
      const { lower } = yield* this.session.enclose(lambda, thetas);
      const gain = error - lower;
      if (gain > (open?.gain ?? 0)) open = { lambda, gain };
      if (yield* this.#isNew(lambda)) yield* this.#search(lambda);
    }
    this.session.unexplored = open?.gain ?? 0;
    if (!open) return;
    yield* this.#predict(open.lambda);
    const best = this.session.leaders.chosen?.error ?? Number.POSITIVE_INFINITY;
    yield* this.#visit(open.lambda, this.session.expanded(), { settle: SETTLE, hopeless: above(best, 1) });
  }

  /** Searches from trials that ended, on the way or at their minimizer, with less error than the best minimizer has. */
  *#pursue(slack = 0): Generator<Pause> {
    const least = this.session.leaders.chosen?.error ?? Number.NEGATIVE_INFINITY;
    const better = ({ status, observations }: TrialRecord) => status === "told" && observations.at(-1)!.error < least;
    for (const { lambda } of this.session.study.trials.filter(better)) {
      if (yield* this.#isNew(lambda, slack)) yield* this.#search(lambda);
    }
  }

  /** Whether the span promises less error at λ, away from all that was searched, than the best minimizer has. */
  *#isNew(lambda: Float64Array, slack = 0): Generator<Pause, boolean> {
    const { chosen } = this.session.leaders;
    if (!chosen) return true;
    return this.#isUnsearched(lambda) && (yield* this.#predict(lambda)) < above(chosen.error, slack);
  }

  #isUnsearched(lambda: Float64Array): boolean {
    return this.#searched.every((other) => distance(lambda, other) > STILL);
  }

  /** Trains at λ. The error of a model near the minimizer is corrected for what it lacks. */
  *#visit(
    lambda: Float64Array,
    starts: readonly Start[],
    goal: Goal,
    prediction?: Prediction,
  ): Generator<Pause, Visit> {
    const { session } = this;
    const before = session.passes;
    const { error, slope, converged, ended }: Trained = yield* session.train(lambda, starts, goal, prediction?.error);
    this.#visited = session.passes - before;
    if (converged && (this.#stepsOrRough || session.options.explore))
      this.#interpolation.add(lambda, error, session.reached());
    const corrected = ended || !slope ? error : correctedError(error, slope, this.#models.metric);
    if (Math.abs(corrected - error) > LACK * Math.abs(error))
      return yield* this.#visit(lambda, session.reached(), {}, prediction);
    this.#searched.push(lambda);
    return {
      lambda,
      error: corrected,
      slope,
      ended,
      thetas: session.folds.map((fold) => fold.current()),
    };
  }

  /** e_red(λ). */
  *#predict(lambda: Float64Array): Generator<Pause, number> {
    yield* this.#models.solve(lambda);
    return this.#models.error();
  }
}
