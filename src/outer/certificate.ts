import { given, LearnLossError } from "../errors.ts";
import { type Box, checkBox } from "./box.ts";
import { LARGEST } from "./fittable.ts";
import { createL1Fit } from "./l1-fit.ts";
import { type OrderingProof, orderingMargin } from "./ordering-proof.ts";

/** A model by its place among those given, and its error. */
export interface CertifiedModel {
  readonly model: number;
  readonly error: number;
}

/** What the models seen prove about the λ of F, and no more. */
export interface Certificate {
  /** The model with the least error. */
  readonly best: CertifiedModel;
  /**
   * The best model that some λ of F prefers to all others seen, with such a λ. No λ of F selects a model with a
   * smaller error among the models seen. Undefined where a model that was told Infinity is preferred for every λ, and when
   * rounding left the question open.
   */
  readonly explained: (CertifiedModel & { readonly lambda: Float64Array }) | undefined;
  /** The models with a smaller error than `explained`, or the same, each with the proof that no λ of F prefers it. */
  readonly rejected: readonly (CertifiedModel & { readonly proof: OrderingProof })[];
}

/** Tolerance of the second look at a certificate, relative to the losses compared. */
const TOLERANCE = 1e-7;

interface Seen {
  readonly features: ArrayLike<number>;
  readonly error: number;
}

/**
 * Models with an infinite error, or one as good as infinite, take part in the comparison, but are never looked at as candidates.
 * An LP over all models per step; checkpoints of one training are often rejected by one mixture, which is tried first: of 5000
 * models of a long exploration hundreds were, at 10 ms an LP.
 */
export function* certify(models: readonly Seen[], F: Box): Generator<void, Certificate | undefined> {
  const k = F.lower.length;
  const order = models
    .map((_, i) => i)
    .filter((i) => models[i]!.error < LARGEST)
    .sort((a, b) => models[a]!.error - models[b]!.error || a - b);
  const first = order[0];
  if (first === undefined) return undefined;
  const fit = createL1Fit({ k, F });
  const worst = models[order.at(-1)!]!.error;
  const phi = Float64Array.from(models.flatMap(({ features }) => Array.from(features)));
  // The one that rejected last comes first.
  const mixtures: Pick<OrderingProof, "models" | "weights">[] = [];
  try {
    fit.append(
      phi,
      models.map(({ error }) => Math.min(error, worst)),
    );
    const named = (model: number): CertifiedModel => ({ model, error: models[model]!.error });
    const rejected: (CertifiedModel & { proof: OrderingProof })[] = [];
    let explained: (CertifiedModel & { lambda: Float64Array }) | undefined;
    for (const model of order) {
      const known = knownProof(model, mixtures, phi, F);
      if (known) {
        rejected.push({ ...named(model), proof: known });
        continue;
      }
      yield;
      fit.setIncumbent(model);
      const outcome = fit.solve();
      if (outcome.status === "infeasible") {
        const { proof } = outcome;
        mixtures.unshift({ models: proof.models, weights: proof.weights });
        rejected.push({ ...named(model), proof });
      } else {
        // The fit is right to rounding of its own units, beside which losses may be small.
        const found = outcome.status === "optimal" && { ...named(model), lambda: outcome.lambda };
        if (found && refuted(found, models, F, TOLERANCE) === undefined) explained = found;
        break;
      }
    }
    return { best: named(first), explained, rejected };
  } finally {
    fit.dispose();
  }
}

/** The first of the mixtures that has a smaller loss than a model for every λ, by more than rounding; it moves to the front. */
function knownProof(
  incumbent: number,
  mixtures: Pick<OrderingProof, "models" | "weights">[],
  phi: Float64Array,
  F: Box,
): OrderingProof | undefined {
  for (const [m, mixture] of mixtures.entries()) {
    const margin = orderingMargin(phi, F.lower.length, incumbent, mixture.models, mixture.weights, F);
    if (!(margin > 0)) continue;
    mixtures.splice(m, 1);
    mixtures.unshift(mixture);
    return { incumbent, ...mixture, margin };
  }
  return undefined;
}

/** What is not so of a λ of F that prefers a model to all others; `tolerance` is relative to the losses compared. */
function refuted(
  { model, lambda }: CertifiedModel & { readonly lambda: Float64Array },
  models: readonly Seen[],
  F: Box,
  tolerance: number,
): string | undefined {
  if (lambda.length !== F.lower.length) return `the λ of model ${model} has a weight for each feature`;
  const total = F.total ?? 1;
  const sum = F.data?.reduce((sum, weight, j) => sum + weight * lambda[j]!, 0) ?? total;
  const within = lambda.every((weight, j) => weight >= F.lower[j]! && weight <= F.upper[j]!);
  if (!within || !(Math.abs(sum - total) <= tolerance * total)) return `the λ of model ${model} is in F`;
  const loss = ({ features }: Seen) => lambda.reduce((sum, weight, j) => sum + weight * features[j]!, 0);
  const own = models[model]!;
  const size = lambda.reduce((sum, weight, j) => sum + Math.abs(weight * own.features[j]!), 0);
  const least = loss(own) - tolerance * size;
  return models.every((other) => loss(other) >= least) ? undefined : `λ prefers model ${model}`;
}

/** Whether the mixture has a smaller loss than the incumbent, by the margin that is claimed. `phi` is n × k. */
function proves(proof: OrderingProof, phi: Float64Array, F: Box, tolerance: number): boolean {
  const { incumbent, models, weights, margin } = proof;
  const k = F.lower.length;
  const known = models.every((i) => Number.isInteger(i) && i >= 0 && i < phi.length / k);
  const sum = weights.reduce((sum, weight) => sum + weight, 0);
  const mixture = weights.length === models.length && weights.every((w) => w >= 0) && Math.abs(sum - 1) <= tolerance;
  if (!known || !mixture) return false;
  return margin > 0 && margin <= orderingMargin(phi, k, incumbent, models, weights, F) * (1 + tolerance);
}

/**
 * Goes through a certificate's claims again in plain arithmetic. `tolerance` is relative to the losses compared.
 *
 * @throws OPTION, SHAPE, BOUNDS, INFEASIBLE for an F that is none, or models of other features
 */
export function verifyCertificate(
  certificate: Certificate,
  models: readonly Seen[],
  F: Box,
  tolerance = TOLERANCE,
): { readonly valid: true } | { readonly valid: false; readonly claim: string } {
  const k = given("F.lower", given("F", F).lower).length;
  checkBox(F, k);
  const odd = given("models", models).findIndex(({ features }) => features.length !== k);
  if (odd >= 0)
    throw new LearnLossError("SHAPE", `Model ${odd} has ${models[odd]!.features.length} features: give ${k}.`);
  const phi = Float64Array.from(models.flatMap(({ features }) => Array.from(features)));
  const { best, explained, rejected } = given("certificate", certificate);
  for (const { model, error } of [best, ...(explained ? [explained] : []), ...rejected]) {
    if (models[model]?.error !== error) return { valid: false, claim: `model ${model} has the error ${error}` };
  }
  if (models.some(({ error }) => error < models[best.model]!.error))
    return { valid: false, claim: `model ${best.model} is the best` };
  for (const { model, proof } of rejected) {
    if (proof.incumbent !== model || !proves(proof, phi, F, tolerance))
      return { valid: false, claim: `no λ prefers model ${model}` };
  }
  if (explained) {
    const better = models.flatMap(({ error }, i) => (error < explained.error ? [i] : []));
    if (better.some((i) => !rejected.some(({ model }) => model === i)))
      return { valid: false, claim: `no λ selects a better model than ${explained.model}` };
    const claim = refuted(explained, models, F, tolerance);
    if (claim !== undefined) return { valid: false, claim };
  }
  return { valid: true };
}
