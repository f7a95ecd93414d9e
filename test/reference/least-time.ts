/**
 * The least of at most five times in milliseconds that `measure` gives, or the first below `limit`: the machine may be
 * busy with other tests, so that once quick enough is enough, while what never is fails.
 */
export async function leastTime(limit: number, measure: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5 && least >= limit; attempt++) least = Math.min(least, await measure());
  return least;
}
