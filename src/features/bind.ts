import type { Dataset } from "../data/dataset.ts";
import { LearnLossError } from "../errors.ts";
import { checkImage } from "./augmentation.ts";
import type { Feature, Features } from "./feature.ts";
import { classWeights, groupWeights } from "./groups.ts";

/**
 * The features of a stored loss for the rows of another dataset: classes are found by their labels, domains by the
 * dataset's groups; an augmentation fits images of the same shape.
 *
 * @throws LABEL when the classes differ, OPTION or SHAPE when the groups are missing or differ, SHAPE for other images
 */
export function bind(features: Features, train: Dataset): Features {
  const entries = Object.entries(features);
  const grouped = entries.find(([, feature]) => feature.kind === "group-loss");
  if (grouped?.[1].kind !== "group-loss" || grouped[1].of.map.length === train.rows) return features;
  const { of } = grouped[1];
  if (of.augmentation) {
    checkImage(of.augmentation.image, train.columns);
    // Read from JSON, the first of them has what they share.
    return Object.fromEntries(
      Object.entries(features).map(([name, feature]) => [
        name,
        feature.kind === "group-loss" ? { ...feature, of } : feature,
      ]),
    );
  }
  const fresh = grouped[1].of.name === "classes" ? classWeights(train) : groupWeights(train);
  return Object.fromEntries(
    entries.map(([name, feature]): [string, Feature] => {
      if (feature.kind !== "group-loss") return [name, feature];
      const own = Object.hasOwn(fresh, name) ? fresh[name] : undefined;
      if (own?.kind !== "group-loss" || own.of.count !== feature.of.count) {
        throw new LearnLossError(
          feature.of.name === "classes" ? "LABEL" : "SHAPE",
          `The loss weighs ${feature.of.count} ${feature.of.name} such as ${name}, these data have ${Object.keys(fresh).join(", ")}.`,
        );
      }
      return [name, { ...feature, of: own.of, group: own.group }];
    }),
  );
}
