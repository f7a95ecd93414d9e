// What runs in a worker of a `Pool`: the entry `learnloss/worker`.
import workerpool from "workerpool";
import type { Dataset } from "../data/dataset.ts";
import { joined } from "../data/split.ts";
import { takeLabels } from "../data/take.ts";
import { LinearLoss } from "../features/loss.ts";
import { fit } from "../fit.ts";
import { Solver } from "../inner/solver.ts";
import { Matrix } from "../models/matrix.ts";
import { Objective } from "../models/objective.ts";
import { inSlices } from "../run.ts";
import { Arena, type Pointer } from "../wasm/arena.ts";
import { type Kernels, kernels, sharedKernels } from "../wasm/kernels.ts";
import type { AbortPort, Training, WorkerMethods } from "./protocol.ts";

/** X of a dataset in some order, for all solvers that work on rows of it. */
interface Held {
  readonly id: number;
  readonly order: Int32Array;
  readonly arena: Arena<Kernels>;
  readonly matrix: Matrix;
  solvers: number;
}

interface Open {
  readonly held: Held;
  readonly arena: Arena<Kernels>;
  readonly objective: Objective;
  readonly solver: Solver;
}

const datasets = new Map<number, Dataset>();
const solvers = new Map<number, Open>();
const matrices = new Set<Held>();

/** Runs a task whose signal aborts when the port hears anything. */
async function abortable<T>(port: AbortPort, task: (signal?: AbortSignal) => Promise<T>): Promise<T> {
  if (!port) return task();
  const controller = new AbortController();
  port.onmessage = () => controller.abort();
  try {
    return await task(controller.signal);
  } finally {
    port.close();
  }
}

/** What the solver shows now, behind what led there. */
function training(
  { arena, objective, solver }: Open,
  passes: readonly number[],
  iterations: readonly number[],
): Training {
  const { status, residual, groupLosses } = solver;
  const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
  return { passes, looked: objective.passes, iterations, status, residual, theta, groupLosses };
}

/** X of a dataset in this order and width, by the kernels in use: the one that is there, or a new one. */
function hold(id: number, dataset: Dataset, order: Int32Array, width: 4 | 8, selected?: Int32Array): Held {
  const k = kernels();
  for (const held of matrices) {
    const { matrix, arena } = held;
    const same = held.id === id && matrix.width === width && arena.kernels === k;
    if (same && held.order.every((row, i) => row === order[i])) return held;
  }
  const arena = new Arena(k);
  const held = { id, order, arena, matrix: new Matrix(arena, dataset, width, order, selected), solvers: 0 };
  matrices.add(held);
  return held;
}

/** Frees what a solver had, and with the last of them X. */
function leave(arena: Arena<Kernels>, held: Held): void {
  arena.dispose();
  if (--held.solvers > 0) return;
  matrices.delete(held);
  held.arena.dispose();
}

const methods: WorkerMethods = {
  load(module) {
    sharedKernels.load(module);
  },

  hold(id, dataset) {
    datasets.set(id, dataset);
  },

  drop(id) {
    datasets.delete(id);
  },

  fit(id, { loss, ...options }, abort) {
    return abortable(abort, async (signal) => {
      const train = datasets.get(id)!;
      const fitted = await fit({ ...options, loss: new LinearLoss(...loss), train, ...(signal ? { signal } : {}) });
      const { model, loss: _, ...result } = fitted;
      const { kind, classes, columns, coefficients, intercepts } = model;
      return { ...result, model: { kind, classes, columns, coefficients, intercepts } };
    });
  },

  open(handle, id, { order, from, to, tolerance, solves, ...options }) {
    const dataset = datasets.get(id)!;
    const held = hold(id, dataset, order, options.precision === "f64" ? 8 : 4, options.selected);
    held.solvers++;
    const arena = new Arena(kernels());
    try {
      const rows = joined([order.subarray(0, from), order.subarray(to)]);
      const train = { ...takeLabels(dataset, rows), x: held.matrix.without(from, to) };
      const objective = new Objective(arena, { ...options, dataset: train });
      objective.keepScores();
      solvers.set(handle, { held, arena, objective, solver: new Solver(arena, objective, { tolerance, solves }) });
    } catch (error) {
      leave(arena, held);
      throw error;
    }
  },

  start(handle, theta, weights, scores) {
    const open = solvers.get(handle)!;
    const { arena, objective, solver } = open;
    objective.setWeights(weights);
    let from: Pointer = 0;
    if (theta === "last") from = solver.theta;
    else if (theta !== "null") from = arena.copy(theta);
    const known = scores && arena.copy(scores);
    solver.start(known ? { theta: from, scores: () => known } : from);
    if (known) arena.free(known);
    if (typeof theta !== "string") arena.free(from);
    return training(open, [objective.passes], [solver.iterations]);
  },

  advance(handle, steps, abort) {
    const open = solvers.get(handle)!;
    const { objective, solver } = open;
    return abortable(abort, async (signal) => {
      const passes = [objective.passes];
      const iterations = [solver.iterations];
      function* advancing(): Generator<void> {
        while (passes.length <= steps && solver.status === "running") {
          solver.step(1);
          if (!solver.midway) {
            passes.push(objective.passes);
            iterations.push(solver.iterations);
          }
          yield;
        }
      }
      await inSlices(advancing(), signal);
      return training(open, passes, iterations);
    });
  },

  scores(handle) {
    const { arena, objective, solver } = solvers.get(handle)!;
    const count = objective.outputs * objective.rows;
    const out = arena.f64(count);
    for (const _ of solver.scores(out));
    const scores = arena.viewF64(out, count).slice();
    arena.free(out);
    return { scores, passes: objective.passes };
  },

  adjoint(handle, right, guess, limits) {
    const { arena, objective, solver } = solvers.get(handle)!;
    const from = arena.copy(right);
    const at = arena.copy(guess);
    for (const _ of solver.adjoint(from, at, limits));
    const u = arena.viewF64(at, objective.thetaCount).slice();
    for (const block of [from, at]) arena.free(block);
    return { u, passes: objective.passes };
  },

  close(handle) {
    const open = solvers.get(handle);
    if (!open) return;
    solvers.delete(handle);
    leave(open.arena, open.held);
  },
};

workerpool.worker(methods as unknown as Record<string, (...args: unknown[]) => unknown>);
