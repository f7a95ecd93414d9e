#!/usr/bin/env node
import { run } from "./program.ts";

// Whoever reads our output may stop when it has seen enough, as `head` does.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code === "EPIPE") process.exit(0);
  console.error(`learnloss: IO: standard output cannot be written: ${message}.`);
  process.exit(2);
});

process.exitCode = await run(process.argv.slice(2));
