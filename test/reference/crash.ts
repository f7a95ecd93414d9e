// Kills `learnloss ask-tell --study` again and again while it is told models, as power failures do.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readJournal } from "../../src/journal.ts";
import { Random } from "../../src/random.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const CREATE = { create: { lambda: { logLoss: { fixed: 1 }, l1: { atLeast: 0 }, l2: { atLeast: 0 } }, seed: 5 } };

interface Asked {
  readonly id: number;
  readonly lambda: Readonly<Record<string, number>>;
}

/** A stand-in for training: smooth in λ, and the same every time. */
function model({ id, lambda }: Asked) {
  const [a, b] = [lambda.l1!, lambda.l2!];
  return { id, features: { logLoss: a + 2 * b, l1: 1 / (0.1 + a), l2: 1 / (0.2 + b) }, error: (a - 0.3) ** 2 + b };
}

/** One process and what it answers, line by line; undefined when it is dead. */
class Session {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(path: string) {
    this.process = spawn(process.execPath, [MAIN, "ask-tell", "--study", path]);
    this.process.stdin.on("error", () => {}); // it may be dead already
    this.#answers = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async say(request: unknown): Promise<Record<string, never> | undefined> {
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value } = await this.#answers.next();
    const answer = value === undefined ? undefined : JSON.parse(value);
    if (answer?.error) throw new Error(`${JSON.stringify(request)} was answered ${value}`);
    return answer;
  }
}

/** What a study file holds, and what was acknowledged but is not in it: nothing. */
export interface CrashReport {
  readonly bytes: Buffer;
  readonly kills: number;
  /** Tells that a session acknowledged before it was killed. */
  readonly survived: number;
  readonly lost: number;
}

/** Tells `trials` models to a study file, in as many sessions as it takes; each of the first `kills` is killed. */
export async function tellThroughCrashes(path: string, trials: number, kills: number, seed = 1): Promise<CrashReport> {
  const random = new Random(seed);
  const acknowledged = new Set<number>();
  let [killed, survived, lost] = [0, 0, 0];
  /** Milliseconds that the last answers took, of a session that starts and of others: these machines differ by ten times. */
  const latency = { start: 400, other: 2 };
  for (let finished = false; !finished; ) {
    const session = new Session(path);
    const doomed = killed < kills;
    // Some die while they start, most in the middle of a request or soon after it.
    const last = random.below(3) === 0 ? 0 : 1 + random.below(12);
    let said = 0;
    const say = async (request: unknown) => {
      const kind = said === 0 ? "start" : "other";
      const moment = random.uniform() * latency[kind];
      if (doomed && said === last) setTimeout(() => session.process.kill("SIGKILL"), moment);
      said++;
      const began = performance.now();
      const answer = await session.say(request);
      if (answer) latency[kind] = performance.now() - began;
      return answer;
    };
    const created = (await say(CREATE))?.created as { trials: number; pending: Asked[] } | undefined;
    const pending = created ? [...created.pending] : [];
    let told = created ? created.trials - pending.length : 0;
    while (created && told < trials) {
      const asked = pending.shift() ?? ((await say({ ask: {} }))?.trial as Asked | undefined);
      if (!asked || !(await say({ tell: model(asked) }))) break;
      acknowledged.add(asked.id);
      if (doomed) survived++;
      told++;
    }
    finished = !doomed;
    if (doomed) session.process.kill("SIGKILL"); // one that had nothing left to do lives
    session.process.stdin.end();
    if (session.process.exitCode === null && session.process.signalCode === null) {
      await new Promise((resolve) => session.process.once("close", resolve));
    }
    if (doomed) killed++;
    const stored = storedTells(path);
    lost += [...acknowledged].filter((id) => !stored.has(id)).length;
  }
  return { bytes: readFileSync(path), kills: killed, survived, lost };
}

function storedTells(path: string): Set<number> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return new Set(); // killed before there was a file
  }
  if (!bytes.includes(10)) return new Set();
  const { events } = readJournal(bytes);
  return new Set(events.flatMap((event) => (event.type === "tell" ? [event.trial] : [])));
}
