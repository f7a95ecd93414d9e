import type { Dataset } from "../data/dataset.ts";
import { LearnLossError } from "../errors.ts";
import { augmentation } from "../features/augmentation.ts";
import type { Features } from "../features/feature.ts";
import { classWeights, groupWeights } from "../features/groups.ts";
import { convexPenalty } from "../features/hinges.ts";
import { guessLayout, type Layout } from "../features/image-layout.ts";
import { groupNorm, l1, l2 } from "../features/norms.ts";
import { labelSmoothing } from "../features/smoothing.ts";
import {
  blur,
  contrast,
  cutout,
  either,
  mirror,
  noise,
  rotate,
  scale,
  shear,
  shift,
  type Transformation,
} from "../features/transformation.ts";
import { number } from "./options.ts";

/** What a name of `--features` is made of besides its argument. */
interface Setting {
  readonly train: Dataset;
  readonly image: Layout | undefined;
  readonly seed: number;
}

/** `--image`: `28x28` or `32x32x3`. @throws OPTION */
export function image(text: string): Layout {
  const [, width, height, channels = "1"] = /^(\d+)x(\d+)(?:x(\d+))?$/.exec(text) ?? [];
  if (width === undefined || height === undefined) {
    throw new LearnLossError("OPTION", `--image is "${text}": give width x height, 28x28, or 32x32x3 with channels.`);
  }
  return { width: Number(width), height: Number(height), channels: Number(channels) };
}

/** What each name of `--features` stands for. */
const FEATURES: Record<string, (setting: Setting, argument: string | undefined, groups: Features) => Features> = {
  l1: () => ({ l1: l1() }),
  l2: () => ({ l2: l2() }),
  "group-norm": () => ({ groupNorm: groupNorm() }),
  "class-weights": ({ train }) => classWeights(train),
  "group-weights": ({ train }) => groupWeights(train),
  "label-smoothing": () => ({ smoothing: labelSmoothing() }),
  convex: (_, knots) => convexPenalty(knots === undefined ? {} : { knots: number("features convex:")(knots) }),
  augment: ({ train, image, seed }, list, groups) =>
    augmentation(train, transformations(list ?? Object.keys(TRANSFORMATIONS).join(), sideOf(train, image)), {
      ...image,
      seed,
      ...(Object.keys(groups).length > 0 ? { groups } : {}),
    }),
};

/** The names that may have an argument after a colon. */
const WITH_ARGUMENT = ["convex", "augment"];

/** The names whose losses are those of groups of the rows as they are, where there is an augmentation. */
const GROUPS = ["class-weights", "group-weights"];

/** `l1,l2,class-weights,label-smoothing,convex:8,augment:shift,rotate=15`. @throws OPTION */
export function parseFeatures(list: string, setting: Setting): Features {
  const items = itemsOf(list);
  const augmented = items.some(([name]) => name === "augment");
  if (setting.image && !augmented) {
    throw new LearnLossError("OPTION", "--image is the shape of images to augment: add augment to --features.");
  }
  const of = (items: readonly Item[], groups: Features) =>
    joined(items.map(([name, argument]) => FEATURES[name]!(setting, argument, groups)));
  const grouped = augmented ? items.filter(([name]) => GROUPS.includes(name)) : [];
  return of(
    items.filter((item) => !grouped.includes(item)),
    of(grouped, {}),
  );
}

type Item = readonly [name: string, argument: string | undefined];

/** Transformations after `augment:` are its argument, up to the next name of a feature. @throws OPTION */
function itemsOf(list: string): Item[] {
  const items: [string, string | undefined][] = [];
  for (const item of list.split(",").map((item) => item.trim())) {
    const last = items.at(-1);
    if (last?.[0] === "augment" && last[1] !== undefined && transformationOf(item)) {
      last[1] += `,${item}`;
      continue;
    }
    const [name = ""] = item.split(":", 1);
    const argument = item === name ? undefined : item.slice(name.length + 1);
    if (!Object.hasOwn(FEATURES, name)) {
      const names = Object.keys(FEATURES).join(", ");
      throw new LearnLossError(
        "OPTION",
        `--features has "${item}": give some of ${names} (convex:8 for 8 knots, augment:shift,rotate for some of ${Object.keys(TRANSFORMATIONS).join(", ")}).`,
      );
    }
    if (argument !== undefined && !WITH_ARGUMENT.includes(name)) {
      throw new LearnLossError(
        "OPTION",
        `--features has "${item}": ${name} has no argument, its weight is what is tuned.`,
      );
    }
    if (items.some(([known]) => known === name)) throw new LearnLossError("OPTION", `--features has ${name} twice.`);
    items.push([name, argument]);
  }
  return items;
}

/** A convex penalty begins with ‖W‖₁ and has ½‖W‖²: named themselves as well, they count once. */
function joined(parts: readonly Features[]): Features {
  const result: Record<string, Features[string]> = {};
  for (const [feature, value] of parts.flatMap((part) => Object.entries(part))) {
    const norm = normOf(value);
    const twin = norm && Object.values(result).some((other) => normOf(other) === norm);
    if (!twin) result[feature] = value;
  }
  return result;
}

function normOf(feature: Features[string]): "l1" | "l2" | undefined {
  if (feature.kind === "hinge") return feature.knot === 0 ? "l1" : undefined;
  return feature.kind === "l1" || feature.kind === "l2" ? feature.kind : undefined;
}

/** The lesser side of an image, in pixels; augmentation() refuses what is no image. */
function sideOf(rows: Dataset, image = guessLayout(rows)): number {
  return image ? Math.min(image.width, image.height) : Math.sqrt(rows.columns);
}

/** Transformations of `augment:`, by an amount in pixels, degrees, shares or factors; its default for images of a given side. */
const TRANSFORMATIONS: Record<string, readonly [(amount: number) => Transformation, ((side: number) => number)?]> = {
  shift: [(a) => either(shift(a, 0), shift(-a, 0), shift(0, a), shift(0, -a)), (side) => Math.max(side / 28, 0.5)],
  rotate: [(a) => either(rotate(a), rotate(-a)), () => 10],
  scale: [(a) => either(scale(a), scale(1 / a)), () => 1.1],
  shear: [(a) => either(shear(a), shear(-a)), () => 0.2],
  mirror: [() => mirror()],
  blur: [(a) => blur(a), (side) => Math.max(side / 40, 0.5)],
  noise: [(a) => noise(a), () => 0.1],
  contrast: [(a) => contrast(a), () => 0.5],
  cutout: [(a) => cutout(a), (side) => Math.max(Math.round(0.28 * side), 1)],
};

function transformationOf(item: string): (typeof TRANSFORMATIONS)[string] | undefined {
  const [name = ""] = item.split("=");
  return Object.hasOwn(TRANSFORMATIONS, name) ? TRANSFORMATIONS[name] : undefined;
}

/** `shift,rotate=15`: by the item as it was written. @throws OPTION */
function transformations(list: string, side: number): Record<string, Transformation> {
  const items = list.split(",");
  const twice = items.find((item, i) => items.indexOf(item) !== i);
  if (twice !== undefined) throw new LearnLossError("OPTION", `--features augment: has ${twice} twice.`);
  return Object.fromEntries(
    items.map((item) => {
      const found = transformationOf(item);
      const [name = ""] = item.split("=", 1);
      const amount = item === name ? undefined : item.slice(name.length + 1);
      if (!found || (amount !== undefined && !found[1])) {
        throw new LearnLossError(
          "OPTION",
          `--features augment: has "${item}": give some of ${Object.keys(TRANSFORMATIONS).join(", ")} (rotate=15 for 15°).`,
        );
      }
      const [make, standard] = found;
      return [item, make(amount === undefined ? (standard?.(side) ?? 0) : number(`features augment:${name}`)(amount))];
    }),
  );
}
