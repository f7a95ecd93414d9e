// What the browser's test compares its own outcomes with, computed by Node: see vitest.config.ts.
import { lpOutcomes } from "./lp-outcomes.ts";

process.stdout.write(lpOutcomes());
