import type { ReportInput, SeenPoint } from "../report/report.ts";
import type { Study } from "../study.ts";
import type { TuneResult } from "../tune.ts";
import { short } from "./output.ts";

/** Every model of a study, in the order of the work spent. */
export function pointsOf(study: Study): SeenPoint[] {
  const { polyhedron } = study;
  const points = study.trials.flatMap((trial) =>
    trial.observations.map(({ error, converged, passes, lambda, features }, iteration) => ({
      trial: trial.id,
      iteration,
      passes: passes ?? trial.id,
      error,
      converged,
      lambda: polyhedron.toRecord(lambda),
      features: polyhedron.toRecord(features),
    })),
  );
  return points.sort((a, b) => a.passes - b.passes);
}

export function reportOf(
  study: Study,
  result: TuneResult,
  title: string,
): Pick<ReportInput, "title" | "subtitle" | "metric" | "points" | "certificate"> {
  return {
    title,
    subtitle: `${result.metric} ${short(result.error)} after ${Math.round(result.passes)} passes, ${result.trials} trainings and ${Math.round(result.milliseconds)} ms: minimize ${String(result.loss)}`,
    metric: result.metric,
    points: pointsOf(study),
    certificate: [],
  };
}

/** λ, its error and the cost, as a table of one row. */
export function resultTable(result: TuneResult): ReportInput["table"] {
  const names = Object.keys(result.lambda);
  return [
    [...names, result.metric, "passes", "trainings", "ms"],
    [
      ...names.map((name) => short(result.lambda[name]!)),
      short(result.error),
      result.passes.toFixed(0),
      String(result.trials),
      result.milliseconds.toFixed(0),
    ],
  ];
}

/** The best model of a study and its λ. */
export function bestTable({ best, polyhedron }: Study): ReportInput["table"] {
  const names = polyhedron.names;
  if (!best) return [[...names, "error"]];
  return [
    [...names, "error", "trial"],
    [...names.map((name) => short(best.lambda[name]!)), short(best.error), String(best.trial)],
  ];
}
