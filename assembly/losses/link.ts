// The link of a block: scores z in, each row's λ-weighted loss gradient dℓ/dz out (in place), group losses summed.

import { LOGISTIC, Objective, SOFTMAX } from "../objective";
import { addLosses, at, ownWeight } from "./block";
import { logistic } from "./logistic";
import { softmax } from "./softmax";

export function linkBlock<T>(o: Objective, first: i32, count: i32, z: usize): void {
  if (o.model == SOFTMAX) softmax<T>(o, first, count, z);
  else if (o.model == LOGISTIC) logistic<T>(o, first, count, z);
  else squared<T>(o, first, count, z);
}

function squared<T>(o: Objective, first: i32, count: i32, z: usize): void {
  for (let i = 0; i < count; i++) {
    const row = <usize>(first + i);
    const difference = <f64>load<T>(at<T>(z, 0, i)) - load<f64>(o.targets + (row << 3));
    addLosses(o, row, 0.5 * difference * difference, 0);
    store<T>(at<T>(z, 0, i), <T>(ownWeight(o, row) * difference));
  }
}
