import { LearnLossError, listed } from "../errors.ts";
import type { ModelKind } from "../models/model-kind.ts";
import type { ObjectiveOptions } from "../models/objective.ts";
import type { Feature, Features, RowGroups } from "./feature.ts";
import { lossName } from "./loss.ts";
import { Polyhedron } from "./polyhedron.ts";
import { SHARE_BOUNDS, type Weight } from "./weight.ts";

/** What an objective needs to weigh its terms: one λ expanded by kind. */
interface TermWeights {
  readonly groups: Float64Array;
  readonly uniform: number;
  readonly l1: number;
  readonly l2: number;
  readonly groupNorm: number;
  readonly hinges: { readonly knots: Float64Array; readonly weights: Float64Array };
}

/** The unweighted terms of one model, by kind: what features are made of. */
interface TermValues {
  /** Loss of each group, then uniform cross-entropy. */
  readonly groupLosses: ArrayLike<number>;
  readonly l1: number;
  readonly l2: number;
  readonly groupNorm: number;
  readonly hinges: ArrayLike<number>;
}

/** Where a feature's value or derivative stands in a vector [groups…, uniform, l1, l2, groupNorm, hinges…]. */
type Term = number;

/**
 * The features in a fixed order, with the polyhedron F of their weights: penalties within bounds, data features
 * normalized to sum to 1. Without a group loss in `features`, the model's plain loss is one more.
 */
export class FeatureSpace extends Polyhedron {
  readonly features: readonly Feature[];
  readonly rowGroups: RowGroups | undefined;
  readonly uniform: boolean;
  /** Group of every column, for a group norm of given groups. */
  readonly columnGroups: readonly number[] | undefined;
  readonly knots: Float64Array;
  /** Name of the plain loss that was added, if any. */
  readonly implicit: string | undefined;
  readonly #terms: readonly Term[];

  constructor(features: Features, model: ModelKind) {
    const plain = lossName(model);
    const rowGroups = soleGroups(features);
    if (Object.keys(features).length === 0) {
      throw new LearnLossError("EMPTY", "No features were given: name at least one, such as { l2: l2() }.");
    }
    const implicit = rowGroups ? undefined : Object.hasOwn(features, plain) ? `${plain}_` : plain;
    // An object, as F has its names in the order of one: whole numbers come first.
    const all = implicit ? { [implicit]: PLAIN_LOSS, ...features } : features;
    const given = Object.values(all);
    const shares = given.filter(isData).length;
    super(
      Object.fromEntries(
        Object.entries(all).map(([name, feature]): [string, Weight] => [
          name,
          !isData(feature)
            ? { role: "free", min: feature.min, max: feature.max }
            : shares === 1
              ? { role: "fixed", min: 1, max: 1 }
              : { role: "share", min: feature.min, max: feature.max },
        ]),
      ),
    );
    this.implicit = implicit;
    this.rowGroups = rowGroups;
    this.features = model === "softmax" ? given : given.map(withoutGroups);
    this.uniform = this.features.some((f) => f.kind === "uniform-loss");
    this.columnGroups = given.find((f) => f.kind === "group-norm")?.columnGroups;
    this.knots = Float64Array.from(
      [...new Set(this.features.flatMap((f) => (f.kind === "hinge" ? [f.knot] : [])))].sort((a, b) => a - b),
    );
    const term = (feature: Feature) => termOf(feature, this.groupCount, this.knots);
    this.#terms = this.features.map(term);
    if (new Set(given.map(term)).size < given.length) {
      throw new LearnLossError("OPTION", `Two of the features ${listed(this.names)} are the same: leave one out.`);
    }
  }

  /** What an objective needs to know of the features beforehand. */
  get structure(): Pick<ObjectiveOptions, "rowGroups" | "uniform" | "columnGroups"> {
    const { rowGroups, uniform, columnGroups } = this;
    return { uniform, ...(rowGroups ? { rowGroups } : {}), ...(columnGroups ? { columnGroups } : {}) };
  }

  /** Whether a penalty has kinks: of all, only the ridge has none. */
  get kinked(): boolean {
    return this.features.some((feature) => !isData(feature) && feature.kind !== "l2");
  }

  /** The weights whose bounds leave a choice. */
  get tuned(): readonly number[] {
    return this.names.flatMap((_, j) => (this.lower[j]! < this.upper[j]! ? [j] : []));
  }

  get groupCount(): number {
    return this.rowGroups?.count ?? 1;
  }

  /** Picks each feature's entry out of [groups…, uniform, l1, l2, groupNorm, hinges…]. */
  pick(terms: ArrayLike<number>): Float64Array {
    return Float64Array.from(this.#terms, (t) => terms[t]!);
  }

  /** φ(θ) from its terms. */
  phi(terms: TermValues): Float64Array {
    return this.pick([
      ...Array.from(terms.groupLosses),
      terms.l1,
      terms.l2,
      terms.groupNorm,
      ...Array.from(terms.hinges),
    ]);
  }

  /** λ by kind. */
  termWeights(lambda: ArrayLike<number>): TermWeights {
    const all = new Float64Array(this.groupCount + 4 + this.knots.length);
    for (const [j, term] of this.#terms.entries()) all[term]! += lambda[j]!;
    const g = this.groupCount;
    return {
      groups: all.slice(0, g),
      uniform: all[g]!,
      l1: all[g + 1]!,
      l2: all[g + 2]!,
      groupNorm: all[g + 3]!,
      hinges: { knots: this.knots, weights: all.slice(g + 4) },
    };
  }

  /** The λ of a record as `toUserRecord` makes them: the plain loss gets what the other data features leave of 1. */
  fromUserRecord(record: Readonly<Record<string, number>>): Float64Array {
    if (!this.implicit) return this.fromRecord(record);
    const others = this.names.reduce((sum, name, j) => {
      return sum + (this.data[j] && name !== this.implicit ? (record[name] ?? 0) : 0);
    }, 0);
    return this.fromRecord({ ...record, [this.implicit]: this.total - others });
  }

  /** λ of the features that the user named. */
  toUserRecord(lambda: ArrayLike<number>): Record<string, number> {
    const record = this.toRecord(lambda);
    if (this.implicit) delete record[this.implicit];
    return record;
  }
}

const PLAIN_LOSS: Feature = {
  kind: "group-loss",
  group: 0,
  of: { name: "all rows", count: 1, map: new Int32Array(0) },
  ...SHARE_BOUNDS,
};

/**
 * The group norm of one output with a group per column is ‖W‖₁, whose steps are those of single weights: 1998 → 303 ms
 * (279 × 844, squared loss).
 */
function withoutGroups(feature: Feature): Feature {
  if (feature.kind !== "group-norm") return feature;
  const { columnGroups = [], min, max } = feature;
  return new Set(columnGroups).size === columnGroups.length ? { kind: "l1", min, max } : feature;
}

function termOf(feature: Feature, groupCount: number, knots: Float64Array): Term {
  switch (feature.kind) {
    case "group-loss":
      return feature.group;
    case "uniform-loss":
      return groupCount;
    case "l1":
      return groupCount + 1;
    case "l2":
      return groupCount + 2;
    case "group-norm":
      return groupCount + 3;
    case "hinge":
      return groupCount + 4 + knots.indexOf(feature.knot);
  }
}

/** Whether a feature is a mean over rows; penalties are the others. */
export function isData(feature: Feature): boolean {
  return feature.kind === "group-loss" || feature.kind === "uniform-loss";
}

function soleGroups(features: Features): RowGroups | undefined {
  const groups = [...new Set(Object.values(features).flatMap((f) => (f.kind === "group-loss" ? [f.of] : [])))];
  if (groups.length > 1) {
    const names = groups.map((g) => g.name).join(", ");
    throw new LearnLossError(
      "OPTION",
      `Rows can be grouped in one way at a time, these are ${groups.length}: ${names}. Transformations with classes or groups are augmentation(train, …, { groups: classWeights(train) }).`,
    );
  }
  return groups[0];
}
