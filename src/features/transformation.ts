import { LearnLossError } from "../errors.ts";

/** One change of an image: a description, plain JSON. Made by `shift`, `rotate` and the like. */
export type Change =
  | { readonly kind: "shift"; readonly right: number; readonly down: number }
  | { readonly kind: "rotate"; readonly degrees: number }
  | { readonly kind: "scale"; readonly horizontal: number; readonly vertical: number }
  | { readonly kind: "shear"; readonly horizontal: number; readonly vertical: number }
  | { readonly kind: "mirror"; readonly axis: "horizontal" | "vertical" }
  | { readonly kind: "blur"; readonly deviation: number }
  | { readonly kind: "noise"; readonly deviation: number }
  | { readonly kind: "contrast"; readonly factor: number }
  | { readonly kind: "cutout"; readonly side: number };

/** Changes one after the other, as one transformation. */
export interface Sequence {
  readonly kind: "sequence";
  readonly changes: readonly Change[];
}

/** Each image gets one of these, by chance but for the seed: always the same one. */
export interface Choice {
  readonly kind: "either";
  readonly alternatives: readonly (Change | Sequence)[];
}

/** What `augmentation` makes rows of: made by `shift`, `rotate` and the others, `sequence` and `either` of them. */
export type Transformation = Change | Sequence | Choice;

/** Moves the picture by so many pixels to the right and down; parts of pixels are interpolated. @throws OPTION */
export function shift(right: number, down: number): Change {
  return checked({ kind: "shift", right, down });
}

/** Turns the picture about its center, counterclockwise, by degrees. @throws OPTION */
export function rotate(degrees: number): Change {
  return checked({ kind: "rotate", degrees });
}

/** Enlarges (factor > 1) or reduces the picture about its center. @throws OPTION */
export function scale(horizontal: number, vertical = horizontal): Change {
  return checked({ kind: "scale", horizontal, vertical });
}

/** Slants the picture: a pixel one below the center moves right by `horizontal`, one right of it down by `vertical`. @throws OPTION */
export function shear(horizontal: number, vertical = 0): Change {
  return checked({ kind: "shear", horizontal, vertical });
}

/** Exchanges left and right, or with "vertical" top and bottom. @throws OPTION */
export function mirror(axis: "horizontal" | "vertical" = "horizontal"): Change {
  return checked({ kind: "mirror", axis });
}

/** Gaussian blur, cut at three standard deviations; the standard deviation is in pixels, 100 at most. @throws OPTION */
export function blur(deviation: number): Change {
  return checked({ kind: "blur", deviation });
}

/**
 * Adds chance to every value, nearly normal; the standard deviation is a share of the images' range, 1e6 at most. Clipped to it.
 *
 * @throws OPTION
 */
export function noise(deviation: number): Change {
  return checked({ kind: "noise", deviation });
}

/** Multiplies each value's distance from its image's mean by up to 1e6; clipped to the images' range. @throws OPTION */
export function contrast(factor: number): Change {
  return checked({ kind: "contrast", factor });
}

/** Blanks a square of so many pixels a side, at a place that each image gets by chance (DeVries, Taylor 2017). @throws OPTION */
export function cutout(side: number): Change {
  return checked({ kind: "cutout", side });
}

/** One change after the other: `sequence(rotate(5), noise(0.1))`. @throws OPTION */
export function sequence(...changes: readonly Change[]): Sequence {
  return checkTransformation("sequence", { kind: "sequence", changes });
}

/** One of several for each image, by chance: `either(rotate(10), rotate(-10))`. @throws OPTION */
export function either(...alternatives: readonly (Change | Sequence)[]): Choice {
  return checkTransformation("either", { kind: "either", alternatives });
}

/** The sequences of changes that an image may get. */
export function alternativesOf(transformation: Transformation): readonly (readonly Change[])[] {
  const changesOf = (one: Change | Sequence) => (one.kind === "sequence" ? one.changes : [one]);
  return transformation.kind === "either" ? transformation.alternatives.map(changesOf) : [changesOf(transformation)];
}

function checked(change: Change): Change {
  return checkTransformation(change.kind, change);
}

/** What was given as the transformation `name`, if it is one: it may come from a file. @throws OPTION */
export function checkTransformation<T extends Transformation>(name: string, given: T): T {
  const { kind, alternatives } = (given ?? {}) as Partial<Choice>;
  const parts: readonly unknown[] = kind === "either" && Array.isArray(alternatives) ? alternatives : [given];
  if (parts.length === 0 || !parts.every(isChanges)) {
    throw new LearnLossError(
      "OPTION",
      `${name} is ${JSON.stringify(given)}: give shift, rotate, scale, shear, mirror, blur, noise, contrast or cutout with finite numbers in their ranges, a sequence of them, or either of several.`,
    );
  }
  return given;
}

function isChanges(given: unknown): boolean {
  const { kind, changes } = (given ?? {}) as Partial<Sequence>;
  if (kind !== "sequence") return isChange(given as Change);
  return Array.isArray(changes) && changes.length > 0 && changes.every(isChange);
}

/** Factors of sizes beyond this leave nothing of a picture, or one pixel. */
const LARGEST_FACTOR = 100;

/** Noise and contrast beyond this leave black and white alone, long before f32 ends. */
const HARSHEST = 1e6;

function isChange(change: Change | null | undefined): boolean {
  const factor = (x: number) => Number.isFinite(x) && x >= 1 / LARGEST_FACTOR && x <= LARGEST_FACTOR;
  const slant = (x: number) => Math.abs(x) <= LARGEST_FACTOR;
  switch (change?.kind) {
    case "shift":
      return Number.isFinite(change.right) && Number.isFinite(change.down);
    case "rotate":
      return Number.isFinite(change.degrees);
    case "scale":
      return factor(change.horizontal) && factor(change.vertical);
    case "shear":
      // The map of the plane has the determinant 1 − horizontal·vertical.
      return (
        slant(change.horizontal) && slant(change.vertical) && Math.abs(1 - change.horizontal * change.vertical) > 0.01
      );
    case "mirror":
      return change.axis === "horizontal" || change.axis === "vertical";
    case "blur":
      return change.deviation > 0 && change.deviation <= LARGEST_FACTOR;
    case "noise":
      return change.deviation > 0 && change.deviation <= HARSHEST;
    case "contrast":
      return change.factor >= 0 && change.factor <= HARSHEST;
    case "cutout":
      return Number.isInteger(change.side) && change.side > 0 && change.side < 2 ** 15;
    default:
      return false;
  }
}
