import { kernels } from "./kernels.ts";

/** eˣ, with the same bits on every engine (the host's Math.exp differs by 1 ulp between engines). */
export function exp(x: number): number {
  return kernels().exp(x);
}

/** Natural logarithm, with the same bits on every engine. */
export function log(x: number): number {
  return kernels().log(x);
}
