// Everybody else's softmax gradient, in the best form that their interface allows: data handed over before the clock
// starts, one thread. A peer that is not installed throws; who is wrong is found out by the caller.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { softmaxGradientModel } from "./onnx.ts";
import { type Problem, plainGradient } from "./problem.ts";

export interface Peer {
  readonly name: string;
  /** Evaluates the gradient and leaves it where `gradient` finds it. */
  run(): unknown;
  /** θ's layout, at the last run. */
  gradient(): ArrayLike<number>;
  /** Milliseconds of each run, when the peer keeps its own clock. */
  readonly times?: readonly number[];
  readonly note?: string;
  dispose?(): void;
}

export function plain(problem: Problem): Peer {
  const out = new Float64Array(problem.theta.length);
  return { name: "plain JavaScript", run: () => plainGradient(problem, out), gradient: () => out };
}

/** W of θ as columns × classes in f32, and the intercepts. */
function transposed({ dataset: { columns }, outputs, theta }: Problem): { w: Float32Array; b: Float32Array } {
  const w = Float32Array.from(
    { length: columns * outputs },
    (_, i) => theta[(i % outputs) * columns + Math.floor(i / outputs)]!,
  );
  return { w, b: Float32Array.from(theta.subarray(outputs * columns)) };
}

/** Gradients of W (columns × classes) and of the intercepts in θ's layout. */
function inLayout(g: ArrayLike<number>, b: ArrayLike<number>, columns: number, outputs: number): Float64Array {
  return Float64Array.from({ length: outputs * (columns + 1) }, (_, i) =>
    i < outputs * columns ? g[(i % columns) * outputs + Math.floor(i / columns)]! : b[i - outputs * columns]!,
  );
}

interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}

interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy<T>(run: () => T): T;
  tensor2d(values: Float32Array, shape: [number, number]): TfTensor;
  tensor1d(values: Float32Array | Int32Array, type?: string): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, factor: number): TfTensor;
  mean(a: TfTensor, axis: number): TfTensor;
  softmax(logits: TfTensor): TfTensor;
  oneHot(labels: TfTensor, depth: number): TfTensor;
  version_core: string;
}

export async function tfjs(problem: Problem, backend: "wasm" | "cpu"): Promise<Peer> {
  const tf = (await import("@tensorflow/tfjs-core" as string)) as Tf;
  const module = await import(`@tensorflow/tfjs-backend-${backend}` as string);
  if (backend === "wasm") {
    const { setWasmPaths } = module as { setWasmPaths(folder: string): void };
    setWasmPaths(`${dirname(fileURLToPath(import.meta.resolve("@tensorflow/tfjs-backend-wasm")))}/`);
  }
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend does not start`);
  await tf.ready();
  const { dataset, outputs, targets } = problem;
  const { rows, columns } = dataset;
  const { w, b } = transposed(problem);
  const kept = [
    tf.tensor2d(Float32Array.from(dataset.x.values), [rows, columns]),
    tf.tensor2d(w, [columns, outputs]),
    tf.tensor1d(b),
    tf.oneHot(tf.tensor1d(Int32Array.from(targets), "int32"), outputs),
  ] as const;
  const [x, weights, intercepts, hot] = kept;
  let last: readonly Float32Array[] = [];
  return {
    name: `tfjs ${tf.version_core} ${backend}`,
    run: () => {
      last = tf.tidy(() => {
        const r = tf.sub(tf.softmax(tf.add(tf.matMul(x, weights), intercepts)), hot);
        return [tf.mul(tf.matMul(x, r, true), 1 / rows).dataSync(), tf.mean(r, 0).dataSync()];
      });
    },
    gradient: () => inLayout(last[0]!, last[1]!, columns, outputs),
    dispose: () => {
      for (const tensor of kept) tensor.dispose();
    },
  };
}

interface Ort {
  env: { wasm: { numThreads: number }; versions: { web?: string; common: string } };
  Tensor: new (type: "float32", values: Float32Array, dims: readonly number[]) => object;
  InferenceSession: {
    create(
      model: Uint8Array,
      options: Record<string, unknown>,
    ): Promise<{
      run(feeds: Record<string, object>): Promise<Record<string, { readonly data: Float32Array }>>;
      release(): Promise<void>;
    }>;
  };
}

export async function onnxruntime(problem: Problem): Promise<Peer> {
  const ort = (await import("onnxruntime-web" as string)) as Ort;
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(softmaxGradientModel(problem), {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  const { columns } = problem.dataset;
  const { w, b } = transposed(problem);
  const feeds = {
    W: new ort.Tensor("float32", w, [columns, problem.outputs]),
    b: new ort.Tensor("float32", b, [problem.outputs]),
  };
  let last: Record<string, { readonly data: Float32Array }> = {};
  return {
    name: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`,
    run: async () => {
      last = await session.run(feeds);
    },
    gradient: () => inLayout(last.G!.data, last.g!.data, columns, problem.outputs),
    dispose: () => void session.release(),
  };
}

interface MlMatrix {
  readonly rows: number;
  to1DArray(): number[];
}

/**
 * ml-logistic-regression trains one classifier against the rest for each class, without intercepts: one step of each, from
 * θ = 0 with a learning rate of 1, leaves n times minus the gradients of these losses.
 */
export async function mlLogisticRegression(problem: Problem): Promise<Peer & { readonly expected: Float64Array }> {
  const { default: LogisticRegression } = (await import("ml-logistic-regression" as string)) as {
    default: new (
      options: object,
    ) => {
      train(x: MlMatrix, y: MlMatrix): void;
      classifiers: { weights: MlMatrix }[];
    };
  };
  const { Matrix } = (await import("ml-matrix" as string)) as {
    Matrix: (new (
      rows: number,
      columns: number,
    ) => MlMatrix & { set(i: number, j: number, x: number): void }) & {
      columnVector(values: ArrayLike<number>): MlMatrix;
    };
  };
  const { dataset, outputs, targets } = problem;
  const { rows, columns } = dataset;
  const x = new Matrix(rows, columns);
  const expected = new Float64Array(outputs * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = dataset.x.values[i * columns + j]!;
      x.set(i, j, value);
      // Its target is 0 for the class itself: the slope at θ = 0 is ½ − target.
      for (let c = 0; c < outputs; c++) expected[c * columns + j]! += value * ((targets[i] === c ? 0 : 1) - 0.5);
    }
  }
  const y = Matrix.columnVector(Array.from(targets));
  const model = new LogisticRegression({ numSteps: 1, learningRate: 1 });
  return {
    name: "ml-logistic-regression, a step",
    expected,
    run: () => model.train(x, y),
    gradient: () => model.classifiers.flatMap(({ weights }) => weights.to1DArray()),
  };
}

/** One thread of whatever BLAS numpy has, in blocks of rows: a block's scores stay in cache. */
export function numpy(problem: Problem, block: number): Peer {
  const { dataset, outputs, targets, theta } = problem;
  const folder = mkdtempSync(join(tmpdir(), "learnloss-"));
  try {
    writeFileSync(join(folder, "x.bin"), new Uint8Array(dataset.x.values.buffer));
    writeFileSync(join(folder, "theta.bin"), new Uint8Array(theta.buffer));
    writeFileSync(join(folder, "y.bin"), new Uint8Array(targets.buffer));
    // The machine's own kernels, whatever was set for other programs.
    const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...environment } = process.env;
    const script = fileURLToPath(new URL("softmax_gradient.py", import.meta.url));
    const sizes = [dataset.rows, dataset.columns, outputs, block].map(String);
    const { status, stdout, stderr, error } = spawnSync(process.env.PYTHON ?? "python3", [script, folder, ...sizes], {
      encoding: "utf8",
      env: { ...environment, OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" },
    });
    if (status !== 0) throw new Error(error?.message ?? stderr.trim().split("\n").at(-1));
    const { times, library } = JSON.parse(stdout) as { times: number[]; library: string };
    const gradient = new Float64Array(Uint8Array.from(readFileSync(join(folder, "gradient.bin"))).buffer);
    return { name: `numpy, blocks of ${block}`, run: () => {}, gradient: () => gradient, times, note: library };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
