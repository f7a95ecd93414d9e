import type { Dataset } from "../../src/data/dataset.ts";
import type { MetricName } from "../../src/evaluate/metric.ts";
import type { Features } from "../../src/features/feature.ts";
import type { ModelKind } from "../../src/models/model-kind.ts";

export interface Parts {
  readonly train: Dataset;
  readonly validation: Dataset;
  readonly test: Dataset;
}

/** One loss to tune; the seed draws the rows. */
export interface Task {
  readonly name: string;
  readonly title: string;
  readonly model: ModelKind;
  readonly metric: MetricName;
  /** Whether e moves in steps. */
  readonly step: boolean;
  readonly features: (train: Dataset) => Features;
  /** Undefined where the package with the data is not installed. */
  readonly parts: (seed: number) => Promise<Parts | undefined>;
  /** So dear that a run gets more seconds, and there are half as many splits. */
  readonly large?: boolean;
  /** Where all methods are soon done. @default 10, of large ones 5 */
  readonly splits?: number;
  /**
   * Where that is not enough to see the others miss by a factor of 20: their seconds, the trials of a Gaussian process, and passes
   * at least.
   */
  readonly patience?: { readonly seconds: number; readonly trials: number; readonly passes?: number };
  /** Methods that run unless others are asked for, where a run of all takes too long. @default all */
  readonly methods?: readonly string[];
  /** Whether e has several basins, so that LearnLoss also goes on exploring with the budget of the others. */
  readonly basins?: boolean;
  /** Whether to compare with Optuna around scikit-learn's saga, too. */
  readonly endToEnd?: boolean;
}
