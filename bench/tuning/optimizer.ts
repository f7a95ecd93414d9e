import { Random } from "../../src/random.ts";
import type { Python } from "./python.ts";

/** Asks for points of the unit cube and is told their errors. */
export interface Optimizer {
  /** Undefined when there is nothing left to try. */
  ask(): Promise<readonly number[]> | readonly number[] | undefined;
  tell(error: number): unknown;
  /** An error on the way; true ends the trial. */
  report?(step: number, error: number): Promise<boolean>;
}

export const KINDS = ["random", "grid", "gp", "tpe", "cma", "hyperband"] as const;
export type Kind = (typeof KINDS)[number];

/** Kinds that need python3 with Optuna and scikit-learn. */
export const PEERS: readonly Kind[] = ["gp", "tpe", "cma", "hyperband"];

/** Values per weight of the grid, as the demo has them. */
const GRID = 13;

export async function createOptimizer(
  kind: Kind,
  dimensions: number,
  seed: number,
  start: readonly number[],
  python: Python | undefined,
): Promise<Optimizer> {
  if (kind === "random") {
    const random = new Random(seed, 7);
    let first = true;
    return {
      ask() {
        if (!first) return start.map(() => random.uniform());
        first = false;
        return start;
      },
      tell() {},
    };
  }
  if (kind === "grid") {
    // From strong to weak, back and forth: neighbors in time are neighbors in λ, where warm starts are worth most.
    let index = 0;
    return {
      ask() {
        if (index >= GRID ** dimensions) return undefined;
        let rest = index++;
        return start.map(() => {
          const digit = rest % GRID;
          rest = Math.floor(rest / GRID);
          return 1 - (rest % 2 === 1 ? GRID - 1 - digit : digit) / (GRID - 1);
        });
      },
      tell() {},
    };
  }
  if (!python) throw new Error(`${kind} needs python3 with Optuna and scikit-learn.`);
  await python.request({ op: "open", kind, dimensions, seed, start });
  return {
    ask: async () => (await python.request({ op: "ask" })).x as number[],
    tell: (value) => python.request({ op: "tell", value }),
    ...(kind === "hyperband"
      ? { report: async (step, value) => (await python.request({ op: "report", step, value })).prune as boolean }
      : {}),
  };
}
