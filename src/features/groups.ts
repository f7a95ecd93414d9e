import { checkDataset, type Dataset } from "../data/dataset.ts";
import { encodeTargets } from "../data/targets.ts";
import { LearnLossError } from "../errors.ts";
import { checkBounds, type WeightBounds } from "./bounds.ts";
import type { Feature, RowGroups } from "./feature.ts";
import { SHARE_BOUNDS } from "./weight.ts";

/**
 * A feature per class: the mean loss over its rows, named `class:label`. Their weights sum to 1; equal weights are the
 * balanced loss, weights in proportion to the classes' sizes the plain one. Each in [1e-3, 1] by default, of more than a
 * hundred from a tenth of an even share on.
 *
 * @throws TYPE or SHAPE for what is no dataset, EMPTY, WEIGHT when no row counts, ONE_CLASS, BOUNDS, OPTION
 */
export function classWeights(train: Dataset, bounds: WeightBounds = {}): Record<string, Feature> {
  checkDataset("train", train);
  const { classes, train: map } = encodeTargets("softmax", train);
  const labels = classes!.map(String);
  return perGroup(
    { name: "classes", count: labels.length, map: Int32Array.from(map), labels },
    labels.map((label) => `class:${label}`),
    bounds,
  );
}

/**
 * A feature per domain of `train.groups`: the mean loss over its rows, named `group:index`. Their weights sum to 1, and
 * are bounded as those of classes.
 *
 * @throws OPTION when the dataset has no groups, SHAPE when a group has no rows; TYPE or SHAPE for what is no dataset; BOUNDS
 */
export function groupWeights(train: Dataset, bounds: WeightBounds = {}): Record<string, Feature> {
  checkDataset("train", train);
  const { groups, groupNames: labels } = train;
  if (!groups)
    throw new LearnLossError("OPTION", "Group weights need groups on the training data set: name their column.");
  // A group of the names that a split left without a row is one all the same: a loss without it fits no data that have it.
  const count = labels?.length ?? groups.reduce((most, group) => Math.max(most, group), 0) + 1;
  const seen = new Set(groups);
  for (let g = 0; g < count; g++) {
    if (!seen.has(g))
      throw new LearnLossError(
        "SHAPE",
        labels
          ? `Group "${labels[g]}" has no training row: split with another seed, or make the data without it.`
          : `Group ${g} of ${count} has no training row: number the groups from 0 without gaps.`,
      );
  }
  const names = Array.from({ length: count }, (_, g) => `group:${g}`);
  return perGroup({ name: "groups", count, map: groups, ...(labels ? { labels } : {}) }, names, bounds);
}

/** Default lower bound of many shares, as a part of an even one: a thousand groups of 1e-3 or more each leave no choice. */
const LEAST_SHARE = 0.1;

function perGroup(of: RowGroups, names: readonly string[], bounds: WeightBounds): Record<string, Feature> {
  const min = Math.min(SHARE_BOUNDS.min, LEAST_SHARE / names.length);
  const checked = checkBounds(of.name, bounds, { ...SHARE_BOUNDS, min });
  return Object.fromEntries(
    names.map((name, group): [string, Feature] => [name, { kind: "group-loss", group, of, ...checked }]),
  );
}
