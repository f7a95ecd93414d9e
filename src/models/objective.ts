import { LearnLossError } from "../errors.ts";
import type { Augmentation } from "../features/augmentation.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { Gram } from "./gram.ts";
import type { HeldRows } from "./matrix.ts";
import { MODELS, type ModelKind } from "./model-kind.ts";
import { normGroupsOf } from "./norm-groups.ts";
import { generatedRows, generatorOf, givenRows, heldRows } from "./row-data.ts";
import { rowShares } from "./row-shares.ts";

/** What an objective reads of a dataset: X, dense row by row or CSR, and sample weights (default 1 each). */
export interface Rows {
  readonly rows: number;
  readonly columns: number;
  readonly x:
    | { readonly kind: "dense"; readonly values: Float32Array | Float64Array }
    | {
        readonly kind: "csr";
        readonly values: Float32Array | Float64Array;
        readonly indices: Int32Array;
        readonly starts: Int32Array;
      };
  readonly weights?: ArrayLike<number> | undefined;
}

/** The same, where X may be in Wasm memory already. */
export interface ObjectiveRows extends Omit<Rows, "x"> {
  readonly x: Rows["x"] | HeldRows;
}

export interface ObjectiveOptions {
  readonly model: ModelKind;
  readonly dataset: ObjectiveRows;
  /** One per row: the class index (softmax), 0 or 1 (logistic), or the value (squared). */
  readonly targets: Float64Array;
  /** Rows of W: the number of classes for softmax, otherwise 1. */
  readonly outputs: number;
  /**
   * What X is held in and multiplied in; gradients are summed in f64 either way. f32 takes half the memory and time;
   * a solver ends in f64 arithmetic on it where f32 is too coarse.
   * @default "f32"
   */
  readonly precision?: "f32" | "f64";
  /**
   * Which λ each row belongs to; with an augmentation, every row under every transformation, each with its own λ, and
   * the objective's rows are these. @default one group of all rows
   */
  readonly rowGroups?: GroupsOfRows;
  /** Also evaluate the cross-entropy to the uniform distribution (label smoothing). @default false */
  readonly uniform?: boolean;
  /** Group of every column, from 0 without gaps, for the group norm. @default each column its own */
  readonly columnGroups?: readonly number[];
  /**
   * Columns of the dataset that are read, ascending: θ has weights of these only, the others count as 0 (`columnsToRead`).
   * Rows in Wasm memory have them only; rows that are transformed have all. @default all
   */
  readonly selected?: Int32Array;
}

export interface GroupsOfRows {
  readonly map: Int32Array;
  readonly count: number;
  readonly augmentation?: Augmentation;
}

/** λ, by the part of the loss that it weighs. What is left out is 0, except `groups`. */
export interface ObjectiveWeights {
  /** One per row group. @default 1 for each */
  readonly groups?: ArrayLike<number>;
  /** Weight of the uniform cross-entropy. */
  readonly uniform?: number;
  readonly l1?: number;
  readonly l2?: number;
  /** Weight of Σ_g √|g|·‖W_g‖₂ over the groups of columns. */
  readonly groupNorm?: number;
  /** Weights of Σ max(0, |w| − knot), one per knot; knots are ≥ 0, in any order. */
  readonly hinges?: { readonly knots: ArrayLike<number>; readonly weights: ArrayLike<number> };
}

/**
 * ℓ_λ(θ) over one dataset, in an arena, ready to be evaluated at any θ and under any λ.
 *
 * θ is f64: W as outputs × columns, row by row, then the intercepts. Data features are weighted means over the rows of
 * a group; penalties see W only.
 */
export class Objective {
  /** The record of assembly/objective.ts. */
  readonly pointer: Pointer;
  readonly model: ModelKind;
  /** Rows of the dataset times `copies`. */
  readonly rows: number;
  /** Rows made of one row of the dataset: 1, or the number of transformations and 1. */
  readonly copies: number;
  readonly columns: number;
  readonly outputs: number;
  readonly groupCount: number;
  /** Numbers in θ: outputs × (columns + 1). */
  readonly thetaCount: number;
  /** Bytes per value of X. */
  readonly width: 4 | 8;
  /** Whether X is CSR. */
  readonly sparse: boolean;
  /** Second moments of the rows. */
  readonly gram: Gram;
  readonly #arena: Arena<Kernels>;
  /** Arithmetic of scores, unless they are asked for otherwise. */
  readonly #arithmetic: "f64" | undefined;
  readonly #groupWeights: Pointer;
  readonly #groupLosses: Pointer;
  #oneGroup: Pointer = 0;
  #kept: Pointer = 0;
  #moments: Pointer = 0;
  #knots: Pointer = 0;
  #knotWeights: Pointer = 0;
  #knotCapacity = 0;
  #knotCount = 0;
  #weights: ObjectiveWeights = {};

  constructor(arena: Arena<Kernels>, options: ObjectiveOptions) {
    const { dataset, outputs, model, selected } = options;
    const columns = selected?.length ?? dataset.columns;
    const groups = options.rowGroups?.count ?? 1;
    const k = arena.kernels;
    this.#arena = arena;
    this.model = model;
    this.columns = columns;
    this.outputs = outputs;
    this.groupCount = groups;
    this.thetaCount = outputs * (columns + 1);
    if (this.thetaCount > LARGEST) {
      throw new LearnLossError(
        "TOO_LARGE",
        `${outputs} × ${columns} weights are too many for the 4 GiB of WebAssembly: at most ${LARGEST} fit.`,
      );
    }
    this.#groupWeights = arena.f64(groups + 1);
    this.#groupLosses = arena.f64(groups + 1);
    const width = options.precision === "f64" ? 8 : 4;
    this.width = width;
    const generator = generatorOf(arena, options, width);
    const held = generator ? undefined : heldRows(arena, options, width);
    this.sparse = held !== undefined && held.matrix.starts !== 0;
    const { rows, targets, weights, rowGroups } = generator ? generatedRows(options, generator) : givenRows(options);
    this.rows = rows;
    this.copies = rows / dataset.rows;
    this.#arithmetic = model === "squared" && areFar(targets) ? "f64" : undefined;
    const shares = rowShares(weights, rows, rowGroups);
    this.pointer = arena.bytes(k.objectiveBytes());
    k.objectiveSetData(
      this.pointer,
      MODELS[model],
      width,
      rows,
      columns,
      outputs,
      groups,
      held && !this.sparse ? held.matrix.values + held.first * columns * width : (held?.matrix.values ?? 0),
      held?.matrix.indices ?? 0,
      held && this.sparse ? held.matrix.starts + 4 * held.first : 0,
      arena.copy(targets),
      arena.copy(shares),
      weights === undefined,
      options.uniform ? arena.copy(rowShares(weights ?? new Uint8Array(rows).fill(1), rows)) : 0,
      rowGroups ? arena.copy(rowGroups.map) : 0,
      this.#groupWeights,
      this.#groupLosses,
      // Of one layout, so that what pads it stays 0.
      arena.shared(
        k.objectiveScratchBytes(columns, outputs, this.sparse, width),
        `${columns} ${outputs} ${this.sparse} ${width}`,
      ),
    );
    if (held && held.gap > 0) {
      const block = this.sparse ? 0 : arena.bytes(k.objectiveBlockBytes(this.pointer));
      k.objectiveSetGap(this.pointer, held.gapAt, held.gap, block);
    }
    const { starts, members, factors } = normGroupsOf(options);
    k.objectiveSetNormGroups(
      this.pointer,
      factors.length,
      arena.copy(starts),
      arena.copy(members),
      arena.copy(factors),
    );
    if (generator) k.objectiveSetGenerator(this.pointer, generator.pointer);
    this.gram = new Gram(arena, this);
    this.setWeights({});
  }

  /** λ as it was set last. */
  get weights(): ObjectiveWeights {
    return this.#weights;
  }

  /** Sets λ for whatever evaluates this objective next. Throws `LAMBDA` for weights that are negative or not finite. */
  setWeights(weights: ObjectiveWeights): void {
    const { groups, uniform = 0, l1 = 0, l2 = 0, groupNorm = 0, hinges } = weights;
    const lambda = new Float64Array(this.groupCount + 1).fill(1);
    if (groups) {
      if (groups.length !== this.groupCount) {
        throw new LearnLossError("LAMBDA", `${groups.length} group weights given for ${this.groupCount} row groups.`);
      }
      lambda.set(Float64Array.from(groups));
    }
    lambda[this.groupCount] = uniform;
    const knots = sortedKnots(hinges);
    for (const value of [...lambda, l1, l2, groupNorm, ...knots.flat()]) {
      if (!(value >= 0 && value < Infinity)) {
        throw new LearnLossError("LAMBDA", `A weight of the loss is ${value}: give finite numbers ≥ 0.`);
      }
    }
    this.#weights = weights;
    const arena = this.#arena;
    if (knots.length > this.#knotCapacity) {
      if (this.#knotCapacity > 0) for (const block of [this.#knots, this.#knotWeights]) arena.free(block);
      this.#knotCapacity = knots.length;
      this.#knots = arena.f64(knots.length);
      this.#knotWeights = arena.f64(knots.length);
    }
    this.#knotCount = knots.length;
    arena.viewF64(this.#groupWeights, lambda.length).set(lambda);
    arena.viewF64(this.#knots, knots.length).set(knots.map(([knot]) => knot));
    arena.viewF64(this.#knotWeights, knots.length).set(knots.map(([, weight]) => weight));
    arena.kernels.objectiveSetPenalty(this.pointer, l1, l2, groupNorm, knots.length, this.#knots, this.#knotWeights);
  }

  /**
   * Σ_g λ_g·φ_g(θ), the data part of the loss; its gradient overwrites `gradient` (θ's layout). One pass.
   *
   * @param arithmetic "f64" for an X in f32, too; what is kept for `keptScores` stays. @default that of X
   */
  gradient(theta: Pointer, gradient: Pointer, arithmetic?: "f64"): number {
    const { kernels } = this.#arena;
    kernels.objectiveSetFine(this.pointer, arithmetic === "f64");
    kernels.objectiveKeep(this.pointer, arithmetic === "f64" ? 0 : this.#kept);
    const loss = kernels.objectiveGradient(this.pointer, theta, gradient);
    kernels.objectiveKeep(this.pointer, this.#kept);
    kernels.objectiveSetFine(this.pointer, false);
    return loss;
  }

  /**
   * ∇φ_g(θ) of one row group, not weighed, overwrites `gradient`. Those of all transformations together cost one
   * evaluation of `gradient`. What `groupLosses` returns is lost.
   */
  groupGradient(group: number, theta: Pointer, gradient: Pointer): void {
    const length = this.groupCount + 1;
    this.#oneGroup ||= this.#arena.f64(length);
    const weights = this.#arena.viewF64(this.#oneGroup, length);
    weights.fill(0);
    weights[group] = 1;
    this.#arena.kernels.objectiveGroupGradient(this.pointer, this.#oneGroup, theta, gradient);
  }

  /** v·∂φ_g/∂θ at θ of every row group, then of the uniform cross-entropy. One pass, whatever the weights. A copy. */
  derivatives(theta: Pointer, v: Pointer): Float64Array {
    const arena = this.#arena;
    const out = arena.f64(this.groupCount + 1);
    arena.kernels.objectiveDerivatives(this.pointer, theta, v, out);
    const derivatives = arena.viewF64(out, this.groupCount + 1).slice();
    arena.free(out);
    return derivatives;
  }

  /** φ of the row groups of positive weight at the last θ evaluated, then of the uniform cross-entropy. A copy. */
  groupLosses(): Float64Array {
    return this.#arena.viewF64(this.#groupLosses, this.groupCount + 1).slice();
  }

  /** φ of all row groups, those of weight 0 too, in f64 arithmetic. Half a pass. The weights are 1 afterwards. */
  allGroupLosses(theta: Pointer): Float64Array {
    this.setWeights({});
    this.gradient(theta, 0, "f64");
    return this.groupLosses();
  }

  /** φ of the penalties at θ, not weighted; `hinges` in the ascending order of the knots last set. */
  penalties(theta: Pointer): { l1: number; l2: number; groupNorm: number; hinges: Float64Array } {
    const arena = this.#arena;
    const out = arena.f64(3 + this.#knotCount);
    arena.kernels.penaltyFeatures(this.pointer, theta, out);
    const values = arena.viewF64(out, 3 + this.#knotCount).slice();
    arena.free(out);
    return { l1: values[0]!, l2: values[1]!, groupNorm: values[2]!, hinges: values.subarray(3) };
  }

  /** Scores of all rows into `out`, [output][row] in f64. Half a pass. @param arithmetic as of `gradient`; f64 of far targets, too */
  scores(theta: Pointer, out: Pointer, arithmetic = this.#arithmetic): void {
    const { kernels } = this.#arena;
    kernels.objectiveSetFine(this.pointer, arithmetic === "f64");
    kernels.objectiveScores(this.pointer, theta, out);
    kernels.objectiveSetFine(this.pointer, false);
  }

  /**
   * From now on the scores of a θ whose gradient a solver takes are kept until that of the next: for `keptScores`.
   *
   * @param at where; whoever writes there calls it off. @default a place of their own
   */
  keepScores(at?: Pointer): void {
    const k = this.#arena.kernels;
    this.#kept = at ?? this.#arena.raw(k.objectiveKeepBytes(this.pointer));
    k.objectiveKeep(this.pointer, this.#kept);
  }

  /**
   * `scores` for what a reference class costs (softmax; nothing otherwise), when the last gradient taken was at this θ, at
   * this address, in the arithmetic of `scores`: otherwise false.
   */
  keptScores(theta: Pointer, out: Pointer): boolean {
    if (this.#arithmetic) return false;
    return this.#arena.kernels.objectiveKeptScores(this.pointer, theta, out) === 1;
  }

  /** The next gradient at the θ of this address finds its scores here, and costs half a pass. 0: forgets them. */
  know(theta: Pointer, scores: Pointer): void {
    this.#arena.kernels.objectiveKnow(this.pointer, theta, scores);
  }

  /** Means and variances of the columns, f64[2 × columns]; computed once. */
  moments(): Pointer {
    if (this.#moments === 0) {
      this.#moments = this.#arena.f64(2 * this.columns);
      this.#arena.kernels.columnMoments(this.pointer, this.#moments);
    }
    return this.#moments;
  }

  /** Values of X that its rows have; of generated rows all. */
  get values(): number {
    return this.#arena.kernels.objectiveValues(this.pointer);
  }

  /** Passes over the rows of the dataset spent so far: forward and backward is one, for each copy. */
  get passes(): number {
    return this.copies * this.#arena.kernels.objectivePasses(this.pointer);
  }
}

/** Weights of a model at most: a solver keeps 130 doubles for each, most of them its curvature pairs. */
const LARGEST = 3_500_000;

/** Knots with their weights, ascending, zero weights kept (their φ is wanted). */
function sortedKnots(hinges: ObjectiveWeights["hinges"]): [number, number][] {
  if (!hinges) return [];
  if (hinges.knots.length !== hinges.weights.length) {
    throw new LearnLossError(
      "LAMBDA",
      `${hinges.weights.length} hinge weights given for ${hinges.knots.length} knots.`,
    );
  }
  return Array.from(hinges.knots, (knot, b): [number, number] => [knot, hinges.weights[b]!]).sort(([a], [b]) => a - b);
}

/** Deviations from 0 from which on a score in f32 misses its target by more than 1e-4 of one. */
const FAR = 1e3;

/** Whether targets are so far from 0 that scores in f32 hold little of what tells them apart. */
function areFar(targets: Float64Array): boolean {
  const { length } = targets;
  const mean = targets.reduce((sum, target) => sum + target / length, 0);
  const squares = targets.reduce((sum, target) => sum + (target - mean) ** 2, 0);
  return Math.abs(mean) > FAR * Math.sqrt(squares / length);
}
