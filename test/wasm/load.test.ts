import { afterEach, expect, test } from "vitest";
import { load, fit as minimize } from "../../src/index.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { binary } from "../../src/wasm/kernels-binary.ts";
import { hasRelaxedSimd } from "../../src/wasm/load.ts";
import { decodeBinary } from "../../src/wasm/module.ts";
import { blobs } from "../reference/blobs.ts";

afterEach(() => load({ relaxed: false }));

const relaxedHere = hasRelaxedSimd();

test("load({ module }) is in use at once, and the default comes back", async () => {
  const before = kernels();
  const loaded = load({ module: new WebAssembly.Module(decodeBinary(binary) as BufferSource) });
  const after = kernels();
  expect(after).not.toBe(before);
  expect(await loaded).toBe("simd");
  expect(kernels()).toBe(after);
  expect(await load({ relaxed: false })).toBe("simd");
});

test.skipIf(relaxedHere)("load({ relaxed: true }) keeps the default where the engine has no relaxed SIMD", async () => {
  expect(await load({ relaxed: true })).toBe("simd");
});

test.skipIf(!relaxedHere)("load({ relaxed: true }) gives the same models to rounding", async () => {
  const train = blobs(200, 6, 3, 1);
  const solve = () => minimize({ model: "softmax", train, loss: { l2: 0.01 }, tolerance: 1e-9 });
  const simd = await solve();
  expect(await load({ relaxed: true })).toBe("relaxed-simd");
  const relaxed = await solve();
  expect(relaxed.status).toBe("converged");
  expect(Math.abs(relaxed.objective - simd.objective) / simd.objective).toBeLessThan(1e-12);
  expect(Math.max(...relaxed.model.coefficients.map((w, i) => Math.abs(w - simd.model.coefficients[i]!)))).toBeLessThan(
    1e-6,
  );
});
