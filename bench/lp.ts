// npm run bench:lp [-- --only family|netlib|variants|campaign|structured|memory --sizes 0,1,2,3,4 --cap SECONDS --campaign N
//   --structures N --variants N --first SEED --json FILE]
// The LP engine against its peers (once: `npm install --prefix bench --ignore-scripts`).
// 1. the outer fit's family at five sizes, cold and warm; 2. the Netlib problems in LEARNLOSS_NETLIB, and N variants of
// each against highs; 3. N random LPs and 3N/20 random fits against highs, status and objective; 4. N LPs of each
// structure, of 30, 100 and 300 rows, and two of 1000; 5. 100,000 solves in constant memory. Times are medians of wall
// time, the solvers in turns; an answer is checked before its time counts. FILE keeps what other runs put there of other
// parts and sizes.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { campaignFit, campaignLp, campaignMemory, campaignStructured, campaignVariants } from "./lp/campaign.ts";
import { benchFamily, describeRow, type Row, ratios } from "./lp/family-bench.ts";
import { benchNetlib } from "./lp/netlib-bench.ts";
import { loadHighs } from "./lp/peers.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    sizes: { type: "string", default: "0,1,2,3,4" },
    cap: { type: "string", default: "20" },
    campaign: { type: "string", default: "10000" },
    structures: { type: "string", default: "6" },
    variants: { type: "string", default: "12" },
    first: { type: "string", default: "0" },
    json: { type: "string" },
  },
});
const asked = (part: string) => options.only === undefined || options.only === part;
const log = (line: string) => console.log(line);
const result: Record<string, unknown> = { node: process.version };
/** What earlier runs found, of other parts and sizes. */
const before: { family?: Row[]; ratios?: ReturnType<typeof ratios> } =
  options.json && existsSync(options.json) ? JSON.parse(readFileSync(options.json, "utf8")) : {};

if (asked("family")) {
  log(`${"outer fit".padEnd(47)}   cold ms   warm ms`);
  const rows = await benchFamily(options.sizes.split(",").map(Number), Number(options.cap), (row) =>
    log(describeRow(row)),
  );
  const summary = ratios(rows);
  log("\ntimes ours:   best form of highs   its default   its hot start");
  const cell = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : "–").padStart(14);
  for (const { m, k, best, warm, ...rest } of summary)
    log(`${`(${m}, ${k})`.padEnd(12)} ${cell(best)} ${cell(rest.default)} ${cell(warm)}`);
  const sizes = rows.map(({ m, k }) => `${m},${k}`);
  const others = <T extends { m: number; k: number }>(list: readonly T[] = []) =>
    list.filter(({ m, k }) => !sizes.includes(`${m},${k}`));
  const order = (a: { m: number; k: number }, b: { m: number; k: number }) => a.m - b.m || a.k - b.k;
  result.family = [...others(before.family), ...rows].sort(order);
  result.ratios = [...others(before.ratios), ...summary].sort(order);
}
const folder = process.env.LEARNLOSS_NETLIB ?? "";
if (!existsSync(join(folder, "index.tsv"))) {
  if (asked("netlib") || asked("variants")) log("\nNetlib: SKIPPED, set LEARNLOSS_NETLIB to the folder with index.tsv");
} else {
  if (asked("netlib")) result.netlib = await benchNetlib(await loadHighs(), folder, log);
  if (asked("variants")) {
    const highs = await loadHighs();
    const variants = campaignVariants(highs, folder, Number(options.variants), Number(options.first));
    const { compared, proved, different, unsettled } = variants;
    log(`\nNetlib variants: ${compared}, ${proved} proved; ${different.length} differ from highs:`);
    for (const line of different) log(`  ${line}`);
    log(`  besides, highs does not settle ${unsettled.length}`);
    result.variants = variants;
  }
}
if (asked("campaign")) {
  const highs = await loadHighs();
  const count = Number(options.campaign);
  const first = Number(options.first);
  const fits = Math.ceil((3 * count) / 20);
  const lps = campaignLp(highs, count, first);
  log(`\nrandom LPs: ${lps.compared} compared with highs, ${lps.different.length} differ`);
  for (const line of lps.different.slice(0, 20)) log(`  ${line}`);
  log(`  besides, highs contradicts itself without its presolve on ${lps.presolve?.length}`);
  for (const line of lps.presolve ?? []) log(`  ${line}`);
  const fit = campaignFit(highs, fits, first);
  log(`random fits: ${fit.compared} solves of ${fits} problems compared with highs, ${fit.different.length} differ`);
  for (const line of fit.different.slice(0, 20)) log(`  ${line}`);
  Object.assign(result, { lps, fits: fit });
}
if (asked("structured")) {
  const highs = await loadHighs();
  const count = Number(options.structures);
  const structured = [30, 100, 300, 1000].flatMap((size) =>
    campaignStructured(highs, size, size < 1000 ? count : Math.min(2, count), Number(options.first)),
  );
  log("\nstructure     rows  solved  unproved  slowest, ms   times highs");
  for (const { family, size, compared, different, slowest, ours, highs: theirs } of structured) {
    const cells = [String(size).padStart(5), String(compared).padStart(7), String(different.length).padStart(9)];
    log(
      `${family.padEnd(12)} ${cells.join(" ")} ${slowest.toFixed(1).padStart(12)} ${(ours / theirs).toFixed(2).padStart(13)}`,
    );
    for (const line of different.slice(0, 5)) log(`  ${line}`);
  }
  Object.assign(result, { structured });
}
if (asked("memory")) {
  const memory = campaignMemory(100_000);
  log(
    `\n${memory.solves} solves: Wasm memory ${memory.before} bytes, then ${memory.after}; ${memory.leaked} not released`,
  );
  Object.assign(result, { memory });
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...before, ...result }, null, 2)}\n`);
