// One peer at one size in a process of its own, so that one which hangs or crashes can be ended: asked for a seed, it
// solves for TURN ms, or once, and sends the times.
import { type Instance, instance, later, sizes } from "./family.ts";
import { type Answer, type PeerName, peers } from "./peers.ts";

/** What a peer says of a seed. Times in ms, in the order of the solves. */
export interface Turn {
  readonly objective: number;
  readonly times: readonly number[];
  readonly warm?: { readonly objective: number; readonly times: readonly number[] };
}

const TURN = 30;

const [, , name, size] = process.argv;
const [m, k] = sizes[Number(size)]!;
const solve = await peers[name as PeerName]();
const warmUp = instance(99, Math.min(m, 50), Math.min(k, 3));
const began = performance.now();
do await solve(warmUp, warmUp.error.length - later);
while (performance.now() - began < 300);

const data = new Map<number, Instance>();
process.on("message", async (seed: number) => {
  if (!data.has(seed)) data.set(seed, instance(seed, m, k));
  const answers: Answer[] = [];
  const start = performance.now();
  do answers.push(await solve(data.get(seed)!, m));
  while (performance.now() - start < TURN);
  const { objective, warm } = answers[0]!;
  const again = warm && { objective: warm.objective, times: answers.map((answer) => answer.warm!.time) };
  const turn: Turn = { objective, times: answers.map(({ time }) => time), ...(again ? { warm: again } : {}) };
  process.send!(turn);
});
process.send!("ready");
