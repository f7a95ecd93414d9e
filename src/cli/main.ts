#!/usr/bin/env node
import { run } from "./program.ts";

// Whoever reads our output may stop when it has seen enough, as `head` does.
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => process.exit(code === "EPIPE" ? 0 : 1));

process.exitCode = await run(process.argv.slice(2));
