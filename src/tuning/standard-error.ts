/** Standard error of the mean of the folds' errors. */
export function standardError(errors: readonly number[]): number {
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const squares = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0);
  return Math.sqrt(squares / (errors.length - 1) / errors.length);
}
