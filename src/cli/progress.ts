import cliProgress from "cli-progress";
import type { Progress } from "../tune.ts";
import { short } from "./output.ts";

/** Passes where the budget names none; the bar grows when there are more. */
const EXPECTED = 200;

/** A bar on a terminal, nothing elsewhere. */
export class ProgressBar {
  #bar: cliProgress.SingleBar | undefined;

  constructor(visible: boolean) {
    if (!visible) return;
    this.#bar = new cliProgress.SingleBar({
      format: "{bar} {value} passes, {rate}/s, {trials} trainings, error {error}",
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 30,
    });
    this.#bar.start(EXPECTED, 0, { trials: 0, rate: 0, error: "–" });
  }

  update({ passes, trials, budget, rate, best }: Progress): void {
    const bar = this.#bar;
    if (!bar) return;
    if (Number.isFinite(budget.passes)) bar.setTotal(Math.ceil(budget.passes));
    else if (passes > bar.getTotal()) bar.setTotal(Math.ceil(passes * 1.5));
    bar.update(Math.round(passes), { trials, rate: short(rate), error: best === undefined ? "–" : short(best) });
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined; // an update would draw it again
  }
}
