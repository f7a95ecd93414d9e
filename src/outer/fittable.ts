/** φ and e are below it: squares of larger numbers overflow, summed up. */
export const LARGEST = 1e150;

/** Whether a φ can be fitted; NaN cannot. */
export function fittable(value: number): boolean {
  return Math.abs(value) < LARGEST;
}
