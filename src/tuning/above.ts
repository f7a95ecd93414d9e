/** An error and a share of its size more, or less: that of a metric may be negative, as a function of the scores is free to be. */
export function above(error: number, share: number): number {
  return error + share * Math.abs(error);
}
