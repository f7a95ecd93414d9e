// npm run bench:kernels [-- --json FILE]: the fused softmax gradient against the multiply-add peak of the same core in
// the same run, and against a good loop in plain JavaScript, which is validated before anything is timed.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import asc from "assemblyscript/asc";
import { Bench } from "tinybench";
import { Objective, type Rows } from "../src/models/objective.ts";
import { Random } from "../src/random.ts";
import { Arena } from "../src/wasm/arena.ts";
import { kernels } from "../src/wasm/kernels.ts";

type Precision = "f32" | "f64";

interface Case {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  readonly precision: Precision;
  /** Share of nonzeros; 1 is dense. */
  readonly density: number;
}

interface Row {
  readonly name: string;
  readonly milliseconds: number;
  readonly gigaflops: number;
  /** Gigaflops over those of the register loop in the same precision. */
  readonly peakRatio: number;
}

const cases: readonly Case[] = [
  { rows: 5000, columns: 784, classes: 10, precision: "f32", density: 1 },
  { rows: 5000, columns: 784, classes: 10, precision: "f64", density: 1 },
  { rows: 60000, columns: 784, classes: 10, precision: "f32", density: 1 },
  { rows: 300, columns: 64, classes: 10, precision: "f32", density: 1 },
  { rows: 300, columns: 64, classes: 10, precision: "f64", density: 1 },
  { rows: 5000, columns: 784, classes: 10, precision: "f32", density: 0.19 },
  { rows: 5000, columns: 784, classes: 10, precision: "f64", density: 0.19 },
];

/** Median milliseconds of `run`, after the warm-up that tier-up needs. */
async function median(run: () => void): Promise<number> {
  const bench = new Bench({ time: 800, warmupTime: 300, iterations: 5, warmupIterations: 20 });
  bench.add("run", run);
  await bench.run();
  const result = bench.tasks[0]!.result;
  if (!("latency" in result)) throw new Error("The bench did not complete.");
  return result.latency.p50;
}

async function peakModule(): Promise<{ peakF32(steps: number): number; peakF64(steps: number): number }> {
  const source = readFileSync(new URL("assembly/peak.ts", import.meta.url), "utf8");
  const { error, stderr, binary } = await asc.compileString(source, {
    optimizeLevel: 3,
    runtime: "stub",
    enable: ["simd"],
  });
  if (error || !binary) throw new Error(`bench/assembly/peak.ts does not compile:\n${stderr.toString()}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary as BufferSource));
  return exports as unknown as { peakF32(steps: number): number; peakF64(steps: number): number };
}

function dataOf({ rows, columns, classes, precision, density }: Case): { dataset: Rows; targets: Float64Array } {
  const random = new Random(7);
  const wide = precision === "f64";
  const targets = Float64Array.from({ length: rows }, () => Math.floor(random.uniform() * classes));
  if (density === 1) {
    const values = new (wide ? Float64Array : Float32Array)(rows * columns);
    for (let i = 0; i < values.length; i++) values[i] = random.uniform() - 0.5;
    return { dataset: { rows, columns, x: { kind: "dense", values } }, targets };
  }
  const starts = new Int32Array(rows + 1);
  const indices: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (random.uniform() >= density) continue;
      indices.push(j);
      values.push(random.uniform());
    }
    starts[i + 1] = indices.length;
  }
  const x = {
    kind: "csr" as const,
    values: wide ? Float64Array.from(values) : Float32Array.from(values),
    indices: Int32Array.from(indices),
    starts,
  };
  return { dataset: { rows, columns, x }, targets };
}

/** Plain JavaScript, dense: typed arrays only, classes inside so that a row of X is read once for all of them. */
function plainGradient(
  { rows, columns, classes }: Case,
  x: Float32Array | Float64Array,
  targets: Float64Array,
  theta: Float64Array,
  gradient: Float64Array,
): void {
  const scores = new Float64Array(classes);
  gradient.fill(0);
  for (let i = 0; i < rows; i++) {
    const row = i * columns;
    let largest = -Infinity;
    for (let c = 0; c < classes; c++) {
      let sum = theta[classes * columns + c]!;
      const w = c * columns;
      for (let j = 0; j < columns; j++) sum += x[row + j]! * theta[w + j]!;
      scores[c] = sum;
      if (sum > largest) largest = sum;
    }
    let total = 0;
    for (let c = 0; c < classes; c++) {
      scores[c] = Math.exp(scores[c]! - largest);
      total += scores[c]!;
    }
    for (let c = 0; c < classes; c++) {
      const slope = (scores[c]! / total - (targets[i] === c ? 1 : 0)) / rows;
      const g = c * columns;
      for (let j = 0; j < columns; j++) gradient[g + j]! += slope * x[row + j]!;
      gradient[classes * columns + c]! += slope;
    }
  }
}

const rowsOut: Row[] = [];
function record(name: string, milliseconds: number, flops: number, peak: number): void {
  const gigaflops = flops / milliseconds / 1e6;
  const row = { name, milliseconds, gigaflops, peakRatio: gigaflops / peak };
  rowsOut.push(row);
  console.log(
    `${name.padEnd(44)}${milliseconds.toFixed(3).padStart(11)} ms${gigaflops.toFixed(1).padStart(8)} GF/s${(100 * row.peakRatio).toFixed(0).padStart(6)} %`,
  );
}

const loops = await peakModule();
const steps = 1 << 17; // short calls: tier-up counts them
const peaks: Record<Precision, number> = { f32: 0, f64: 0 };
console.log(`${"".padEnd(44)}${"median".padStart(14)}${"speed".padStart(13)}${"peak".padStart(8)}`);
for (const precision of ["f32", "f64"] as const) {
  const loop = precision === "f32" ? loops.peakF32 : loops.peakF64;
  const flops = steps * 12 * 2 * (precision === "f32" ? 4 : 2);
  const milliseconds = await median(() => loop(steps));
  peaks[precision] = flops / milliseconds / 1e6;
  record(`register loop ${precision}`, milliseconds, flops, peaks[precision]);
}

for (const c of cases) {
  const { rows, columns, classes, precision, density } = c;
  const { dataset, targets } = dataOf(c);
  const arena = new Arena(kernels());
  const objective = new Objective(arena, { model: "softmax", dataset, targets, outputs: classes, precision });
  const random = new Random(8);
  const theta = Float64Array.from({ length: objective.thetaCount }, () => 0.1 * (random.uniform() - 0.5));
  const at = arena.copy(theta);
  const out = arena.f64(theta.length);
  const size = `${rows}×${columns}×${classes} ${precision}`;
  const nonzeros = dataset.x.values.length;
  if (density === 1 && rows <= 5000) {
    const plain = new Float64Array(theta.length);
    plainGradient(c, dataset.x.values, targets, theta, plain);
    objective.gradient(at, out);
    const ours = arena.viewF64(out, theta.length);
    const scale = Math.max(...plain.map(Math.abs));
    const worst = Math.max(...plain.map((value, i) => Math.abs(value - ours[i]!))) / scale;
    if (!(worst < (precision === "f32" ? 1e-5 : 1e-12))) throw new Error(`${size}: gradients differ by ${worst}.`);
    const milliseconds = await median(() => plainGradient(c, dataset.x.values, targets, theta, plain));
    record(`plain JavaScript ${size}`, milliseconds, 4 * nonzeros * classes, peaks[precision]);
  }
  const milliseconds = await median(() => objective.gradient(at, out));
  const name = density === 1 ? `learnloss ${size}` : `learnloss CSR ${Math.round(100 * density)} % ${size}`;
  record(name, milliseconds, 4 * nonzeros * classes, peaks[precision]);
  arena.dispose();
}

const json = process.argv.indexOf("--json");
const file = json < 0 ? undefined : process.argv[json + 1];
if (file) {
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  const report = { bench: "kernels", cpu: cpus()[0]?.model, node: process.version, commit, results: rowsOut };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
