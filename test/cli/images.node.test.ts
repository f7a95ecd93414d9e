import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { csv } from "../../src/data/index.ts";
import { npyFile } from "../reference/npy-file.ts";
import { inFolder, learnloss } from "./command-line.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const digits = await csv(new URL("../../data/digits.csv.gz", import.meta.url), { target: "digit" });
const digitsCsv = [`${root}data/digits.csv.gz`, "--target", "digit"];
const plain = ["--model", "softmax", "--scale", "16", "--json"];
const setting = [...plain, "--validation", "0.8"];
inFolder();

async function learned(...parameters: string[]): Promise<{ code: number; json: Record<string, unknown> }> {
  const { code, stdout } = await learnloss(...parameters);
  return { code, json: JSON.parse(stdout) };
}

/** The digits as IDX, images and labels. */
function idxFiles(): [images: Uint8Array, labels: Uint8Array] {
  const header = (...sizes: number[]) => {
    const view = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
    view.setUint32(0, 0x800 | sizes.length);
    for (const [d, size] of sizes.entries()) view.setUint32(4 + 4 * d, size);
    return new Uint8Array(view.buffer);
  };
  return [
    Uint8Array.from([...header(digits.rows, 8, 8), ...digits.x.values]),
    Uint8Array.from([...header(digits.rows), ...(digits.y as Float64Array)]),
  ];
}

beforeAll(() => {
  const [images, labels] = idxFiles();
  writeFileSync("images-idx3-ubyte.gz", gzipSync(images));
  writeFileSync("labels-idx1-ubyte", labels);
  writeFileSync("images.npy", npyFile("'<f8'", `(${digits.rows}, 8, 8)`, digits.x.values));
  writeFileSync("labels.npy", npyFile("'<f8'", `(${digits.rows},)`, digits.y as Float64Array));
});

describe("images on the command line", () => {
  test("images that judge have labels of their own", async () => {
    const { code, json } = await learned(
      "tune",
      ...["images.npy", "--labels", "labels.npy", "--validation-data", "images.npy", "--features", "l2", ...plain],
    );
    expect(code).toBe(2);
    expect(json).toMatchObject({ error: { code: "OPTION", message: expect.stringContaining("--validation-labels") } });
  });

  test("IDX, .npy and CSV of the same images are tuned to the same loss, which fits and predicts", async () => {
    const policy = ["--features", "augment:shift,noise=0.2,mirror,l2", "--image", "8x8"];
    const idx = ["images-idx3-ubyte.gz", "--labels", "labels-idx1-ubyte"];
    const npy = ["images.npy", "--labels", "labels.npy"];
    const results: Record<string, unknown>[] = [];
    for (const data of [idx, npy, digitsCsv]) {
      const { json } = await learned("tune", ...data, ...policy, ...setting, "--save-loss", "policy.json");
      // Columns have names in a CSV alone.
      const { milliseconds: _, warnings: __, ...result } = json;
      results.push(result);
    }
    const [first, ...others] = results;
    for (const other of others) expect(other).toEqual(first);
    const lambda = first!.lambda as Record<string, number>;
    expect(Object.keys(lambda)).toEqual(["original", "shift", "noise=0.2", "mirror", "l2"]);
    expect(lambda.mirror).toBeLessThan(0.02);

    // A policy is worth something: the same without it.
    const { json: plain } = await learned("tune", ...idx, "--features", "l2", ...setting);
    expect(first!.error).toBeLessThan(0.95 * (plain.error as number));

    const loss = ["--loss", "policy.json", "--tolerance", "1e-4", "--scale", "16", "--model", "softmax"];
    await learned("fit", ...idx, ...loss, "--output", "model.json", "--json");
    const predictions = async (data: string) => {
      const { json } = await learned("predict", "model.json", data, "--json");
      return json.predictions as number[];
    };
    const predicted = await predictions("images.npy");
    expect(await predictions("images-idx3-ubyte.gz")).toEqual(predicted);
    const right = predicted.filter((label, i) => label === digits.y[i]).length;
    expect(right).toBeGreaterThan(0.93 * digits.rows);
    const { code, json } = await learned("predict", "model.json", digitsCsv[0]!, "--json");
    expect([code, (json.error as { code: string }).code]).toEqual([2, "CORRUPT"]);
  });

  test("the file's shape is that of its images: another is refused, in tune and where a stored loss is fitted", async () => {
    const pixels = Float32Array.from({ length: 30 * 108 }, (_, i) => (i * i) % 7);
    for (const shape of ["6, 6, 3", "3, 6, 6"])
      writeFileSync(`${shape[0]}.npy`, npyFile("'<f4'", `(30, ${shape})`, pixels));
    writeFileSync("30.npy", npyFile("'<f4'", "(30,)", pixels.subarray(0, 30)));
    const tuned = (path: string, ...image: string[]) =>
      learned(
        ...["tune", path, "--labels", "30.npy", "--features", "augment:mirror,l2", "--model", "softmax", "--json"],
        ...["--passes", "10", "--save-loss", "rgb.json", ...image],
      );
    const refused = { code: 2, json: { error: { code: "SHAPE" } } };
    expect(await tuned("6.npy")).toMatchObject({ code: 0 });
    expect(await tuned("3.npy", "--image", "6x6x3")).toMatchObject(refused);
    expect(await tuned("6.npy", "--image", "12x9")).toMatchObject(refused);
    const fitting = ["--labels", "30.npy", "--loss", "rgb.json", "--model", "softmax", "--json"];
    expect(await learned("fit", "6.npy", ...fitting)).toMatchObject({ code: 0 });
    expect(await learned("fit", "3.npy", ...fitting)).toMatchObject(refused);
  });

  test("augment alone is all transformations; beside class weights the classes take the place of the rows as they are", async () => {
    const budget = ["--passes", "30"];
    const names = async (features: string) => {
      const { json } = await learned("tune", ...digitsCsv, "--features", features, ...setting, ...budget);
      return Object.keys(json.lambda as object);
    };
    const all = ["shift", "rotate", "scale", "shear", "mirror", "blur", "noise", "contrast", "cutout"];
    expect(await names("augment,l2")).toEqual(["original", ...all, "l2"]);
    const classes = Array.from({ length: 10 }, (_, digit) => `class:${digit}`);
    expect(await names("class-weights,augment:rotate,rotate=20,l1")).toEqual([...classes, "rotate", "rotate=20", "l1"]);
  });

  test("other validation images, with labels of their own", async () => {
    const judges = ["--validation-data", "images.npy", "--validation-labels", "labels.npy"];
    const data = ["images-idx3-ubyte.gz", "--labels", "labels-idx1-ubyte"];
    const { json } = await learned("tune", ...data, ...judges, "--features", "l2", ...plain, "--passes", "10");
    expect(json.warnings).toContainEqual(expect.stringMatching(/^LEAK/));
  });

  test.each([
    ["a transformation that is none", ["--features", "augment:shfit"], /augment: has "shfit"/],
    ["a mirror with an amount", ["--features", "augment:mirror=2"], /has "mirror=2"/],
    ["an amount out of range", ["--features", "augment:scale=-1"], /scale is/],
    ["two amounts", ["--features", "augment:rotate=15=3"], /rotate is "15=3"/],
    ["one transformation twice", ["--features", "augment:blur,blur"], /blur twice/],
    ["a transformation without augment", ["--features", "shift,l2"], /has "shift"/],
    ["images of another shape", ["--features", "augment", "--image", "8x9"], /8 × 9 pixels/],
    ["no shape", ["--features", "augment", "--image", "8"], /--image is "8"/],
    ["a shape for nothing", ["--features", "l2", "--image", "8x8"], /add augment/],
    ["images that are standardized", ["--features", "augment", "--standardize"], /exclude each other/],
    ["labels of a CSV", ["--features", "l2", "--labels", "labels.npy"], /is a CSV/],
    ["labels of no images", ["--features", "l2", "--validation-labels", "labels.npy"], /give both/],
  ])("%s: said so, exit code 2", async (_, parameters, message) => {
    const { code, json } = await learned("tune", ...digitsCsv, "--model", "softmax", ...parameters, "--json");
    expect(code).toBe(2);
    expect((json.error as { message: string }).message).toMatch(message);
  });

  test.each([
    ["no target", [digitsCsv[0]!], /--target is missing/],
    ["no labels", ["images.npy"], /give --labels/],
    ["columns of what has no names", ["images.npy", "--labels", "labels.npy", "--target", "digit"], /--target names/],
    ["labels of another length", ["images.npy", "--labels", "images.npy"], /one value per row/],
  ])("%s: said so, exit code 2", async (_, data, message) => {
    const { code, json } = await learned("fit", ...data, "--model", "softmax", "--json");
    expect(code).toBe(2);
    expect((json.error as { message: string }).message).toMatch(message);
  });
});

test("the help of tune says it", async () => {
  const { stdout } = await learnloss("tune", "--help");
  for (const option of ["augment:", "--image", "--labels", "--validation-labels"]) expect(stdout).toContain(option);
  expect(readFileSync(`${root}docs/applications.md`, "utf8")).toContain("--features augment:");
});
