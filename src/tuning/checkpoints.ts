/** Checkpoints are recorded at iterations 0, 1, 2, … growing by this factor. */
const GROWTH = 1.35;

/** The iteration of the checkpoint after that of `iteration`. */
export function nextCheckpoint(iteration: number): number {
  return Math.max(iteration + 1, Math.ceil(iteration * GROWTH));
}
