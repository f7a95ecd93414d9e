import { fittable, LARGEST } from "./outer/fittable.ts";
import { PROPOSALS, type Proposal } from "./outer/propose.ts";

/** What happened, as it is stored: a study is the fold over its events. */
export type StudyEvent =
  | { readonly type: "ask"; readonly lambda: readonly number[]; readonly proposal: Proposal["kind"] }
  | {
      readonly type: "observe" | "tell";
      readonly trial: number;
      readonly features: readonly number[];
      readonly error: number | "Infinity";
      readonly converged: boolean;
      readonly passes?: number;
    }
  | { readonly type: "fail"; readonly trial: number; readonly reason: string };

/** Whether what was read is an event of a study of so many weights, of whatever trial. */
export function isStudyEvent(event: StudyEvent, weights: number): boolean {
  const numbers = (list: unknown) => Array.isArray(list) && list.length === weights && list.every(Number.isFinite);
  const within = (list: readonly number[]) => list.every((weight) => weight >= 0) && list.some((weight) => weight > 0);
  if (event?.type === "ask")
    return numbers(event.lambda) && within(event.lambda) && Object.hasOwn(PROPOSALS, event.proposal);
  if (!Number.isInteger(event?.trial)) return false;
  if (event.type === "fail") return typeof event.reason === "string";
  const { type, features, error, converged, passes } = event;
  const spent = passes === undefined || Number.isFinite(passes);
  const judged = error === "Infinity" || (Number.isFinite(error) && error > -LARGEST);
  const seen = numbers(features) && features.every(fittable);
  return (type === "observe" || type === "tell") && seen && judged && typeof converged === "boolean" && spent;
}
