// Broken inputs by chance, to see that each is read, or refused with a code, in less than a second.
import { csv, dense, idx, libsvm, npy, sparse } from "../../src/data/index.ts";
import {
  atLeast,
  between,
  createStudy,
  type Dataset,
  fixed,
  LinearLoss,
  LinearModel,
  l1,
  l2,
  fit as minimize,
  Study,
  share,
  tune,
} from "../../src/index.ts";
import { journalHeader, journalLine, readJournal } from "../../src/journal.ts";
import { parseMps } from "../../src/mps.ts";
import { Random } from "../../src/random.ts";
import { blobs } from "./blobs.ts";
import { leastTime } from "./least-time.ts";
import { npyFile } from "./npy-file.ts";

/** What was wrong with one input. */
export interface Finding {
  readonly target: string;
  readonly seed: number;
  readonly problem: string;
}

/** Milliseconds that an input may take. */
const PATIENCE = 1000;

/** Tries inputs `from` … `from + count − 1`; each depends on its number alone. */
export async function fuzz(count: number, from = 0): Promise<{ findings: Finding[]; refused: number }> {
  const findings: Finding[] = [];
  let refused = 0;
  for (let seed = from; seed < from + count; seed++) {
    const { target, error, spent } = await attempted(seed);
    if (error !== undefined) {
      const { name, code, stack } = error as { name?: string; code?: string; stack?: string };
      refused++;
      if (name !== "LearnLossError" || code === "TRAP")
        findings.push({ target, seed, problem: stack ?? String(error) });
    }
    if (spent < PATIENCE) continue;
    const least = await leastTime(PATIENCE, async () => (await attempted(seed)).spent);
    if (least >= PATIENCE) findings.push({ target, seed, problem: `${least.toFixed(0)} ms` });
  }
  return { findings, refused };
}

async function attempted(seed: number): Promise<{ target: string; error?: unknown; spent: number }> {
  const random = new Random(seed, 7);
  const [target, attempt] = pick(random, TARGETS);
  const began = performance.now();
  let error: unknown;
  try {
    await attempt(random);
  } catch (thrown) {
    error = thrown;
  }
  return { target, error, spent: performance.now() - began };
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}

/** Values that programs stumble over. */
const STONES: readonly unknown[] = [
  ...[0, -0, 1, -1, 1.5, 2, 7, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, Number.NaN, Infinity, -Infinity],
  ...["", "x", "1", "__proto__", "constructor", "\u2028", null, undefined, true, 10n],
  ...[[], {}, [1], new Float64Array(2), new BigInt64Array(1), () => 1],
];

/** Mostly an ordinary number, sometimes a stone. */
function value(random: Random, share = 0.03): never {
  return (random.uniform() < share ? pick(random, STONES) : random.normal()) as never;
}

function many(random: Random, most: number, make: () => never): never[] {
  return Array.from({ length: random.below(most + 1) }, make);
}

/** Cuts, doubles, exchanges and overwrites pieces. */
function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let result = Array.from(bytes);
  for (let change = random.below(3); change >= 0; change--) {
    const at = random.below(result.length + 1);
    const length = random.below(Math.min(result.length - at, 20) + 1);
    switch (random.below(5)) {
      case 0:
        result.splice(at, length);
        break;
      case 1:
        result.splice(at, 0, ...result.slice(at, at + length));
        break;
      case 2:
        result.splice(at, length, ...Array.from({ length: random.below(6) }, () => random.below(256)));
        break;
      case 3:
        result = result.slice(0, at);
        break;
      default:
        if (at < result.length) result[at]! ^= 1 << random.below(8);
    }
  }
  return Uint8Array.from(result);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const garbled = (random: Random, text: string) => decoder.decode(mutated(random, encoder.encode(text)));

/** The text with one of its numbers or words replaced by a stone. */
function stumbled(random: Random, json: string): string {
  const parts = json.split(/(-?\d+(?:\.\d+)?(?:e-?\d+)?|"\w+")/);
  const at = 1 + 2 * random.below(Math.max(1, (parts.length - 1) / 2));
  parts[at] = JSON.stringify(pick(random, STONES), (_, v) => (typeof v === "bigint" ? Number(v) : v)) ?? "";
  return parts.join("");
}

const JSON_OF = { min: 1e-6, max: 1 };
const LOSS = JSON.stringify(
  new LinearLoss("logLoss", { l1: { kind: "l1", ...JSON_OF }, l2: { kind: "l2", ...JSON_OF } }, { l1: 0.1, l2: 0.2 }),
);
const MODEL = JSON.stringify({
  learnloss: "model",
  version: 1,
  kind: "softmax",
  classes: ["a", "b"],
  columns: 2,
  coefficients: [1, 2, 3, 4],
  intercepts: [0, 1],
});
const CSV = 'a,b,t\n1,2.5,x\n-3,4e-1,y\n"1",2,"z\n"\n';
const SVM = "+1 1:0.5 3:-2e-1 # c\n-1 2:1\n1 1:1 4:2\n";
const MPS =
  "NAME x\nROWS\n N c\n L r\n G s\nCOLUMNS\n x c 1 r 2\n y c 2 s 1\nRHS\n b r 4 s 1\nBOUNDS\n UP b x 4\nENDATA\n";
const NPY = npyFile("'<f8'", "(3, 2)", Float64Array.from([1, 2, 3, 4, 5, 6]));
const NPY_Y = npyFile("'<i8'", "(3,)", BigInt64Array.from([1n, 2n, 1n]));
const IDX = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6);
const IDX_Y = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 1);

function toldStudy(): Study {
  const study = createStudy({ lambda: { logLoss: fixed(1), l2: atLeast(0) }, seed: 5 });
  for (let i = 0; i < 4; i++) {
    const trial = study.ask();
    const model = { features: { logLoss: 1 / (1 + i), l2: i }, error: 1 + Math.abs(i - 2) };
    study.observe(trial, model);
    if (i === 1) study.fail(trial, "no");
    else study.tell(trial, model);
  }
  return study;
}

const STUDY = JSON.stringify(toldStudy());
const JOURNAL = encoder.encode(
  journalHeader(toldStudy().options, "f") +
    toldStudy()
      .events.map((event) => journalLine(event))
      .join(""),
);

const small = blobs(12, 2, 2, 1);

/** A dataset whose leaves may be stones. */
function dataset(random: Random): Dataset {
  const rows = 3 + random.below(12);
  const share = random.uniform() < 0.5 ? 0 : 0.02;
  const scale = pick(random, [1, 1, 1, 1e-300, 1e30, 1e150]);
  const number = () => (random.uniform() < share ? value(random, 1) : random.normal() * scale) as number;
  return dense({
    x: Array.from({ length: rows }, () => [number(), number()]),
    y: Array.from({ length: rows }, () => (random.uniform() < share ? value(random, 1) : random.below(3))),
    ...(random.uniform() < 0.2 ? { weights: many(random, 14, () => value(random, 0.02)) } : {}),
  });
}

const ROUNDS = { passes: 40, trials: 3 };

const TARGETS: readonly (readonly [string, (random: Random) => unknown])[] = [
  ["csv", (random) => csv(`${garbled(random, CSV)}\n`, { target: "t" })],
  ["csv bytes", (random) => csv(mutated(random, encoder.encode(CSV)), { target: "t" })],
  ["libsvm", (random) => libsvm(`${garbled(random, SVM)}\n`)],
  ["npy", (random) => npy(mutated(random, NPY), { y: random.below(2) ? NPY_Y : mutated(random, NPY_Y) })],
  ["idx", (random) => idx(mutated(random, IDX), { y: random.below(2) ? IDX_Y : mutated(random, IDX_Y) })],
  ["mps", (random) => parseMps(garbled(random, MPS))],
  [
    "dense",
    (random) =>
      dense({
        x: many(random, 5, () => many(random, 4, () => value(random)) as never) as never,
        y: many(random, 5, () => value(random)),
      }),
  ],
  [
    "sparse",
    (random) =>
      sparse({
        values: Float64Array.from({ length: random.below(5) }, () => random.normal()),
        indices: Int32Array.from({ length: random.below(5) }, () => random.below(5) - 1),
        starts: Int32Array.from({ length: random.below(5) }, () => random.below(5) - 1),
        columns: value(random, 0.5),
        y: many(random, 4, () => value(random)),
      }),
  ],
  ["loss", (random) => LinearLoss.fromJSON(stumbled(random, LOSS))],
  ["loss text", (random) => LinearLoss.fromJSON(garbled(random, LOSS))],
  [
    "stored loss",
    (random) => minimize({ model: "softmax", train: small, loss: LinearLoss.fromJSON(stumbled(random, LOSS)) }),
  ],
  ["model", (random) => LinearModel.fromJSON(stumbled(random, MODEL)).predict(small)],
  ["study", (random) => Study.fromJSON(stumbled(random, STUDY)).ask()],
  ["study text", (random) => Study.fromJSON(garbled(random, STUDY)).ask()],
  ["journal", (random) => readJournal(mutated(random, JOURNAL))],
  ["journal as text", (random) => Study.fromJSON(new TextDecoder().decode(mutated(random, JOURNAL))).ask()],
  [
    "weights",
    (random) => {
      const make = [
        () => fixed(value(random, 0.3)),
        () => atLeast(value(random, 0.3)),
        () => share(value(random, 0.3)),
      ];
      const weight = () => pick(random, [...make, () => between(value(random, 0.3), value(random, 0.3))])();
      createStudy({ lambda: { a: weight(), b: weight(), __proto__: weight() }, seed: value(random, 0.2) }).ask();
    },
  ],
  [
    "ask and tell",
    (random) => {
      const study = createStudy({ lambda: { logLoss: fixed(1), l1: atLeast(0), l2: between(0.01, 1) }, seed: 1 });
      const trial = study.ask();
      for (let i = random.below(8); i >= 0; i--) {
        const features = { logLoss: value(random), l1: value(random), l2: value(random) };
        const model = { features, error: value(random, 0.2) };
        pick(random, [
          () => study.tell(study.ask(), model),
          () => study.observe(trial, model),
          () => study.fail({ id: value(random, 0.8) }, value(random, 1)),
          () => study.ask({ lambda: { logLoss: 1, l1: value(random, 0.3), l2: 0.1 } }),
        ])();
      }
      study.ask();
    },
  ],
  [
    "fit",
    (random) =>
      minimize({ model: pick(random, ["softmax", "logistic", "squared"]), train: dataset(random), iterations: 60 }),
  ],
  [
    "penalized fit",
    (random) =>
      minimize({
        model: pick(random, ["softmax", "squared"]),
        train: dataset(random),
        loss: { l1: Math.abs(random.normal()), l2: value(random, 0.3) },
        tolerance: value(random, 0.2),
        iterations: 60,
      }),
  ],
  [
    "tune",
    (random) =>
      tune({
        model: pick(random, ["softmax", "logistic", "squared"]),
        train: dataset(random),
        validation: dataset(random),
        features: { l1: l1(), l2: l2() },
        seed: random.below(5),
        ...ROUNDS,
      }),
  ],
];
