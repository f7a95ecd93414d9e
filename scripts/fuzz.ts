// npm run fuzz [-- COUNT [FIRST]]: broken inputs by chance (test/reference/fuzz.ts), a million by default. A finding is
// named by its number: `npm run fuzz -- 1 NUMBER` repeats it.
import { fuzz } from "../test/reference/fuzz.ts";

const [count = 1_000_000, first = 0] = process.argv.slice(2).map(Number);
const BATCH = 10_000;
let refused = 0;
let found = 0;
const began = performance.now();
for (let done = 0; done < count; done += BATCH) {
  const result = await fuzz(Math.min(BATCH, count - done), first + done);
  refused += result.refused;
  found += result.findings.length;
  for (const { target, seed, problem } of result.findings) console.log(`${seed} (${target}): ${problem}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.error(`${Math.min(done + BATCH, count)} inputs, ${refused} refused, ${found} findings, ${seconds} s`);
}
console.log(`${count} inputs: ${refused} refused with a code, ${found} findings`);
process.exitCode = found > 0 ? 1 : 0;
