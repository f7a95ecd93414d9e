import { vi } from "vitest";

/**
 * Works by a clock that a look at it moves by a millisecond: work between looks takes no time, on any machine.
 *
 * @param looked called at every look with their number
 */
export async function byLooks<T>(
  work: (looks: () => number) => Promise<T>,
  looked?: (looks: number) => void,
): Promise<T> {
  let looks = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => {
    looks++;
    looked?.(looks);
    return looks;
  });
  try {
    return await work(() => looks);
  } finally {
    clock.mockRestore();
  }
}
