import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "node:util";
import { afterAll, beforeAll, vi } from "vitest";
import { run } from "../../src/cli/program.ts";

export interface Outcome {
  /** Of the process. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * `learnloss …` in this process: one of its own takes half a second of processor time to start, and then runs what no
 * compiler has seen yet.
 */
export async function learnloss(...parameters: string[]): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  const spies = [
    vi.spyOn(console, "log").mockImplementation((...values) => {
      stdout += `${format(...values)}\n`;
    }),
    vi.spyOn(console, "error").mockImplementation((...values) => {
      stderr += `${format(...values)}\n`;
    }),
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      stdout += text;
      return true;
    }),
  ];
  try {
    const code = await run(parameters);
    return { code, stdout, stderr };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** All tests of a file work in a folder of their own, which is empty and then gone. */
export function inFolder(): void {
  const before = process.cwd();
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "learnloss-"));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });
}
