import { exp } from "../wasm/transcendental.ts";

/**
 * Probabilities up to a factor, 1 for the likeliest class: rows × classes, from `outputs` scores a row, one for two classes.
 * Kernels decide by these, too (assembly/metrics/decisions.ts).
 */
export function likelihoods(scores: Float64Array, outputs: number): Float64Array {
  if (outputs === 1) {
    const result = new Float64Array(2 * scores.length).fill(1);
    for (const [i, score] of scores.entries()) result[2 * i + (score > 0 ? 0 : 1)] = exp(-Math.abs(score));
    return result;
  }
  const result = new Float64Array(scores.length);
  for (let row = 0; row < scores.length; row += outputs) {
    let largest = scores[row]!;
    for (let c = 1; c < outputs; c++) largest = Math.max(largest, scores[row + c]!);
    for (let c = 0; c < outputs; c++) result[row + c] = exp(scores[row + c]! - largest);
  }
  return result;
}

/** The same as probabilities, that sum to 1. */
export function probabilities(scores: Float64Array, outputs: number): Float64Array {
  const result = likelihoods(scores, outputs);
  const classes = Math.max(outputs, 2);
  for (let row = 0; row < result.length; row += classes) {
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += result[row + c]!;
    for (let c = 0; c < classes; c++) result[row + c]! /= sum;
  }
  return result;
}
