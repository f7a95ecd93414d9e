import cliProgress from "cli-progress";
import type { Progress } from "../tune.ts";
import { short } from "./output.ts";

/** A bar on a terminal, nothing elsewhere. */
export class ProgressBar {
  readonly #bar: cliProgress.SingleBar | undefined;

  /** @param total passes that are expected; the bar grows when there are more */
  constructor(total: number, visible = process.stderr.isTTY) {
    if (!visible) return;
    this.#bar = new cliProgress.SingleBar({
      format: "{bar} {value} passes, {trials} trainings, error {error}",
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 30,
    });
    this.#bar.start(total, 0, { trials: 0, error: "–" });
  }

  update({ passes, trials, best }: Progress): void {
    const bar = this.#bar;
    if (!bar) return;
    if (passes > bar.getTotal()) bar.setTotal(Math.ceil(passes * 1.5));
    bar.update(Math.round(passes), { trials, error: best === undefined ? "–" : short(best) });
  }

  stop(): void {
    this.#bar?.stop();
  }
}
