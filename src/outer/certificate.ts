import type { Box } from "./box.ts";
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
   * smaller error among the models seen. Undefined when rounding left the question open.
   */
  readonly explained: (CertifiedModel & { readonly lambda: Float64Array }) | undefined;
  /** The models with a smaller error than `explained`, or the same, each with the proof that no λ of F prefers it. */
  readonly rejected: readonly (CertifiedModel & { readonly proof: OrderingProof })[];
}

interface Seen {
  readonly features: ArrayLike<number>;
  readonly error: number;
}

/** Models with an infinite error take part in the comparison, but are never looked at as candidates. */
export function certify(models: readonly Seen[], F: Box): Certificate | undefined {
  const k = F.lower.length;
  const order = models
    .map((_, i) => i)
    .filter((i) => Number.isFinite(models[i]!.error))
    .sort((a, b) => models[a]!.error - models[b]!.error || a - b);
  const first = order[0];
  if (first === undefined) return undefined;
  const fit = createL1Fit({ k, F });
  const worst = models[order.at(-1)!]!.error;
  try {
    fit.append(
      models.flatMap(({ features }) => Array.from(features)),
      models.map(({ error }) => (Number.isFinite(error) ? error : worst)),
    );
    const named = (model: number): CertifiedModel => ({ model, error: models[model]!.error });
    const rejected: (CertifiedModel & { proof: OrderingProof })[] = [];
    let explained: (CertifiedModel & { lambda: Float64Array }) | undefined;
    for (const model of order) {
      fit.setIncumbent(model);
      const outcome = fit.solve();
      if (outcome.status === "infeasible") {
        rejected.push({ ...named(model), proof: outcome.proof });
      } else {
        if (outcome.status === "optimal") explained = { ...named(model), lambda: outcome.lambda };
        break;
      }
    }
    return { best: named(first), explained, rejected };
  } finally {
    fit.dispose();
  }
}

/** Goes through a certificate's claims again in plain arithmetic. `tolerance` is relative to the losses compared. */
export function verifyCertificate(
  certificate: Certificate,
  models: readonly Seen[],
  F: Box,
  tolerance = 1e-7,
): { readonly valid: true } | { readonly valid: false; readonly claim: string } {
  const k = F.lower.length;
  const phi = Float64Array.from(models.flatMap(({ features }) => Array.from(features)));
  const { best, explained, rejected } = certificate;
  for (const { model, error } of [best, ...(explained ? [explained] : []), ...rejected]) {
    if (models[model]?.error !== error) return { valid: false, claim: `model ${model} has the error ${error}` };
  }
  if (models.some(({ error }) => error < models[best.model]!.error))
    return { valid: false, claim: `model ${best.model} is the best` };
  for (const { model, proof } of rejected) {
    const honest = proof.incumbent === model && proof.weights.every((w) => w >= 0);
    if (!honest || !(orderingMargin(phi, k, model, proof.models, proof.weights, F) > 0))
      return { valid: false, claim: `no λ prefers model ${model}` };
  }
  if (explained) {
    const better = models.flatMap(({ error }, i) => (error < explained.error ? [i] : []));
    if (better.some((i) => !rejected.some(({ model }) => model === i)))
      return { valid: false, claim: `no λ selects a better model than ${explained.model}` };
    const { lambda } = explained;
    const loss = (i: number) => lambda.reduce((sum, weight, j) => sum + weight * phi[i * k + j]!, 0);
    const size = lambda.reduce((sum, weight, j) => sum + Math.abs(weight * phi[explained.model * k + j]!), 0);
    const own = loss(explained.model);
    const total = F.total ?? 1;
    const sum = F.data?.reduce((sum, weight, j) => sum + weight * lambda[j]!, 0) ?? total;
    const outside = lambda.some((weight, j) => weight < F.lower[j]! || weight > F.upper[j]!);
    if (outside || Math.abs(sum - total) > tolerance * total)
      return { valid: false, claim: `the λ of model ${explained.model} is in F` };
    if (models.some((_, i) => loss(i) < own - tolerance * size))
      return { valid: false, claim: `λ prefers model ${explained.model}` };
  }
  return { valid: true };
}
