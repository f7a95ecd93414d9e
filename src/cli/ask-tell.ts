import { createInterface } from "node:readline";
import { Command } from "commander";
import { isRecord, LearnLossError } from "../errors.ts";
import { atLeast, between, fixed, share, type Weight } from "../features/weight.ts";
import { checkNames } from "../option-names.ts";
import { Study, type StudyOptions } from "../study.ts";
import type { ModelSeen } from "../told-model.ts";
import { jsonText, problem } from "./output.ts";
import { fingerprint, StudyFile } from "./study-file.ts";

const PROTOCOL = `
One JSON object a line on stdin, one answer a line on stdout:
  {"create": {"lambda": {"logLoss": {"fixed": 1}, "l2": {"atLeast": 0}}, "seed": 7, "trials": 50}}
                                       -> {"created": {"trials": 0, "pending": [], "warnings": []}}
  {"ask": {}}                          -> {"trial": {"id": 0, "lambda": {…}, "proposal": "start"}}
  {"observe": {"id": 0, "features": {"logLoss": 0.4, "l2": 3}, "error": 0.2}}          a checkpoint
  {"tell": {"id": 0, "features": {…}, "error": 0.2}}                                   the finished model
  {"fail": {"id": 0, "reason": "diverged"}}                                            -> {"ok": true, "done": false}
  {"best": {}}                         -> {"best": {"error": …, "lambda": {…}, "trial": 0, "features": {…}}}
Answers to best, and the first with "done": true, also have "warnings": ["FLAT: …"] where nothing was learned of λ.
Features are the terms of the loss without their weights, on the training rows, best none below 0; the error is that on
rows that judge, lower is better: a number, "Infinity" for the worst, "NaN" for a trial that failed.
A weight is {"fixed": v}, {"atLeast": min}, {"atLeast": [min, max]}, {"between": [min, max]} or
{"share": [min, max]} (shares sum to 1).
A request may say more: "start": {λ} in create; "lambda": {λ} in ask, instead of a proposal; "passes" in
observe and tell, for reports; "converged": false in tell, of a model that is no minimizer.
What is wrong is answered {"error": {"code": …, "message": …}} and changes nothing.`;

export function askTellCommand(): Command {
  return new Command("ask-tell")
    .description("tune the loss of any trainer, in any language: JSON lines on stdin and stdout")
    .option("--study <file.jsonl>", "keep everything told in this file; go on where it ended")
    .addHelpText("after", PROTOCOL)
    .action(askTell);
}

async function askTell({ study: path }: { readonly study?: string }): Promise<void> {
  let session: Session | undefined;
  try {
    for await (const line of createInterface({ input: process.stdin })) {
      if (line.trim() === "") continue;
      let answer: unknown;
      try {
        const [verb, argument] = request(line);
        if (verb === "create") {
          if (session) throw new LearnLossError("CONFLICT", "There is a study already: one a process.");
          session = new Session(argument, path);
          answer = session.created();
        } else {
          if (!session) throw new LearnLossError("OPTION", 'Begin with {"create": {"lambda": {…}}}.');
          answer = session.answer(verb, argument);
        }
      } catch (error) {
        answer = { error: problem(error) };
      }
      // Everything acknowledged is on the disk by now.
      process.stdout.write(`${jsonText(answer)}\n`);
    }
  } finally {
    session?.close();
  }
}

class Session {
  readonly #study: Study;
  readonly #file: StudyFile | undefined;

  constructor(argument: Record<string, unknown>, path: string | undefined) {
    const options = studyOptions(argument);
    this.#study = new Study(options);
    if (path === undefined) return;
    // Not of the number of trials: a study may be given more of them.
    const { lambda, seed, start } = options;
    // A seed of 0 is none given.
    this.#file = new StudyFile(path, fingerprint([], { lambda, seed: seed || undefined, start }));
    try {
      if (this.#file.stored) this.#study = Study.replay(options, this.#file.stored.study.events);
      this.#file.sync(this.#study);
    } catch (error) {
      this.#file.close(); // its lock, too: another `create` may find room
      throw error;
    }
  }

  created(): unknown {
    const { trials, polyhedron } = this.#study;
    const pending = trials
      .filter(({ status }) => status === "pending")
      .map(({ id, lambda }) => ({ id, lambda: polyhedron.toRecord(lambda) }));
    return { created: { trials: trials.length, pending, warnings: this.#file?.stored?.warnings ?? [] } };
  }

  answer(verb: string, argument: Record<string, unknown>): unknown {
    const study = this.#study;
    const { done } = study;
    const trial = argument as { id: number };
    switch (verb) {
      case "ask": {
        const asked = study.ask(argument);
        this.#file?.sync(study);
        return { trial: asked };
      }
      case "observe":
        study.observe(trial, seen(argument));
        break;
      case "tell":
        study.tell(trial, seen(argument));
        break;
      case "fail":
        checkNames(argument, { id: true, reason: true });
        study.fail(trial, argument.reason ?? "no reason given");
        break;
      case "best":
        return { best: study.best ?? null, ...this.#doubts() };
      default:
        throw new LearnLossError("OPTION", `"${verb}" is no request: see learnloss ask-tell --help.`);
    }
    this.#file?.sync(study);
    return { ok: true, done: study.done, ...(study.done && !done ? this.#doubts() : {}) };
  }

  #doubts(): { readonly warnings?: readonly string[] } {
    const { warnings } = this.#study;
    return warnings.length > 0 ? { warnings } : {};
  }

  close(): void {
    this.#file?.close();
  }
}

function request(line: string): [string, Record<string, unknown>] {
  let read: unknown;
  try {
    // Trimmed of a byte order mark, too, as some shells begin what they pipe with.
    read = JSON.parse(line.trim());
  } catch (cause) {
    throw new LearnLossError("PARSE", "This line is not JSON.", { cause });
  }
  const entries = Object.entries(isRecord(read) ? read : {});
  const [verb, argument] = entries[0] ?? [];
  if (entries.length !== 1 || verb === undefined || !isRecord(argument)) {
    throw new LearnLossError("PARSE", 'A request is one object with one key, such as {"ask": {}}.');
  }
  return [verb, argument];
}

/** JSON has no infinities: errors may also be these texts. */
const ERRORS: ReadonlyMap<unknown, number> = new Map([
  ["Infinity", Number.POSITIVE_INFINITY],
  ["NaN", Number.NaN],
]);

function seen(argument: Record<string, unknown>): ModelSeen {
  const { id: _, ...model } = argument as unknown as ModelSeen & { readonly id: number };
  if (!isRecord(model.features)) throw new LearnLossError("SHAPE", 'The model has no "features": give φ, keyed as λ.');
  return { ...model, error: ERRORS.get(model.error) ?? model.error };
}

function studyOptions(argument: Record<string, unknown>): StudyOptions {
  const { lambda } = argument;
  if (!isRecord(lambda)) throw new LearnLossError("OPTION", 'The study has no "lambda": give a weight per feature.');
  const weights = Object.entries(lambda).map(([name, value]) => [name, weight(name, value)] as const);
  return { ...argument, lambda: Object.fromEntries(weights) };
}

function weight(name: string, value: unknown): Weight {
  const entries = Object.entries(isRecord(value) ? value : {});
  const [kind, argument] = entries.length === 1 ? entries[0]! : [];
  const numbers = Array.isArray(argument) ? argument : [argument];
  const [min, max] = numbers;
  if (kind === "fixed" && numbers.length === 1) return fixed(min);
  if (kind === "atLeast" && numbers.length <= 2) return atLeast(min, max);
  if (kind === "between" && numbers.length === 2) return between(min, max);
  if (kind === "share" && numbers.length <= 2) return share(min, max);
  throw new LearnLossError(
    "OPTION",
    `The weight of ${name} is ${JSON.stringify(value)}: give {"fixed": 1}, {"atLeast": 0}, {"between": [0, 1]} or {"share": [0.001, 1]}.`,
  );
}
