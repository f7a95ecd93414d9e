import type { LinearLoss } from "../features/loss.ts";
import { chart, type Series } from "./chart.ts";
import type { Figure } from "./figures.ts";
import { color } from "./style.ts";

/** The shape of a learned penalty of one weight, beside L1 and L2; undefined where none was learned. */
export function penaltyFigure(loss: LinearLoss): Figure | undefined {
  const largest = Math.max(...Object.values(loss.features).map((f) => (f.kind === "hinge" ? f.knot : 0)));
  if (largest === 0) return undefined;
  const end = 1.25 * largest;
  const curve = (label: string, i: number, p: (w: number) => number, dashed: boolean): Series => ({
    label,
    color: color(i),
    kind: "line",
    dashed,
    points: Array.from({ length: 101 }, (_, i) => [(end * i) / 100, p((end * i) / 100) / p(end)] as const),
  });
  const svg = chart({
    x: { label: "|w|" },
    y: { label: "penalty, scaled to end at 1" },
    series: [
      curve("L1", 1, (w) => w, true),
      curve("L2", 2, (w) => w * w, true),
      curve("learned", 0, (w) => loss.penalty(w), false),
    ],
  });
  return { title: "The learned penalty", svg, caption: "Of one weight, beside L1 and L2." };
}
