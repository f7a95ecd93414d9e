import { expect, test } from "vitest";
import { Polyhedron } from "../../src/features/polyhedron.ts";
import { atLeast, fixed, share } from "../../src/index.ts";
import { explore, nearest } from "../../src/outer/explore.ts";
import { Random } from "../../src/random.ts";

const spaces = [
  new Polyhedron({ loss: fixed(1), a: atLeast(0.01, 10), b: atLeast(0.01, 10) }),
  new Polyhedron({ a: share(0.01), b: share(0.01), c: share(0.01) }),
];

test("what was asked is not asked again, though its training told nothing; and all of it is in F", () => {
  for (const [f, F] of spaces.entries()) {
    const random = new Random(3, f);
    // Three models that are told to be minimizers, whatever else is asked.
    const solved = Array.from({ length: 3 }, () => ({
      lambda: F.normalize(F.lower.map((low, j) => low * (F.upper[j]! / low) ** random.uniform())),
      features: Float64Array.from({ length: 3 }, () => random.uniform()),
      error: random.uniform(),
    }));
    const asked: Float64Array[] = [];
    let least = 1;
    for (let i = 0; i < 30; i++) {
      const lambda = explore(F, solved, asked, [], i);
      for (const [j, weight] of lambda.entries()) {
        expect(weight).toBeGreaterThanOrEqual(F.lower[j]! * (1 - 1e-9));
        expect(weight).toBeLessThanOrEqual(F.upper[j]! * (1 + 1e-9));
      }
      least = Math.min(least, nearest(F, lambda, asked, 1));
      asked.push(lambda);
    }
    expect(least).toBeGreaterThan(0.004);
  }
});
