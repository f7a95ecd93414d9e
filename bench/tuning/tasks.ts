import { augmentation } from "../../src/features/augmentation.ts";
import { classWeights } from "../../src/features/groups.ts";
import { convexPenalty } from "../../src/features/hinges.ts";
import { l1, l2 } from "../../src/features/norms.ts";
import { labelSmoothing } from "../../src/features/smoothing.ts";
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
} from "../../src/features/transformation.ts";
import {
  breastCancerSquared,
  diabetesSquared,
  digits,
  fashion,
  imbalanced,
  mnist,
  sampled,
  spam,
  standardized,
  threeParts,
  wine,
} from "./data.ts";
import type { Task } from "./task.ts";

const norms = () => ({ l1: l1(), l2: l2() });

const weighted: Pick<Task, "model" | "features"> = {
  model: "softmax",
  features: (train) => ({ ...classWeights(train), l2: l2() }),
};

const digitParts = async (seed: number) => threeParts(await digits(), 300, seed);
const imbalancedDigits = async (seed: number) => imbalanced(threeParts(await digits(), 600, seed), seed);

/** So many images to train on and 2000 each to validate and to test with. */
async function images(source: ReturnType<typeof mnist>, rows: number, seed: number) {
  return source && threeParts(sampled(source, (rows + 4000) / 10, seed), rows, seed);
}

const imbalancedFashion = async (seed: number) => {
  const parts = await images(fashion(), 2000, seed);
  return parts && imbalanced(parts, seed);
};

const moved = (pixels: number) => either(shift(pixels, 0), shift(-pixels, 0), shift(0, pixels), shift(0, -pixels));

/** Twelve transformations of 28 × 28 pixels, one of which turns digits into no digits. */
const policy: Readonly<Record<string, Transformation>> = {
  moved: moved(1),
  far: moved(2),
  turned: either(rotate(10), rotate(-10)),
  tilted: either(rotate(20), rotate(-20)),
  larger: scale(1.1),
  smaller: scale(0.9),
  slanted: either(shear(0.2), shear(-0.2)),
  blurred: blur(0.7),
  noisy: noise(0.1),
  pale: contrast(0.5),
  holed: cutout(8),
  mirrored: mirror(),
};

const augmented: Pick<Task, "model" | "metric" | "step" | "features"> = {
  model: "softmax",
  metric: "log-loss",
  step: false,
  features: (train) => ({ ...augmentation(train, policy), l2: l2() }),
};

export const tasks: readonly Task[] = [
  {
    name: "digits",
    title: "digits, n = 300: L1 + L2",
    model: "softmax",
    metric: "log-loss",
    step: false,
    features: norms,
    splits: 30,
    parts: digitParts,
  },
  {
    name: "digits-top1",
    title: "digits, n = 300: L1 + L2, error rate",
    model: "softmax",
    metric: "error-rate",
    step: true,
    features: norms,
    parts: digitParts,
  },
  {
    name: "breast-cancer",
    title: "breast cancer, degree 2, n = 150: L1 + L2 (sparse)",
    model: "logistic",
    metric: "log-loss",
    step: false,
    features: norms,
    splits: 30,
    parts: async (seed) => standardized(threeParts(await breastCancerSquared(), 150, seed)),
  },
  {
    name: "diabetes",
    title: "diabetes, degree 2, n = 150: L1 + L2, squared loss",
    model: "squared",
    metric: "mean-squared-error",
    step: false,
    features: norms,
    splits: 30,
    parts: async (seed) => standardized(threeParts(await diabetesSquared(), 150, seed)),
  },
  {
    name: "wine",
    title: "wine, n = 60: L1 + L2 + label smoothing",
    model: "softmax",
    metric: "log-loss",
    step: false,
    basins: true,
    features: () => ({ ...norms(), smoothing: labelSmoothing() }),
    parts: async (seed) => standardized(threeParts(await wine(), 60, seed)),
  },
  {
    name: "digits-convex",
    title: "digits, n = 300: learned convex penalty, 8 knots + ridge",
    model: "softmax",
    metric: "log-loss",
    step: false,
    basins: true,
    features: () => convexPenalty({ knots: 8 }),
    parts: digitParts,
  },
  {
    name: "digits-class-weights",
    title: "imbalanced digits: 10 class weights + L2, balanced log loss",
    ...weighted,
    metric: "log-loss",
    step: false,
    parts: imbalancedDigits,
  },
  {
    name: "digits-balanced-error",
    title: "imbalanced digits: 10 class weights + L2, balanced error",
    ...weighted,
    metric: "balanced-error",
    step: true,
    basins: true,
    parts: imbalancedDigits,
    patience: { seconds: 40, trials: 320, passes: 11000 },
  },
  {
    name: "digits-macro-f1",
    title: "imbalanced digits: 10 class weights + L2, macro-F1",
    ...weighted,
    metric: "macro-f1",
    step: true,
    basins: true,
    parts: imbalancedDigits,
    patience: { seconds: 160, trials: 440, passes: 11000 },
  },
  {
    name: "digits-25",
    title: "imbalanced digits: class weights, smoothing, convex penalty (13 knots)",
    model: "softmax",
    metric: "log-loss",
    step: false,
    basins: true,
    features: (train) => ({ ...classWeights(train), smoothing: labelSmoothing(), ...convexPenalty({ knots: 13 }) }),
    parts: imbalancedDigits,
    patience: { seconds: 40, trials: 240, passes: 57500 },
  },
  {
    name: "spam",
    title: "SpamAssassin, n = 400: L1 + L2 (CSR, 2000 words)",
    model: "logistic",
    metric: "log-loss",
    step: false,
    features: norms,
    splits: 30,
    parts: async (seed) => {
      const all = spam();
      return all && threeParts(all, 400, seed);
    },
  },
  {
    name: "fashion-class-weights",
    title: "imbalanced Fashion-MNIST: 10 class weights + L2, balanced log loss",
    ...weighted,
    metric: "log-loss",
    step: false,
    parts: imbalancedFashion,
    large: true,
  },
  {
    name: "fashion-balanced-error",
    title: "imbalanced Fashion-MNIST: 10 class weights + L2, balanced error",
    ...weighted,
    metric: "balanced-error",
    step: true,
    basins: true,
    parts: imbalancedFashion,
    large: true,
    patience: { seconds: 40, trials: 160, passes: 5700 },
  },
  {
    name: "fashion",
    title: "Fashion-MNIST, n = 2000: L1 + L2",
    model: "softmax",
    metric: "log-loss",
    step: false,
    features: norms,
    parts: (seed) => images(fashion(), 2000, seed),
    large: true,
  },
  {
    name: "mnist-augmentation",
    title: "MNIST, n = 300: 12 augmentations + L2",
    ...augmented,
    parts: (seed) => images(mnist(), 300, seed),
    large: true,
    patience: { seconds: 300, trials: 300 },
    methods: ["gp-warm", "gp-cold", "tpe-warm"],
  },
  {
    name: "mnist-1000-augmentation",
    title: "MNIST, n = 1000: 12 augmentations + L2",
    ...augmented,
    parts: (seed) => images(mnist(), 1000, seed),
    large: true,
    methods: [],
  },
  {
    name: "mnist-1000",
    title: "MNIST, n = 1000: L1 + L2",
    model: "softmax",
    metric: "log-loss",
    step: false,
    features: norms,
    parts: (seed) => images(mnist(), 1000, seed),
    large: true,
    endToEnd: true,
  },
  {
    name: "mnist-5000",
    title: "MNIST, n = 5000: L1 + L2",
    model: "softmax",
    metric: "log-loss",
    step: false,
    features: norms,
    parts: (seed) => images(mnist(), 5000, seed),
    large: true,
    endToEnd: true,
  },
  {
    name: "mnist-convex",
    title: "MNIST, n = 1000: learned convex penalty, 10 knots + ridge",
    model: "softmax",
    metric: "log-loss",
    step: false,
    basins: true,
    features: () => convexPenalty({ knots: 10 }),
    parts: (seed) => images(mnist(), 1000, seed),
    large: true,
  },
];
