import { writeFileSync } from "node:fs";
import { chart, type Series } from "../../src/report/chart.ts";
import { color, figureStyle } from "../../src/report/style.ts";
import { FOLDER, leastErrors, type Results, type TaskResult } from "./results.ts";

/** Excess below which all is well: the pictures' floor. */
const FLOOR = 1e-3;

/** One for each method. */
const COLORS = [...Array.from({ length: 8 }, (_, i) => color(i)), "#2f2f2f", "#a33", "#7a7a7a"];

/** Ends of a median curve's steps, in passes. */
const COSTS = Array.from({ length: 121 }, (_, i) => 10 ** (1 + i / 30));

/** bench/results/tuning-*.svg: a picture per task; returns their names. */
export function drawPictures(results: Results, names: Readonly<Record<string, string>>): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [name, task] of Object.entries(results)) {
    const series = Object.entries(names).flatMap(([method, label], i): Series[] => {
      const points = median(task, method);
      const shade = COLORS[i % COLORS.length]!;
      return points.length > 1
        ? [{ label, color: shade, kind: "step", points, width: method === "learnloss" ? 3 : 1.5 }]
        : [];
    });
    if (series.length === 0) continue;
    const svg = chart({
      x: { label: "passes over the training rows", log: true },
      y: { label: "validation error above the best known, share", log: true },
      series,
    });
    const page = `<style>${figureStyle}</style><rect width="100%" height="100%" fill="#fff"/>`;
    files[name] = `tuning-${name}.svg`;
    writeFileSync(new URL(files[name], FOLDER), `${svg.replace(">", `>${page}`)}\n`);
  }
  return files;
}

/** Over the seeds, the median of (e − best)/best of the best minimizer so far, where more than half have one. */
function median({ runs }: TaskResult, method: string): [number, number][] {
  const best = leastErrors({ runs });
  const own = runs.filter((run) => run.method === method && run.passes > 0);
  const last = Math.max(...own.map(({ passes }) => passes));
  return COSTS.filter((cost) => cost <= last).flatMap((cost): [number, number][] => {
    const excess = own
      .map(({ seed, curve }) => {
        const error = curve.findLast(([passes]) => passes <= cost)?.[2] ?? Number.POSITIVE_INFINITY;
        return error / best.get(seed)! - 1;
      })
      .sort((a, b) => a - b);
    const middle = excess[excess.length >> 1]!;
    return Number.isFinite(middle) ? [[cost, Math.max(middle, FLOOR)]] : [];
  });
}
