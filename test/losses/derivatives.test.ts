import { expect, test } from "vitest";
import { dense } from "../../src/data/index.ts";
import { augmentedGroups } from "../../src/features/augmentation.ts";
import { mirror, shift } from "../../src/features/transformation.ts";
import { Objective, type ObjectiveOptions, type Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { type Kernels, kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, kinds } from "../reference/example-problem.ts";
import { scalar } from "../reference/kernel-builds.ts";

const GROUPS = 3;

/** The same rows with every second value left out. */
function halved({ rows, columns, x }: Rows): Rows {
  const kept = Array.from({ length: rows * columns }, (_, i) => i).filter((i) => i % 2 === 0);
  const starts = Int32Array.from({ length: rows + 1 }, (_, i) => kept.filter((at) => at < i * columns).length);
  const values = Float64Array.from(kept, (i) => x.values[i]!);
  return { rows, columns, x: { kind: "csr", values, indices: Int32Array.from(kept, (i) => i % columns), starts } };
}

/** v·∂φ_g for every group from the groups' gradients, and from the kernel. */
function both(options: ObjectiveOptions, k: Kernels = kernels()) {
  using arena = new Arena(k);
  const objective = new Objective(arena, options);
  const { thetaCount, groupCount } = objective;
  const random = new Random(5);
  const point = () => Float64Array.from({ length: thetaCount }, () => random.uniform() - 0.5);
  const [theta, v, out] = [arena.copy(point()), arena.copy(point()), arena.f64(thetaCount)];
  const along = () => {
    const gradient = arena.viewF64(out, thetaCount);
    return arena.viewF64(v, thetaCount).reduce((sum, value, i) => sum + value * gradient[i]!, 0);
  };
  const expected = Array.from({ length: groupCount }, (_, group) => {
    objective.groupGradient(group, theta, out);
    return along();
  });
  objective.setWeights({ groups: new Float64Array(groupCount), uniform: 1 });
  objective.gradient(theta, out);
  const before = objective.passes;
  const got = Array.from(objective.derivatives(theta, v));
  return { expected: [...expected, along()], got, passes: objective.passes - before, copies: objective.copies };
}

for (const model of kinds) {
  test(`${model}: the derivatives of all groups' losses along a direction are those of their gradients`, () => {
    for (const [rows, columns, classes] of [
      [3, 1, 2],
      [33, 6, 4],
      [70, 12, 10],
    ] as const) {
      const { dataset, targets, outputs } = exampleProblem(model, rows, columns, classes, 2);
      const map = Int32Array.from({ length: rows }, (_, i) => i % GROUPS);
      const weights = Float64Array.from({ length: rows }, (_, i) => 1 + (i % 4));
      const images = dense({ x: dataset.x.values, columns, y: targets });
      const pictures = columns % 3 === 0 ? [{ image: images, rowGroups: augmented(images) }] : [];
      for (const data of [dataset, halved(dataset)]) {
        for (const precision of ["f32", "f64"] as const) {
          const uniform = model !== "squared";
          const options = { model, targets, outputs, precision, uniform };
          for (const given of [
            { ...options, dataset: { ...data, weights }, rowGroups: { map, count: GROUPS } },
            { ...options, dataset: data },
            ...pictures.map(({ image, rowGroups }) => ({ ...options, dataset: image, rowGroups })),
          ]) {
            const { expected, got, passes, copies } = both(given);
            const size = Math.max(...expected.map(Math.abs));
            // Gradients of an X in f32 are of f32 arithmetic, the derivatives are not.
            const digits = precision === "f32" ? 5 : 12;
            for (const [g, value] of got.entries()) {
              if (g < got.length - 1 || uniform) expect(value / size).toBeCloseTo(expected[g]! / size, digits);
            }
            expect(passes).toBeCloseTo(copies, 9);
            const plain = both(given, scalar).got;
            for (const [g, value] of got.entries()) expect(value / size).toBeCloseTo(plain[g]! / size, 12);
          }
        }
      }
    }
  });
}

function augmented(images: ReturnType<typeof dense>) {
  return augmentedGroups(images, { right: shift(0.5, 0), mirror: mirror() }, { width: 3 });
}
