import { expect, test } from "vitest";
import { Solver } from "../../src/inner/solver.ts";
import { WorkingSetSolver } from "../../src/inner/working-set-solver.ts";
import { Matrix } from "../../src/models/matrix.ts";
import { Objective, type Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, kinds } from "../reference/example-problem.ts";

/** The same rows as CSR, without the small values. */
function asCsr({ rows, columns, x }: Rows): Rows {
  const kept = Array.from(x.values, (value, e) => ({ value, e })).filter(({ value }) => Math.abs(value) > 0.4);
  const starts = Int32Array.from({ length: rows + 1 }, (_, i) => kept.filter(({ e }) => e < i * columns).length);
  const values = Float64Array.from(kept, ({ value }) => value);
  return { rows, columns, x: { kind: "csr", values, indices: Int32Array.from(kept, ({ e }) => e % columns), starts } };
}

/** The rows with these indices, copied out. */
function copied({ columns, x }: Rows, rows: Int32Array): Rows {
  if (x.kind === "dense") {
    const values = Float64Array.from({ length: rows.length * columns }, (_, e) => {
      return x.values[rows[Math.floor(e / columns)]! * columns + (e % columns)]!;
    });
    return { rows: rows.length, columns, x: { kind: "dense", values } };
  }
  const entries = Array.from(rows, (i) =>
    Array.from({ length: x.starts[i + 1]! - x.starts[i]! }, (_, e) => x.starts[i]! + e),
  );
  const starts = new Int32Array(rows.length + 1);
  for (const [i, row] of entries.entries()) starts[i + 1] = starts[i]! + row.length;
  const values = Float64Array.from(entries.flat(), (e) => x.values[e]!);
  return {
    rows: rows.length,
    columns,
    x: { kind: "csr", values, indices: Int32Array.from(entries.flat(), (e) => x.indices[e]!), starts },
  };
}

const ROWS = 200;
const order = new Random(3).shuffle(Int32Array.from({ length: ROWS }, (_, i) => i));
/** At the ends, on the borders of blocks of 32 rows, within one block, over several. */
const stretches = [
  [0, 40],
  [64, 96],
  [70, 75],
  [33, 130],
  [160, ROWS],
] as const;

for (const model of kinds) {
  for (const form of ["dense", "csr"] as const) {
    test(`${model}, ${form}: what is computed on all but a stretch of rows is what it is on a copy of them, bit for bit`, () => {
      const { dataset, targets, outputs } = exampleProblem(model, ROWS, 40, 3);
      const whole = form === "dense" ? dataset : asCsr(dataset);
      for (const precision of ["f32", "f64"] as const) {
        using arena = new Arena(kernels());
        const matrix = new Matrix(arena, whole, precision === "f32" ? 4 : 8, order);
        const outcome = (objective: Objective) => {
          const theta = arena.f64(objective.thetaCount);
          const view = () => arena.viewF64(theta, objective.thetaCount);
          const random = new Random(1);
          view().forEach((_, i, all) => {
            all[i] = random.normal();
          });
          const out = arena.f64(Math.max(objective.thetaCount, outputs * ROWS));
          objective.setWeights({ l1: 0.02, l2: 0.01 });
          const loss = objective.gradient(theta, out);
          const gradient = arena.viewF64(out, objective.thetaCount).slice();
          objective.scores(theta, out);
          const scores = arena.viewF64(out, outputs * objective.rows).slice();
          const models = [Solver, WorkingSetSolver].map((Kind) => {
            const solver = new Kind(arena, objective, { tolerance: 1e-8 }); // in f64 at the end, whatever X is in
            solver.start(0);
            while (solver.step(10) === "running");
            return arena.viewF64(solver.theta, objective.thetaCount).slice();
          });
          return { loss, gradient, scores, models, values: objective.values };
        };
        for (const [from, to] of stretches) {
          const parts = [
            [[...order.subarray(0, from), ...order.subarray(to)], matrix.without(from, to)],
            [[...order.subarray(from, to)], matrix.range(from, to)],
          ] as const;
          for (const [rows, x] of parts) {
            const terms = { model, outputs, precision, targets: Float64Array.from(rows, (i) => targets[i]!) };
            const copy = copied(whole, Int32Array.from(rows));
            const here = outcome(new Objective(arena, { ...terms, dataset: { ...copy, x } }));
            expect(here, `${from} … ${to}`).toEqual(outcome(new Objective(arena, { ...terms, dataset: copy })));
          }
        }
      }
    });
  }
}

test("X that would overflow is refused with its row and column in the user's order", () => {
  const { dataset } = exampleProblem("squared", ROWS, 5, 2);
  for (const given of [dataset, asCsr(dataset)]) {
    const values = given.x.values.slice();
    values[11] = 1e33;
    const x = { ...given.x, values };
    const row = x.kind === "csr" ? x.starts.findIndex((start) => start > 11) : 3;
    using arena = new Arena(kernels());
    const make = () => new Matrix(arena, { ...given, x }, 4, order);
    expect(make).toThrow(expect.objectContaining({ code: "OVERFLOW" }));
    expect(make).toThrow(`1e+33 at row ${row}, column`);
  }
});
