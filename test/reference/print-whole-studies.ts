// What the browser's test compares its own studies with, computed by Node: see vitest.config.ts.
import { wholeStudies } from "./whole-studies.ts";

process.stdout.write(await wholeStudies());
