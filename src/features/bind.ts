import type { Dataset } from "../data/dataset.ts";
import { LearnLossError, listed } from "../errors.ts";
import { checkImage, ORIGINAL, partsOf } from "./augmentation.ts";
import type { Feature, Features, RowGroups } from "./feature.ts";
import { classWeights, groupWeights } from "./groups.ts";

/**
 * The features for the rows of this dataset, whichever they were made for: classes are found by their labels, domains by
 * the dataset's groups; an augmentation fits images of the same shape.
 *
 * @throws LABEL when the classes differ, OPTION or SHAPE when the groups are missing or differ, SHAPE for other images
 */
export function bind(features: Features, train: Dataset): Features {
  const groups = Object.values(features).flatMap((f) => (f?.kind === "group-loss" ? [f.of] : []));
  const [first] = groups;
  // Read from JSON, the first of them has what they share. Two that have something of their own are refused elsewhere.
  if (!first || groups.some((of) => of !== first && (of.map.length > 0 || of.augmentation))) return features;
  const of = { ...first, map: mapOf(features, first, train) };
  return Object.fromEntries(
    Object.entries(features).map(([name, feature]): [string, Feature] => [
      name,
      feature.kind === "group-loss" ? { ...feature, of } : feature,
    ]),
  );
}

/** The group of every row, found by what the groups are called, and for a loss that does not say by the names of its features. */
function mapOf(features: Features, first: RowGroups, train: Dataset): Int32Array {
  const { name, count, augmentation, map, labels } = first;
  if (augmentation) checkImage(augmentation.image, train);
  if (augmentation && !augmentation.groups) return map;
  const kind = augmentation?.groups?.of ?? name;
  const parts = augmentation ? partsOf({ count, map, augmentation }) : count;
  const prefix = augmentation?.groups?.crossed ? `${ORIGINAL}/` : "";
  const fresh = kind === "classes" ? classWeights(train) : groupWeights(train);
  const groups = new Map<number, number>();
  const rest = new Set(Object.keys(fresh).keys());
  for (const [feature, stored] of Object.entries(features)) {
    if (stored.kind !== "group-loss" || stored.group >= parts) continue;
    const called = labels?.[stored.group];
    const known = kind === "classes" || called === undefined ? undefined : train.groupNames;
    const ofClass = called === undefined ? feature.slice(prefix.length) : `class:${called}`;
    const label = kind === "classes" ? ofClass : `group:${known ? known.indexOf(called!) : stored.group}`;
    const own = Object.hasOwn(fresh, label) ? fresh[label] : undefined;
    if (own?.kind !== "group-loss" || own.of.count !== parts) {
      throw new LearnLossError(
        kind === "classes" || known ? "LABEL" : "SHAPE",
        `The loss weighs ${parts} ${kind} such as ${known ? called : label}, these data have ${listed(known ?? Object.keys(fresh))}.`,
      );
    }
    groups.set(own.group, stored.group);
    rest.delete(stored.group);
  }
  // Groups that the loss leaves out weigh nothing, whichever is which.
  for (const own of Object.values(fresh)) {
    if (own.kind !== "group-loss" || groups.has(own.group)) continue;
    const [group] = rest;
    groups.set(own.group, group!);
    rest.delete(group!);
  }
  const [any] = Object.values(fresh);
  return any?.kind === "group-loss" ? any.of.map.map((group) => groups.get(group)!) : map;
}
