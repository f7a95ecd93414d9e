import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createL1Fit, type L1FitOutcome } from "../../src/outer/l1-fit.ts";
import { type LpOutcome, type LpProblem, solveLp } from "../../src/outer/lp.ts";
import { parseMps } from "../../src/outer/mps.ts";
import { orderingMargin } from "../../src/outer/ordering-proof.ts";
import { lpKernels } from "../../src/wasm/lp.ts";
import { lpVariant } from "../../test/reference/lp-variants.ts";
import { type RandomFit, randomFit } from "../../test/reference/random-fit.ts";
import { type LpKind, randomLp } from "../../test/reference/random-lp.ts";
import { type Family, families, structuredLp } from "../../test/reference/structured-lp.ts";
import { dualForm, type Instance } from "./family.ts";
import { columnForm, highsStatuses } from "./netlib-bench.ts";
import { type Highs, highsModel } from "./peers.ts";

export interface Campaign {
  readonly compared: number;
  readonly different: readonly string[];
  /** Where highs agrees only without its presolve. */
  readonly presolve?: readonly string[];
}

const kinds: readonly LpKind[] = ["feasible", "infeasible", "unbounded", "degenerate", "any"];

const tolerances = { primal_feasibility_tolerance: 1e-9, dual_feasibility_tolerance: 1e-9 };

/** What highs says of a problem: whether it is the same, after how many ms, and in words. */
function compareWithHighs(highs: Highs, ours: LpOutcome, problem: LpProblem, options: Record<string, unknown>) {
  const model = highsModel(highs, columnForm(problem), { ...tolerances, ...options });
  const began = performance.now();
  let status = "";
  try {
    model.run();
    status = highsStatuses[model.getModelStatus()] ?? String(model.getModelStatus());
  } catch (error) {
    status = String(error);
  }
  const time = performance.now() - began;
  const objective = model.getObjectiveValue();
  model.dispose();
  const same =
    ours.status === "optimal"
      ? status === "optimal" && Math.abs(ours.objective - objective) <= 1e-9 * (1 + Math.abs(objective))
      : status.includes(ours.status);
  return { same, time, status, text: `ours ${describe(ours)}, highs ${status} ${objective}` };
}

/** Random LPs up to 30 × 30, half of them badly scaled: the same status as highs, the same objective to 1e-9. */
export function campaignLp(highs: Highs, count: number, first = 0): Campaign {
  const different: string[] = [];
  const presolve: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const make = (spread: number) => randomLp(seed, kinds[seed % 5]!, [6, 15, 30][seed % 3]!, spread);
    const ours = solveLp(make([0, 5, 0, 20][seed % 4]!));
    // Scaling by powers of two changes nothing but the units: highs, whose tolerances are absolute, has the original.
    const { same, text } = compareWithHighs(highs, ours, make(0), {});
    if (same) continue;
    const agrees = compareWithHighs(highs, ours, make(0), { presolve: "off" }).same;
    (agrees ? presolve : different).push(`LP ${seed}: ${text}`);
  }
  return { compared: count, different, presolve };
}

export interface FamilyCampaign extends Campaign {
  readonly family: Family;
  readonly size: number;
  /** ms of the slowest. */
  readonly slowest: number;
  /** ms of all of them, and of highs' run() alone, by default. */
  readonly ours: number;
  readonly highs: number;
}

/**
 * The families of structured-lp.ts: an optimum is proved by its residuals, below 1e-9; highs has its say on
 * the rest, and is timed.
 */
export function campaignStructured(highs: Highs, size: number, count: number, first: number): FamilyCampaign[] {
  return (Object.keys(families) as Family[]).map((family) => {
    const different: string[] = [];
    const times: number[] = [];
    let theirs = 0;
    for (let seed = first; seed < first + count; seed++) {
      const problem = structuredLp(family, seed, size);
      const ours = solveLp(problem);
      times.push(ours.milliseconds);
      const { time, text } = compareWithHighs(highs, ours, problem, {});
      theirs += time;
      const proved = ours.status === "optimal" && Math.max(ours.kkt.primal, ours.kkt.dual, ours.kkt.gap) <= 1e-9;
      if (!proved) different.push(`${seed}: ${text}`);
    }
    const ours = times.reduce((sum, time) => sum + time, 0);
    return { family, size, compared: count, different, slowest: Math.max(...times), ours, highs: theirs };
  });
}

export interface VariantCampaign extends Campaign {
  /** Optimal, infeasible or unbounded, and proved in the data as given. */
  readonly proved: number;
  /** Of those that highs does not settle, by default or without its presolve: whether it throws or says "unknown". */
  readonly unsettled: readonly string[];
}

/** Variants of the problems of a folder with an index.tsv: the same status as highs, the same objective to 1e-9. */
export function campaignVariants(highs: Highs, folder: string, count: number, first: number): VariantCampaign {
  const different: string[] = [];
  const unsettled: string[] = [];
  const names = readFileSync(join(folder, "index.tsv"), "utf8").trim().split("\n").slice(1);
  let proved = 0;
  for (const line of names) {
    const [name, file] = line.split("\t");
    const { problem } = parseMps(readFileSync(join(folder, file!), "latin1"));
    for (let seed = first; seed < first + count; seed++) {
      const variant = { ...lpVariant(problem, seed), offset: 0 };
      const ours = solveLp(variant);
      if (["optimal", "infeasible", "unbounded"].includes(ours.status)) proved++;
      const answers = [{}, { presolve: "off" }].map((options) => compareWithHighs(highs, ours, variant, options));
      if (answers.some(({ same }) => same)) continue;
      const settled = answers.some(({ status }) => Object.values(highsStatuses).includes(status));
      (settled ? different : unsettled).push(`${name} ${seed}: ${answers[0]!.text}`);
    }
  }
  return { compared: names.length * count, different, proved, unsettled };
}

export interface MemoryUse {
  readonly solves: number;
  /** Of Wasm memory after a hundred solves, and after all of them. */
  readonly before: number;
  readonly after: number;
  /** Allocated and not released, at the end. */
  readonly leaked: number;
}

/** LPs and fits, made, solved and disposed of, again and again. */
export function campaignMemory(solves: number): MemoryUse {
  const { memory, allocatedBytes } = lpKernels();
  const leastBlocks = allocatedBytes();
  let before = 0;
  for (let i = 0; i < solves; i++) {
    if (i === 100) before = memory.buffer.byteLength;
    if (i % 2 === 0) {
      solveLp(randomLp(i % 50, "any", 12));
      continue;
    }
    const p = randomFit(i % 50, 40, 3);
    using fit = createL1Fit(p);
    fit.append(p.phi, p.error);
    fit.setIncumbent(p.best);
    fit.solve();
  }
  return { solves, before, after: memory.buffer.byteLength, leaked: allocatedBytes() - leastBlocks };
}

function describe(outcome: LpOutcome): string {
  return outcome.status === "optimal" ? `optimal ${outcome.objective}` : outcome.status;
}

/** Random fits, cold, and warm after appends, other weights and another incumbent: against highs, to 1e-9. */
export function campaignFit(highs: Highs, count: number, first = 0): Campaign {
  const different: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const p = randomFit(seed, 20 + ((seed * 37) % 380), 1 + ((seed * 7) % 24), {
      grid: seed % 3 === 0 ? 0.5 : 0,
      noise: [0.3, 2, 0.01][seed % 3]!,
      slope: seed % 11 === 0 ? -1 : 1,
    });
    const m = p.error.length;
    const part = Math.ceil(m / 2);
    const j = seed % 5 === 0 ? seed % part : p.error.subarray(0, part).indexOf(Math.min(...p.error.subarray(0, part)));
    using warm = createL1Fit(p);
    warm.append(p.phi.subarray(0, part * p.k), p.error.subarray(0, part));
    warm.setIncumbent(j);
    compare(highs, p, j, part, warm.solve(), `fit ${seed} cold`, different);
    warm.append(p.phi.subarray(part * p.k), p.error.subarray(part));
    warm.setWeights(Float64Array.from({ length: m }, (_, i) => 1 + (i % 3)));
    warm.solve();
    warm.setWeights(new Float64Array(m).fill(1));
    compare(highs, p, j, m, warm.solve(), `fit ${seed} warm`, different);
    warm.setIncumbent(p.best);
    compare(highs, p, p.best, m, warm.solve(), `fit ${seed} other incumbent`, different);
  }
  return { compared: 3 * count, different };
}

function compare(
  highs: Highs,
  p: RandomFit,
  best: number,
  m: number,
  outcome: L1FitOutcome,
  name: string,
  different: string[],
): void {
  if (outcome.status === "infeasible") {
    const { incumbent, models, weights } = outcome.proof;
    const margin = orderingMargin(p.phi, p.k, incumbent, models, weights, p.F);
    if (!(margin > 0)) different.push(`${name}: infeasible, its proof has margin ${margin}`);
    return;
  }
  if (outcome.status !== "optimal") {
    different.push(`${name}: ${outcome.status}`);
    return;
  }
  const data: Instance = { ...p, best };
  // Its tolerances hold in scaled units: unscaled they are what they say.
  const model = highsModel(highs, dualForm(data, m), {
    presolve: "off",
    simplex_scale_strategy: 0,
    primal_feasibility_tolerance: 1e-10,
    dual_feasibility_tolerance: 1e-10,
  });
  model.run();
  const objective = -model.getObjectiveValue();
  model.dispose();
  const { primal, dual, gap } = outcome.kkt;
  // An exact fit is proved by f ≥ 0: where f is what rounding μ and c to doubles does, no gap relative to it is left.
  const gapless = outcome.objective <= rounding(p, m, outcome);
  const worst = Math.max(primal, dual, gapless ? 0 : gap);
  // Without the guard of α the flat fit is feasible: at the apex highs may be better by what the guard costs.
  const tolerance = (outcome.apex ? 1e-5 : 1e-9) * (1 + objective);
  if (worst > 1e-9 || Math.abs(outcome.objective - objective) > tolerance)
    different.push(`${name}: ours ${outcome.objective} (residual ${worst.toExponential(1)}), highs ${objective}`);
}

/** 2⁻⁵² Σ (|e| + Σ|μφ| + |c|). */
function rounding({ k, phi, error }: RandomFit, m: number, { mu, intercept }: { mu: Float64Array; intercept: number }) {
  let terms = 0;
  for (let i = 0; i < m; i++) {
    terms += Math.abs(error[i]!) + Math.abs(intercept);
    for (let j = 0; j < k; j++) terms += Math.abs(mu[j]! * phi[i * k + j]!);
  }
  return 2 ** -52 * terms;
}
