import type { Enclosure } from "../evaluate/enclosure.ts";
import { METRICS } from "../evaluate/metric.ts";
import { type Certificate, verifyCertificate } from "../outer/certificate.ts";
import { gap } from "../outer/explore.ts";
import type { LossBounds, SeenPoint, Training } from "../report/figures.ts";
import type { ReportInput } from "../report/report.ts";
import type { Study } from "../study.ts";
import type { TuneResult } from "../tune.ts";
import { exp, log } from "../wasm/transcendental.ts";
import { errorName, short, shortBound } from "./output.ts";

/** Every model of a study, in the order of the work spent, or of the trainings where that was not told of each. */
function pointsOf(study: Study): SeenPoint[] {
  const { polyhedron } = study;
  const counted = study.observations.every(({ passes }) => passes !== undefined);
  const points = study.trials.flatMap((trial) =>
    trial.observations.map(({ error, passes, lambda, features }, iteration) => ({
      trial: trial.id,
      iteration,
      passes: counted ? passes : undefined,
      error,
      lambda: polyhedron.toRecord(lambda),
      features: polyhedron.toRecord(features),
    })),
  );
  return counted ? points.sort((a, b) => a.passes! - b.passes!) : points;
}

/** The trainings of a study; of one that goes on, those of which something was seen. */
function trainingsOf({ trials, polyhedron }: Study): Training[] {
  return trials
    .filter(({ status, observations }) => status !== "pending" || observations.length > 0)
    .map(({ id, lambda, status }) => ({
      trial: id,
      lambda: polyhedron.toRecord(lambda),
      failed: status === "failed",
    }));
}

export function reportOf(study: Study, result: TuneResult, title: string): Omit<ReportInput, "table" | "competitors"> {
  const proofs = provedBy(study, result.certificate, result.loss.lambda);
  return {
    title,
    subtitle: `${errorName(result.metric)} ${short(result.error)} after ${Math.round(result.passes)} passes, ${result.trials} trainings and ${Math.round(result.milliseconds)} ms: minimize ${String(result.loss)}`,
    metric: errorName(result.metric),
    ...seenIn(study, result.loss.lambda, result.error),
    ...proofs,
    certificate: [...proofs.certificate, ...boundsSentence(result)],
  };
}

/** The models of a study, and the loss that came of it: what the pictures show. */
export function seenIn(
  study: Study,
  lambda: Readonly<Record<string, number>> | undefined,
  error: number | undefined,
): Pick<ReportInput, "points" | "trainings" | "lambda" | "error" | "dataFeatures"> {
  const { polyhedron } = study;
  return {
    points: pointsOf(study),
    trainings: trainingsOf(study),
    lambda: lambda && polyhedron.toRecord(wholeOf(polyhedron, lambda)),
    error,
    dataFeatures: polyhedron.names.filter((_, j) => polyhedron.data[j]! > 0),
  };
}

/** The plain loss is not named by the user: it has what the other data terms leave. */
function wholeOf({ names, data, total }: Study["polyhedron"], lambda: Readonly<Record<string, number>>): Float64Array {
  const rest = names.reduce((sum, name, j) => sum - data[j]! * (lambda[name] ?? 0), total);
  return Float64Array.from(names, (name) => lambda[name] ?? rest);
}

/** λ, its error and the cost, as a table of one row. */
export function resultTable(result: TuneResult): ReportInput["table"] {
  const names = Object.keys(result.lambda);
  return [
    [...names, errorName(result.metric), "passes", "trainings", "ms"],
    [
      ...names.map((name) => short(result.lambda[name]!)),
      short(result.error),
      result.passes.toFixed(0),
      String(result.trials),
      result.milliseconds.toFixed(0),
    ],
  ];
}

/**
 * What to use of a study: the best minimizer of its loss, as λ are compared by them alone; the best model where there is none
 * with an error.
 */
export function chosenIn({ best, observations, polyhedron }: Study): Study["best"] {
  const solved = observations.filter(({ converged, error }) => converged && Number.isFinite(error));
  if (solved.length === 0) return best;
  const { trial, error, lambda, features } = solved.reduce((a, b) => (b.error < a.error ? b : a));
  return { trial, error, lambda: polyhedron.toRecord(lambda), features: polyhedron.toRecord(features) };
}

/** The chosen model's λ, its error and its training, as the pictures count it. */
export function chosenTable(study: Study): ReportInput["table"] {
  const { names } = study.polyhedron;
  const chosen = chosenIn(study);
  if (!chosen) return [[...names, "error"]];
  return [
    [...names, "error", "training"],
    [...names.map((name) => short(chosen.lambda[name]!)), short(chosen.error), String(chosen.trial + 1)],
  ];
}

/** What a report says of a certificate, and what it shows around the λ that came of a study. */
export function provedBy(
  study: Study,
  certificate: Certificate | undefined,
  lambda: Readonly<Record<string, number>> | undefined,
): Pick<ReportInput, "certificate" | "bounds"> {
  const bounds = lambda && lossBounds(study, lambda);
  return { certificate: certificateSentences(study, certificate), ...(bounds ? { bounds } : {}) };
}

/** A certificate for machines: models by trial and place among the trial's models. */
export function certificateJson(study: Study, certificate: Certificate | undefined): unknown {
  if (!certificate) return null;
  const { observations, polyhedron } = study;
  const place = ({ model, error }: Certificate["best"]) => {
    const { trial } = observations[model]!;
    return { trial, model: study.trials[trial]!.observations.indexOf(observations[model]!), error };
  };
  const { best, explained, rejected } = certificate;
  return {
    best: place(best),
    explained: explained ? { ...place(explained), lambda: polyhedron.toRecord(explained.lambda) } : null,
    rejected: rejected.map((model) => ({ ...place(model), margin: model.proof.margin })),
    verified: verifyCertificate(certificate, observations, polyhedron).valid,
  };
}

/** A certificate for people. */
export function certificateSentences(study: Study, certificate: Certificate | undefined): string[] {
  if (!certificate) return [];
  const { observations, polyhedron } = study;
  const { best, explained, rejected } = certificate;
  const many = observations.length;
  const sentences: string[] = [];
  if (explained) {
    const lambda = polyhedron.toRecord(explained.lambda);
    const weights = Object.entries(lambda).map(([name, value]) => `${name} ${short(value)}`);
    sentences.push(
      `Certificate: of the ${many} models seen, none with an error below ${short(explained.error)} has the least loss, whatever λ is allowed; one with ${short(explained.error)} has it, for example with ${weights.join(", ")} (the λ to use is above).`,
    );
  } else {
    sentences.push(`Rounding leaves open which of the ${many} models seen an allowed λ can select.`);
  }
  if (rejected.length > 0) {
    sentences.push(
      `${rejected.length} ${rejected.length === 1 ? "model has" : "models have"} no greater error (down to ${short(best.error)}) and ${rejected.length === 1 ? "is" : "are"} ruled out: whatever λ is, a mixture of other models has a smaller loss.`,
    );
  }
  const { valid } = verifyCertificate(certificate, observations, polyhedron);
  sentences.push(
    valid ? "These claims were checked again in plain arithmetic." : "These claims did not survive a second check.",
  );
  return sentences;
}

/** Bounds for machines: null where nothing is proved. */
export function boundsJson({ lower, upper }: Enclosure): unknown {
  const told = (bound: number) => (Number.isFinite(bound) ? bound : null);
  return { lower: told(lower), upper: told(upper) };
}

/** Metrics that are from 0 to 1 whatever the model. */
const SHARES: readonly string[] = METRICS.filter((name) => name !== "log-loss" && name !== "mean-squared-error");

/** How far the reported error may be from that of the exact minimizer, for people. */
export function boundsSentence({ errorBounds, metric }: Pick<TuneResult, "errorBounds" | "metric">): string[] {
  if (!errorBounds) return [];
  const { lower, upper } = errorBounds;
  if (!Number.isFinite(upper) || (lower <= 0 && upper >= 1 && SHARES.includes(metric))) {
    return [
      `How far the ${errorName(metric)} is from that of the exact minimizer is not proved: L2 is weak, or the training was short.`,
    ];
  }
  return [
    `The ${errorName(metric)} of the exact minimizer of this loss is proved to be from ${shortBound(lower, -1)} to ${shortBound(upper, 1)}.`,
  ];
}

/** Points of the curve that a report draws. */
const POINTS = 60;

/**
 * v(λ) = min_θ λ·φ(θ) along the penalty that weighs most at a λ: no higher than the models seen, no lower than the chords.
 */
export function lossBounds(study: Study, at: Readonly<Record<string, number>>): LossBounds | undefined {
  const { polyhedron: F, observations } = study;
  const solved = observations.filter(({ converged, error }) => converged && Number.isFinite(error));
  if (solved.length < 2) return undefined;
  const center = wholeOf(F, at);
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, j) => sum + x * b[j]!, 0);
  const values = solved.map(({ lambda, features }) => dot(lambda, features));
  const free = [...center.keys()].filter((j) => F.data[j] === 0 && F.lower[j]! < F.upper[j]!);
  const share = (j: number) => center[j]! * (solved.at(-1)?.features[j] ?? 0);
  const axis = free.reduce((most, j) => (share(j) > share(most) ? j : most), free[0] ?? -1);
  if (axis < 0) return undefined;
  const [low, high] = [log(F.lower[axis]!), log(F.upper[axis]!)];
  const points = Array.from({ length: POINTS + 1 }, (_, i) => {
    const lambda = center.map((value, j) => (j === axis ? exp(low + ((high - low) * i) / POINTS) : value));
    const least = (models: typeof observations) =>
      models.reduce((least, { features }) => Math.min(least, dot(lambda, features)), Number.POSITIVE_INFINITY);
    const reached = least(solved);
    const lower = reached - Math.abs(reached) * gap(lambda, solved, values);
    // Any model bounds the least loss from above, converged or not.
    return { lambda: lambda[axis]!, upper: least(observations), lower };
  });
  return { weight: F.names[axis]!, points };
}
