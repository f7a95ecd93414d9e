import type { Objective } from "../models/objective.ts";
import type { Arena, Pointer } from "../wasm/arena.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { grant, Solver, type SolverOptions, type SolverStatus, STATUSES } from "./solver.ts";

/** Share of the columns, and of the values of X, up to which they are copied: X is held 1.3 times at most. */
const SHARE = 0.25;

/** A part is solved to this share of the residual over all columns at which it was chosen. */
const REDUCTION = 0.05;

/** Most parts per solve; after them all columns are worked on. */
const PARTS = 25;

/** Columns copied out, with a solver of their own. */
interface Part {
  readonly arena: Arena<Kernels>;
  readonly solver: Pointer;
  readonly columns: Int32Array;
  readonly list: Pointer;
  /** Its values over all values of X. */
  readonly share: number;
}

/**
 * A `Solver` that works on a few columns at a time where ‖W‖₁ leaves the others at zero, so that a pass costs what they
 * hold; the result is that of all columns, to the same tolerance, by a check of all of them at the end.
 */
export class WorkingSetSolver {
  readonly #arena: Arena<Kernels>;
  readonly #objective: Objective;
  readonly #whole: Solver;
  readonly #tolerance: number;
  readonly #gains: Pointer;
  readonly #list: Pointer;
  readonly #map: Pointer;
  /** Values of X in each column, once they were counted. */
  #counts: Pointer = 0;
  #part: Part | undefined;
  /** Whether the part's solver is at work, rather than that of all columns. */
  #inside = false;
  #parts = 0;
  #iterations = 0;
  #passesAtStart = 0;
  /** Passes of the solves before this one. */
  #spent = 0;

  constructor(arena: Arena<Kernels>, objective: Objective, options: SolverOptions) {
    this.#arena = arena;
    this.#objective = objective;
    this.#passesAtStart = objective.passes;
    this.#tolerance = options.tolerance;
    this.#whole = new Solver(arena, objective, options);
    this.#gains = arena.f64(objective.columns);
    this.#list = arena.i32(objective.columns);
    this.#map = arena.i32(objective.columns);
  }

  /** @see TrainingSolver.prepare */
  *prepare(): Generator<void> {
    const { gram } = this.#objective;
    if (gram.pays({ before: this.#spent + this.passes, here: 0 })) while (!gram.form()) yield;
    yield* this.#whole.prepare();
  }

  /** @see Solver.start */
  start(theta: Pointer): void {
    this.#spent += this.passes;
    const { gram } = this.#objective;
    if (gram.pays({ before: this.#spent, here: 0 })) gram.use();
    this.#passesAtStart = this.#objective.passes;
    this.#inside = false;
    this.#whole.start(theta);
    this.#iterations = 0;
    this.#parts = 0;
    this.#enter();
  }

  /** At most `iterations` iterations. */
  step(iterations: number): SolverStatus {
    const k = this.#arena.kernels;
    const part = this.#part;
    if (!this.#inside || !part) return this.#whole.step(iterations);
    const status = k.workingStep(this.#whole.pointer, part.solver, iterations, part.share);
    if (STATUSES[status] === "running") {
      grant(part.arena, part.solver);
      return "running";
    }
    this.#iterations += k.solverIterations(part.solver);
    this.#inside = false;
    this.#whole.start(k.workingTheta(this.#whole.pointer, part.solver, part.list));
    this.#enter();
    return this.status;
  }

  /** Goes on with a part, when there is more to do and a few columns are enough for it. */
  #enter(): void {
    const whole = this.#whole;
    if (whole.status !== "running" || this.#parts++ === PARTS) return;
    const { columns } = this.#objective;
    const k = this.#arena.kernels;
    const count = k.workingColumns(whole.pointer, this.#gains, this.#list);
    if (count <= 0 || count > SHARE * columns) return;
    const wanted = this.#arena.viewI32(this.#list, count);
    const held = new Set(this.#part?.columns);
    const known = wanted.every((j) => held.has(j));
    if (!known && !this.#copy(count)) return;
    // Below the tolerance where more is left to gain than residuals tell (assembly/inner/stopping.ts).
    const least = whole.residual > this.#tolerance ? 0.8 * this.#tolerance : 0;
    const goal = Math.max(least, REDUCTION * whole.residual);
    // All columns asked for are there and still it is not enough: further down.
    const tolerance = known ? Math.min(goal, 0.5 * whole.residual) : goal;
    const { solver, list, arena } = this.#part!;
    k.workingStart(whole.pointer, solver, list, tolerance);
    const lacking = k.solverLacks(solver);
    if (lacking !== 0) k.solverGive(solver, arena.bytes(lacking));
    this.#inside = STATUSES[k.solverStatus(solver)] === "running";
  }

  /** Copies the columns of `#list`; false when they hold too much of X. */
  #copy(count: number): boolean {
    const objective = this.#objective;
    const k = this.#arena.kernels;
    if (this.#counts === 0) {
      this.#counts = this.#arena.i32(objective.columns);
      k.columnValues(objective.pointer, this.#counts);
    }
    const values = k.workingValues(this.#counts, this.#list, count);
    const share = values / objective.values;
    if (share > SHARE) return false;
    this.#part?.arena.dispose();
    const arena = this.#arena.nested();
    const { outputs, sparse, width, rows } = objective;
    const columns = arena.viewI32(this.#list, count).slice();
    const list = arena.copy(columns);
    const pointer = arena.bytes(k.objectiveBytes());
    const moments = arena.f64(2 * count);
    k.workingObjective(
      objective.pointer,
      objective.moments(),
      list,
      count,
      this.#map,
      pointer,
      moments,
      arena.raw((values + 1) * width),
      sparse ? arena.raw((values + 1) * 4) : 0,
      sparse ? arena.i32(rows + 1) : 0,
      arena.bytes(k.objectiveScratchBytes(count, outputs, sparse, width)),
    );
    const solver = arena.bytes(k.solverBytes());
    const work = arena.raw(k.solverWorkBytes(pointer));
    const scratch = this.#arena.shared(k.solverScratchBytes(pointer)); // enough for all columns is there
    k.solverInit(solver, pointer, moments, work, scratch, this.#tolerance);
    this.#part = { arena, solver, columns, list, share };
    return true;
  }

  /** The solver at work. */
  get #current(): Pointer {
    return this.#inside ? this.#part!.solver : this.#whole.pointer;
  }

  get status(): SolverStatus {
    return this.#inside ? "running" : this.#whole.status;
  }

  /** Since `start`. */
  get iterations(): number {
    return this.#iterations + this.#arena.kernels.solverIterations(this.#current);
  }

  /** Since `start`; work on some columns counts as their share. */
  get passes(): number {
    return this.#objective.passes - this.#passesAtStart;
  }

  /** Relative minimum-norm subgradient when all columns were last looked at: at the end, that of the result. */
  get residual(): number {
    return this.#whole.residual;
  }

  /** ℓ_λ at the current iterate, penalties included. */
  get value(): number {
    return this.#arena.kernels.solverValue(this.#current);
  }

  /** @see Solver.steepness */
  get steepness(): number {
    return this.#whole.steepness;
  }

  /** @see Solver.groupLosses */
  get groupLosses(): Float64Array {
    const pointer = this.#arena.kernels.solverGroupLosses(this.#current);
    return this.#arena.viewF64(pointer, this.#objective.groupCount + 1).slice();
  }

  /** The current iterate: valid until the next `step` or `start`. */
  get theta(): Pointer {
    if (!this.#inside) return this.#whole.theta;
    return this.#arena.kernels.workingTheta(this.#whole.pointer, this.#part!.solver, this.#part!.list);
  }

  /** Frees what it copied. */
  dispose(): void {
    this.#part?.arena.dispose();
    this.#part = undefined;
  }
}
