import { expect, test } from "vitest";
import { data, type Feature, groupNorm, LinearLoss, l1, l2, fit as minimize, tune } from "../../src/index.ts";
import { Objective, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";
import { exampleProblem } from "../reference/example-problem.ts";
import { groupsOf, penaltyOf } from "../reference/loss.ts";

const columns = 6;
const outputs = 3;

/** penalty(W) in plain arithmetic. */
function penalty(weights: ObjectiveWeights, w: ArrayLike<number>, columnGroups?: readonly number[]): number {
  const { groupNorm = 0 } = weights;
  const separable = Array.from(w).reduce((sum, x) => sum + penaltyOf(weights, x).value, 0);
  const norms = groupsOf(columns, outputs, columnGroups).map(
    (members) => Math.sqrt(members.length / outputs) * Math.hypot(...members.map((i) => w[i]!)),
  );
  return separable + groupNorm * norms.reduce((sum, norm) => sum + norm, 0);
}

const hinges = { knots: [0, 0.2, 0.5], weights: [0.05, 0.3, 0.4] };
const mixes: readonly (readonly [string, ObjectiveWeights])[] = [
  ["group norm", { groupNorm: 0.7 }],
  ["with L2", { groupNorm: 0.5, l2: 0.8 }],
  ["with L1", { groupNorm: 0.5, l1: 0.3 }],
  ["with L1, L2 and hinges", { groupNorm: 0.4, l1: 0.1, l2: 0.3, hinges }],
  ["none", {}],
];

test.each(mixes)("prox, %s: no point around is better, for a different curvature of each weight", (_, weights) => {
  const random = new Random(4, 1);
  for (const columnGroups of [undefined, [0, 1, 0, 1, 2, 0]]) {
    const arena = new Arena(kernels());
    const objective = new Objective(arena, {
      ...exampleProblem("softmax", 20, columns, outputs),
      precision: "f64",
      ...(columnGroups ? { columnGroups } : {}),
    });
    objective.setWeights(weights);
    let zeros = 0;
    let kept = 0;
    for (let round = 0; round < 40; round++) {
      const a = Float64Array.from({ length: columns * outputs }, () => 0.5 + 2 * random.uniform());
      const size = 0.05 + 3 * random.uniform() ** 2;
      const v = a.map(() => size * random.normal());
      const x = arena.copy(v);
      arena.kernels.penaltyProx(objective.pointer, arena.copy(a), x);
      const z = arena.viewF64(x, v.length).slice();
      const f = (w: Float64Array) =>
        w.reduce((sum, value, i) => sum + 0.5 * a[i]! * (value - v[i]!) ** 2, penalty(weights, w, columnGroups));
      const best = f(z);
      let around = f(z.map((value) => 0.999 * value));
      for (const step of [1, 1e-1, 1e-2, 1e-3, 1e-4]) {
        for (let i = 0; i < 20; i++) {
          const moved = z.map((value) => value + step * random.normal() * (random.below(3) === 0 ? 1 : 0));
          around = Math.min(around, f(moved));
        }
      }
      expect(around).toBeGreaterThanOrEqual(best - 1e-13 * Math.abs(best));
      zeros += z.every((value) => value === 0) ? 1 : 0;
      kept += z.some((value) => value !== 0) ? 1 : 0;
    }
    expect(kept).toBeGreaterThan(0);
    if (weights.groupNorm) expect(zeros).toBeGreaterThan(0);
    arena.dispose();
  }
});

test("prox: the norm of one weight is its L1, across knots too", () => {
  const random = new Random(4, 2);
  const arena = new Arena(kernels());
  const objective = new Objective(arena, { ...exampleProblem("logistic", 20, columns, 2), precision: "f64" });
  const rest = { l2: 0.3, hinges: { knots: [0.2], weights: [0.3] } };
  for (let round = 0; round < 200; round++) {
    const a = arena.copy(new Float64Array(columns).fill(10 ** (-6 * random.uniform())));
    const v = arena.viewF64(a, columns).map((curvature) => random.normal() / curvature);
    const [ours, theirs] = [{ groupNorm: 0.4 }, { l1: 0.4 }].map((norm) => {
      objective.setWeights({ ...rest, ...norm });
      const x = arena.copy(v);
      arena.kernels.penaltyProx(objective.pointer, a, x);
      return arena.viewF64(x, columns).slice();
    });
    for (const [j, z] of ours!.entries()) expect(z).toBeCloseTo(theirs![j]!, 12);
  }
  arena.dispose();
});

const rows = blobs(150, 12, 3, 1);

test("whole columns are exactly 0 or not at all, fewer the stronger it is", async () => {
  const kept: number[] = [];
  for (const strength of [0.003, 0.03, 0.1]) {
    const loss = new LinearLoss("logLoss", { groupNorm: groupNorm() }, { groupNorm: strength });
    const { model, status } = await minimize({ model: "softmax", train: rows, loss, tolerance: 1e-8 });
    expect(status).toBe("converged");
    let count = 0;
    for (let j = 0; j < 12; j++) {
      const nonzeros = [0, 1, 2].filter((c) => model.coefficients[c * 12 + j] !== 0).length;
      expect([0, 3]).toContain(nonzeros);
      count += nonzeros / 3;
    }
    kept.push(count);
  }
  expect(kept).toEqual([...kept].sort((a, b) => b - a));
  expect(kept[0]).toBeGreaterThan(kept[2]!);
});

test("with one output and a group per column it is ‖W‖₁, and minimized as such", async () => {
  const two = blobs(80, 8, 2, 3, 2);
  for (const l2 of [0, 0.01]) {
    const solve = (norm: object) =>
      minimize({ model: "logistic", train: two, loss: { ...norm, l2 }, tolerance: 1e-10 });
    const [grouped, sparse] = [await solve({ groupNorm: 0.02 }), await solve({ l1: 0.02 })];
    expect(grouped.model.coefficients).toEqual(sparse.model.coefficients);
    expect([grouped.objective, grouped.passes]).toEqual([sparse.objective, sparse.passes]);
    const mixed = await solve({ groupNorm: 0.0125, l1: 0.0075 });
    expect(mixed.model.coefficients).toEqual(sparse.model.coefficients);
    expect(mixed.features.l1).toBe(mixed.features.groupNorm);
  }
});

test("with one output and a group per column it is tuned as ‖W‖₁ is", async () => {
  const [train, validation] = [blobs(60, 8, 2, 3, 2), blobs(60, 8, 2, 4, 2)];
  const run = (norm: Feature) => tune({ model: "logistic", train, validation, features: { norm, l2: l2() }, seed: 1 });
  const [grouped, sparse] = [await run(groupNorm()), await run(l1())];
  expect(grouped.lambda).toEqual(sparse.lambda);
  expect([grouped.error, grouped.passes]).toEqual([sparse.error, sparse.passes]);
  expect(String(grouped.loss)).toContain("Σ_j ‖W_j‖₂"); // of several outputs elsewhere
  expect(await run(groupNorm({ groups: [7, 6, 5, 4, 3, 2, 1, 0] }))).toMatchObject({ lambda: sparse.lambda });
});

test("other names and another order of the groups change nothing", async () => {
  const groups = [0, 0, 1, 1, 2, 2, 0, 1, 2, 0, 1, 2];
  const solve = (columnGroups: number[]) =>
    minimize({
      model: "softmax",
      train: rows,
      loss: new LinearLoss(
        "logLoss",
        { norm: groupNorm({ groups: columnGroups }), l1: l1() },
        { norm: 0.02, l1: 0.003 },
      ),
      tolerance: 1e-10,
    });
  const [a, b] = [await solve(groups), await solve(groups.map((g) => (g + 1) % 3))];
  for (const [i, w] of a.model.coefficients.entries()) expect(b.model.coefficients[i]!).toBeCloseTo(w, 7);
});

test("groups are stored with the loss and printed in words", () => {
  const features = { norm: groupNorm({ groups: [0, 1, 1] }), each: l2() };
  const loss = new LinearLoss("logLoss", features, { norm: 0.1, each: 0.2 });
  expect(LinearLoss.fromJSON(JSON.stringify(loss))).toEqual(loss);
  expect(String(loss)).toBe("logLoss + 0.1·Σ √|g|·‖W_g‖₂ + 0.2·½‖W‖²");
});

test("bad groups", async () => {
  const code = (expected: string) => expect.objectContaining({ name: "LearnLossError", code: expected });
  for (const groups of [[0, 2], [0, -1], [0.5, 0], []]) expect(() => groupNorm({ groups })).toThrow(code("OPTION"));
  const loss = new LinearLoss("logLoss", { norm: groupNorm({ groups: [0, 1] }) }, { norm: 0.1 });
  await expect(minimize({ model: "softmax", train: data.dense(rowsOfThree), loss })).rejects.toThrow(code("SHAPE"));
  const features = { a: groupNorm(), b: groupNorm() };
  expect(() => new LinearLoss("logLoss", features, { a: 0.1, b: 0.1 })).toThrow(code("OPTION"));
});

const rowsOfThree = {
  x: [
    [1, 2, 3],
    [2, 1, 0],
    [0, 1, 1],
    [4, 0, 1],
  ],
  y: [0, 1, 0, 1],
};
