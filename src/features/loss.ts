import { given, isRecord, LearnLossError, listed, readStored } from "../errors.ts";
import type { ModelKind } from "../models/model-kind.ts";
import { type Feature, type Features, isFeature } from "./feature.ts";

const VERSION = 1;

/** What the plain loss of a model is called among the features. */
export function lossName(model: ModelKind): string {
  return model === "squared" ? "squaredError" : "logLoss";
}

/**
 * ℓ_λ(θ) = λ·φ(θ): a learned loss, apart from the data it was learned on. `JSON.stringify` stores it, `fromJSON` reads
 * it back, `fit` uses it on other data, `String` prints the objective in words.
 */
export class LinearLoss {
  /**
   * The plain loss of the model: "logLoss" (softmax, logistic) or "squaredError". Unless a feature is the loss of a group of
   * rows, it is a term of the loss, with the weight 1, or what label smoothing leaves of 1.
   */
  readonly lossName: string;
  /** The terms beside it, or in its place, by name. */
  readonly features: Features;
  /** A weight ≥ 0 for each of the features. */
  readonly lambda: Readonly<Record<string, number>>;

  /**
   * @throws OPTION for a name that is no model's plain loss, and for what is no feature or two that are the same; LAMBDA for
   *   a weight that is missing, negative or not finite, or of no feature
   */
  constructor(lossName: string, features: Features, lambda: Readonly<Record<string, number>>) {
    if (lossName !== "logLoss" && lossName !== "squaredError")
      throw new LearnLossError("OPTION", `The plain loss is ${lossName}: give logLoss or squaredError.`);
    const names = Object.keys(given("features", features));
    const odd = names.find((name) => !isFeature(features[name]));
    if (odd !== undefined)
      throw new LearnLossError("OPTION", `${odd} is no feature: give what l1, l2, classWeights and the like return.`);
    if (new Set(Object.values(features).map(kindOf)).size < names.length)
      throw new LearnLossError("OPTION", `Two of the features ${listed(names)} are the same: leave one out.`);
    const more = Object.keys(given("lambda", lambda)).find((name) => !Object.hasOwn(features, name));
    if (more !== undefined)
      throw new LearnLossError("LAMBDA", `λ.${more} is of no feature: the names are ${listed(names)}.`);
    for (const name of names) {
      const value = Object.hasOwn(lambda, name) ? lambda[name] : undefined;
      if (value === undefined || !Number.isFinite(value) || value < 0) {
        throw new LearnLossError("LAMBDA", `λ.${name} is ${value}: give a finite number ≥ 0.`);
      }
    }
    this.lossName = lossName;
    this.features = features;
    this.lambda = lambda;
  }

  /** The penalty of one weight w, λ included: L1, L2 and hinges; a group norm is of no single weight. */
  penalty(w: number): number {
    const size = Math.abs(w);
    return Object.entries(this.features).reduce((sum, [name, feature]) => {
      const lambda = this.lambda[name]!;
      if (feature.kind === "l1") return sum + lambda * size;
      if (feature.kind === "l2") return sum + lambda * 0.5 * w * w;
      return feature.kind === "hinge" ? sum + lambda * Math.max(0, size - feature.knot) : sum;
    }, 0);
  }

  /** The objective in words: `logLoss + 0.001·½‖W‖²`. */
  toString(): string {
    const features = Object.entries(this.features);
    const terms = features.map(([name, feature]) => `${format(this.lambda[name]!)}·${words(name, feature)}`);
    if (!features.some(([, { kind }]) => kind === "group-loss")) terms.unshift(this.#plainTerm());
    return terms.join(" + ");
  }

  /** The plain loss has what label smoothing leaves of 1. */
  #plainTerm(): string {
    const smoothing = Object.entries(this.features).find(([, { kind }]) => kind === "uniform-loss");
    return smoothing ? `${format(1 - this.lambda[smoothing[0]]!)}·${this.lossName}` : this.lossName;
  }

  /** What `JSON.stringify` stores, with a version. */
  toJSON(): unknown {
    return {
      learnloss: "loss",
      version: VERSION,
      loss: this.lossName,
      lambda: this.lambda,
      features: stored(this.features),
    };
  }

  /** @throws PARSE, CORRUPT or VERSION when the text is not a stored loss */
  static fromJSON(text: string): LinearLoss {
    return readStored("loss", text, VERSION, ({ loss, lambda, features }) => {
      if (!isRecord(lambda) || !isRecord(features)) throw new TypeError("It has no λ, or no features.");
      return new LinearLoss(loss as string, features as Features, lambda as Record<string, number>);
    });
  }
}

/** Row groups belong to one data set: their map is not stored. How they are made is, with the first of their features. */
function stored(features: Features): unknown {
  const written = new Set<unknown>();
  return Object.fromEntries(
    Object.entries(features).map(([name, feature]) => {
      if (feature.kind !== "group-loss") return [name, feature];
      const { name: of, count, labels, augmentation } = feature.of;
      const fresh = written.has(feature.of) ? {} : { ...(labels && { labels }), ...(augmentation && { augmentation }) };
      written.add(feature.of);
      return [name, { ...feature, of: { name: of, count, map: [], ...fresh } }];
    }),
  );
}

/** What no two features of a loss have in common. */
function kindOf(feature: Feature): string {
  if (feature.kind === "group-loss") return `${feature.kind} ${feature.group}`;
  return feature.kind === "hinge" ? `${feature.kind} ${feature.knot}` : feature.kind;
}

function words(name: string, feature: Feature): string {
  switch (feature.kind) {
    case "l1":
      return "‖W‖₁";
    case "l2":
      return "½‖W‖²";
    case "group-norm":
      return feature.columnGroups ? "Σ √|g|·‖W_g‖₂" : "Σ_j ‖W_j‖₂";
    case "hinge":
      return `Σ max(0, |w| − ${format(feature.knot)})`;
    case "uniform-loss":
      return "uniform cross-entropy";
    case "group-loss":
      return `loss(${name})`;
  }
}

/** Four significant digits. */
function format(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
