// What the browser's test compares its own computations with, computed by Node: see vitest.config.ts.
import { lpOutcomes } from "./lp-outcomes.ts";
import { wholeStudies } from "./whole-studies.ts";

process.stdout.write(JSON.stringify({ studies: await wholeStudies(), outcomes: lpOutcomes() }));
