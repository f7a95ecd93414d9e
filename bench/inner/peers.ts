import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Problem } from "./problems.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Milliseconds after which a peer is stopped, without an answer. */
export const LIMIT = 100_000;

/** One answer of a peer; several θ for a path. */
export interface Answer {
  readonly milliseconds: number;
  readonly iterations?: number;
  readonly thetas: readonly Float64Array[];
  readonly version: string;
}

/** A problem in files that Python and R read, and their answers. Deletes them when disposed. */
export class Peers {
  readonly #folder = mkdtempSync(join(tmpdir(), "learnloss-bench-"));
  readonly #problem: Problem;
  /** Peers that did not run, and why. */
  readonly skipped: string[] = [];

  constructor(problem: Problem) {
    this.#problem = problem;
    const { x } = problem.dataset;
    writeFileSync(this.#file("values"), x.values);
    if (x.kind === "csr") {
      writeFileSync(this.#file("indices"), x.indices);
      writeFileSync(this.#file("starts"), x.starts);
    }
    const { model, targets } = problem;
    writeFileSync(this.#file("y"), model === "squared" ? targets : Int32Array.from(targets));
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  /** scikit-learn's LogisticRegression, one thread; the median of `repeats` in one process. */
  sklearn(options: {
    readonly solver: string;
    readonly l1: number;
    readonly l2: number;
    readonly tolerance: number;
    readonly repeats: number;
  }): Answer | undefined {
    const { rows, columns, x } = this.#problem.dataset;
    const job = { folder: this.#folder, rows, columns, sparse: x.kind === "csr", iterations: 5000, ...options };
    const python = process.env.PYTHON ?? "python3";
    const answer = this.#run(
      `sklearn ${options.solver}`,
      python,
      [here("logistic_regression.py")],
      JSON.stringify(job),
    );
    return answer && { ...answer, thetas: answer.milliseconds === LIMIT ? [] : [this.#theta(0)] };
  }

  /** A path of glmnet, for dense softmax and squared losses; the median of `repeats` in one process. */
  glmnet(lambdas: readonly number[], mix: number, thresh: string, repeats: number): Answer | undefined {
    const { model, dataset } = this.#problem;
    const family = model === "squared" ? "gaussian" : "multinomial";
    writeFileSync(this.#file("lambda"), Float64Array.from(lambdas));
    const script = here("elastic_net_path.R");
    const args = [script, this.#folder, dataset.rows, dataset.columns, mix, thresh, family, repeats];
    const answer = this.#run("glmnet", "Rscript", args.map(String));
    return answer && { ...answer, thetas: Array.from({ length: answer.count ?? 0 }, (_, i) => this.#theta(i)) };
  }

  #run(name: string, program: string, args: string[], input = "") {
    const run = spawnSync(program, args, { input, encoding: "utf8", timeout: LIMIT });
    if ((run.error as NodeJS.ErrnoException | undefined)?.code === "ETIMEDOUT")
      return { milliseconds: LIMIT, version: "" };
    if (run.status === 0) return JSON.parse(run.stdout) as Omit<Answer, "thetas"> & { count?: number };
    this.skipped.push(`${name}: ${run.error?.message ?? run.stderr.trim().split("\n").at(-1)}`);
    return undefined;
  }

  /** The file `out` holds [output][columns, intercept], once per θ. */
  #theta(index: number): Float64Array {
    const bytes = readFileSync(this.#file("out"));
    const values = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const { outputs, dataset } = this.#problem;
    const { columns } = dataset;
    const theta = new Float64Array(outputs * (columns + 1));
    for (let c = 0; c < outputs; c++) {
      const from = (index * outputs + c) * (columns + 1);
      theta.set(values.subarray(from, from + columns), c * columns);
      theta[outputs * columns + c] = values[from + columns]!;
    }
    return theta;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
