import { exp } from "../wasm/transcendental.ts";

/** Probabilities from scores, `outputs` per row; the largest score of a row is taken out, so nothing overflows. */
export function softmax(scores: Float64Array, outputs: number): Float64Array {
  const result = new Float64Array(scores.length);
  for (let row = 0; row < scores.length; row += outputs) {
    let largest = scores[row]!;
    for (let c = 1; c < outputs; c++) largest = Math.max(largest, scores[row + c]!);
    let sum = 0;
    for (let c = 0; c < outputs; c++) {
      result[row + c] = exp(scores[row + c]! - largest);
      sum += result[row + c]!;
    }
    for (let c = 0; c < outputs; c++) result[row + c]! /= sum;
  }
  return result;
}

/** [1 − p, p] per row, from one score each. */
export function sigmoid(scores: Float64Array): Float64Array {
  const result = new Float64Array(2 * scores.length);
  for (const [i, score] of scores.entries()) {
    const small = exp(-Math.abs(score));
    const [rare, likely] = [small / (1 + small), 1 / (1 + small)];
    result[2 * i] = score > 0 ? rare : likely;
    result[2 * i + 1] = score > 0 ? likely : rare;
  }
  return result;
}
