import { afterEach, expect, test, vi } from "vitest";
import { createTuner, l1, l2, load, fit as minimize, tune } from "../../src/index.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { binary } from "../../src/wasm/kernels-binary.ts";
import { binary as lpBinary } from "../../src/wasm/lp-binary.ts";
import { decodeBinary, instantiateModule } from "../../src/wasm/module.ts";
import { blobs } from "../reference/blobs.ts";

const code = (expected: string, message = /./) =>
  expect.objectContaining({ name: "LearnLossError", code: expected, message: expect.stringMatching(message) });
const setting = {
  model: "softmax",
  train: blobs(60, 5, 3, 1),
  validation: blobs(80, 5, 3, 2),
  features: { l1: l1(), l2: l2() },
} as const;

afterEach(() => vi.restoreAllMocks());

test("modules that the host compiled give the same bits", async () => {
  const own = await tune(setting);
  const old = kernels();
  load({
    module: new WebAssembly.Module(decodeBinary(binary) as Uint8Array<ArrayBuffer>),
    lp: new WebAssembly.Module(decodeBinary(lpBinary) as Uint8Array<ArrayBuffer>),
  });
  expect(kernels()).not.toBe(old);
  const loaded = await tune(setting);
  expect([loaded.lambda, loaded.error, loaded.certificate]).toEqual([own.lambda, own.error, own.certificate]);
});

test("another module is refused, and what is in use stays", async () => {
  const old = kernels();
  const lp = new WebAssembly.Module(decodeBinary(lpBinary) as Uint8Array<ArrayBuffer>);
  await expect(load({ module: lp })).rejects.toThrow(code("OPTION", /kernels\.wasm/));
  const own = new WebAssembly.Module(decodeBinary(binary) as Uint8Array<ArrayBuffer>);
  await expect(load({ lp: own })).rejects.toThrow(code("OPTION", /lp\.wasm/));
  expect(kernels()).toBe(old);
});

test("a trap is reported, its instance abandoned; the study survives, and everything works again", async () => {
  const trapped = kernels();
  let calls = 0;
  using tuner = createTuner({
    ...setting,
    metric: () => {
      if (++calls === 4) trapped.vexp(1 << 20, -16, -16); // reads beyond the end of memory
      return 1 / calls;
    },
  });
  await expect(tuner.run()).rejects.toThrow(code("TRAP", /report/));
  expect(tuner.study.observations.length).toBeGreaterThan(0);
  expect(kernels()).not.toBe(trapped);
  expect((await tune(setting)).status).toBe("complete");
  expect((await minimize({ model: "softmax", train: setting.train, loss: { l2: 0.1 } })).status).toBe("converged");
});

test("memory that is full is not what comes next: the instance is replaced", () => {
  const full = kernels();
  vi.spyOn(full as { allocate(bytes: number): number }, "allocate").mockReturnValue(0);
  const arena = new Arena(full);
  expect(() => arena.f64(10)).toThrow(code("OUT_OF_MEMORY", /80 bytes/));
  arena.dispose();
  expect(kernels()).not.toBe(full);
  const next = new Arena(kernels());
  expect(next.f64(10)).toBeGreaterThan(0);
  next.dispose();
});

test("no SIMD: said before anything is compiled", () => {
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  expect(() => instantiateModule(decodeBinary(binary))).toThrow(code("NO_SIMD", /Safari/));
});

test.each([
  [
    "Chromium",
    "Module",
    "WebAssembly.Module(): Compiling or instantiating WebAssembly module violates the following Content Security policy",
  ],
  ["Firefox", "Module", "call to WebAssembly.Module() blocked by CSP"],
  [
    "WebKit",
    "Instance",
    "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an",
  ],
] as const)("40 a policy that forbids Wasm is known by what %s says", (_, step, message) => {
  vi.spyOn(WebAssembly, step).mockImplementation(function refuse() {
    throw new WebAssembly.CompileError(message);
  } as never);
  expect(() => instantiateModule(decodeBinary(binary))).toThrow(code("CSP", /'wasm-unsafe-eval'/));
});

test("39 no address space for an instance: OUT_OF_MEMORY", () => {
  vi.spyOn(WebAssembly, "Instance").mockImplementation(function refuse() {
    throw new RangeError("WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance");
  } as never);
  expect(() => instantiateModule(decodeBinary(binary))).toThrow(code("OUT_OF_MEMORY", /address space/));
});
