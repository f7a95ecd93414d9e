// How a solve ends, as TypeScript reads it.

export const OPTIMAL: i32 = 0;
export const INFEASIBLE: i32 = 1;
export const ITERATION_LIMIT: i32 = 2;
export const NUMERICAL: i32 = 3;
export const UNBOUNDED: i32 = 4;
