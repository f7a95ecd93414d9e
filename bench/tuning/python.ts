import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const DRIVER = fileURLToPath(new URL("optuna_driver.py", import.meta.url));

type Answer = Readonly<Record<string, unknown>>;

/** The first interpreter that has Optuna and scikit-learn: $PYTHON, the path's, the system's (Debian: python3-optuna). */
export function findPython(): string | undefined {
  const names = [process.env.PYTHON, "python3", "/usr/bin/python3"].filter((name) => name !== undefined);
  return names.find(
    (name) => spawnSync(name, ["-c", "import optuna, sklearn, cmaes"], { stdio: "ignore" }).status === 0,
  );
}

/** optuna_driver.py, a process that answers each line with lines. */
export class Python {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: string[] = [];
  /** "Optuna 3.1.0, scikit-learn 1.2.1" */
  versions = "";

  constructor(interpreter: string) {
    // One thread, as the Wasm trainer has.
    const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
    this.#process = spawn(interpreter, [DRIVER], { stdio: ["pipe", "pipe", "pipe"], env });
    this.#process.stderr!.on("data", (data) => this.#errors.push(String(data)));
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async begin(): Promise<void> {
    const { optuna, sklearn } = await this.read();
    this.versions = `Optuna ${optuna}, scikit-learn ${sklearn}`;
  }

  async request(request: Answer): Promise<Answer> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    return this.read();
  }

  async read(): Promise<Answer> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`optuna_driver.py ended: ${this.#errors.join("").slice(-2000)}`);
    return JSON.parse(value);
  }

  end(): void {
    this.#process.stdin!.end();
  }
}
