import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright";
import { publint } from "publint";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

// What npm would publish, unpacked where a user's project would have it, without any of its dependencies.
let project = "";
const installed = () => join(project, "node_modules/learnloss");
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "learnloss-"));
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(stdout);
  mkdirSync(installed(), { recursive: true });
  await run("tar", ["-xzf", join(project, filename), "--strip-components=1", "-C", installed()]);
  writeFileSync(join(project, "package.json"), '{"name":"consumer","private":true,"type":"module"}');
});
afterAll(() => rmSync(project, { recursive: true }));

const TUNE = `
import { createStudy, atLeast, data, fit, fixed, l2, mirror, tune } from "learnloss";
import { solveLp } from "learnloss/lp";
import { parseMps } from "learnloss/mps";
const rows = (n, from) => Array.from({ length: n }, (_, i) => [((i * 7 + from) % 11) - 5, ((i * 5 + from) % 13) - 6]);
const set = (n, from) => data.dense({ x: rows(n, from), y: rows(n, from).map(([a, b]) => (a + b > 0 ? "yes" : "no")) });
const study = createStudy({ lambda: { loss: fixed(1), l2: atLeast(0) } });
export async function result() {
  const { status, error, lambda } = await tune({ model: "logistic", train: set(60, 1), validation: set(60, 4), features: { l2: l2() } });
  const { objective } = await fit({ model: "logistic", train: set(60, 1), loss: { l2: 0.1 } });
  const mirrored = data.augment(set(6, 1), { mirror: mirror() }, { width: 2, height: 1 }).rows;
  const solved = solveLp({ cost: [-1], matrix: { rows: 1, dense: [1] }, rowUpper: [3] }).status;
  return JSON.stringify({ status, error, lambda, objective, mirrored, solved, asked: study.ask().lambda, kind: typeof parseMps });
}
`;

const THREADS = `
import { data, l2, tune } from "learnloss";
import { createPool } from "learnloss/workers";
const rows = Array.from({ length: 60 }, (_, i) => [((i * 7) % 11) - 5, ((i * 5) % 13) - 6]);
const train = data.dense({ x: rows, y: rows.map(([a, b], i) => (a + b + (i % 3) > 1 ? "yes" : "no")) });
export async function result(workers) {
  const pool = workers ? createPool({ workers }) : undefined;
  const tuned = await tune({ model: "logistic", train, folds: 3, features: { l2: l2() }, ...(pool ? { workers: pool } : {}) });
  await pool?.dispose();
  return JSON.stringify([tuned.status, tuned.error, tuned.lambda, Array.from(tuned.model.coefficients)]);
}
`;

const known = [process.env.CHROME, "/usr/bin/chromium", "/usr/bin/google-chrome"];
const executablePath = known.find((path) => path && existsSync(path));
let browser: Browser | undefined;
afterAll(() => browser?.close());

/** A new page, where there is a browser. */
async function newPage(): Promise<Page | undefined> {
  if (!executablePath) return undefined;
  browser ??= await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  return browser.newPage();
}

/** Modules that a module imports, statically and at run time. */
function importsOf(file: string): { readonly fixed: string[]; readonly lazy: string[] } {
  const source = readFileSync(file, "utf8");
  const names = (pattern: RegExp) => [...source.matchAll(pattern)].map(([, name]) => name!);
  return {
    fixed: names(/^(?:import|export)\b[^;]*?from "([^"]+)"|^import "([^"]+)"/gm),
    lazy: names(/\bimport\("([^"]+)"\)/g),
  };
}

describe("the package", () => {
  test("has what is needed and nothing else, without a complaint of publint", async () => {
    for (const file of [
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "dist/index.js",
      "dist/index.d.ts",
      "data/digits.csv.gz",
    ]) {
      expect(existsSync(join(installed(), file)), file).toBe(true);
    }
    for (const file of ["src", "test", "assembly", "bench", "build", "node_modules"]) {
      expect(existsSync(join(installed(), file)), file).toBe(false);
    }
    const { scripts, dependencies } = JSON.parse(readFileSync(join(installed(), "package.json"), "utf8"));
    expect(Object.keys(scripts).filter((name) => /install$/.test(name))).toEqual([]);
    expect(Object.keys(dependencies).length).toBeLessThan(6);
    expect((await publint({ pkgDir: installed(), strict: true, pack: false })).messages).toEqual([]);
  });

  test("has declarations that TypeScript before 5.7 reads, whose typed arrays are not generic", () => {
    const files = readdirSync(join(installed(), "dist"), { recursive: true, encoding: "utf8" });
    const texts = files
      .filter((file) => file.endsWith(".d.ts"))
      .map((file) => [file, readFileSync(join(installed(), "dist", file), "utf8")] as const);
    expect(texts.length).toBeGreaterThan(100);
    expect(texts.filter(([, text]) => /Array<ArrayBuffer/.test(text)).map(([file]) => file)).toEqual([]);
  });

  test("the Wasm module of the LP engine is under 25 kB gzipped", () => {
    const bytes = gzipSync(readFileSync(join(installed(), "dist/wasm/lp.wasm")), { level: 9 }).length;
    console.log(`lp.wasm: ${bytes} bytes gzipped`);
    expect(bytes).toBeLessThan(25_000);
  });

  test.each(["index.js", "lp.js", "mps.js"])("nothing that %s needs is outside the package", (entry) => {
    const seen = new Set<string>();
    const lazy = new Set<string>();
    const walk = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const imports = importsOf(file);
      for (const name of imports.lazy) {
        if (name.startsWith(".")) walk(join(dirname(file), name));
        else lazy.add(name);
      }
      for (const name of imports.fixed) {
        expect(name, file).toMatch(/^\.\.?\//);
        walk(join(dirname(file), name));
      }
    };
    walk(join(installed(), "dist", entry));
    // Reading a CSV is the one thing that a library is loaded for, at the first call.
    expect([...lazy]).toEqual(entry === "index.js" ? ["csv-parse/sync", "csv-parse/browser/esm/sync"] : []);
  });

  test.each([
    ["learnloss/lp", "createL1Fit, createLp, LearnLossError, load, orderingMargin, solveLp"],
    ["learnloss/mps", "parseMps"],
  ])("%s exports %s", async (entry, names) => {
    writeFileSync(
      join(project, "names.mjs"),
      `import * as entry from "${entry}"; console.log(Object.keys(entry).sort((a, b) => a.localeCompare(b)).join(", "));`,
    );
    const { stdout } = await run(process.execPath, ["names.mjs"], { cwd: project });
    expect(stdout.trim()).toBe(names);
  });

  test("an MPS file is read and solved", async () => {
    writeFileSync(
      join(project, "solve.mjs"),
      `import { readFileSync } from "node:fs";
import { solveLp } from "learnloss/lp";
import { parseMps } from "learnloss/mps";
const { status, objective } = solveLp(parseMps(readFileSync(process.argv[2], "latin1")).problem);
console.log(status, objective.toFixed(9));`,
    );
    const { stdout } = await run(process.execPath, ["solve.mjs", `${root}test/fixtures/lp/beale.mps`], {
      cwd: project,
    });
    expect(stdout.trim()).toBe("optimal -1.250000000");
  });

  test("runs in Node and, bundled, in a browser, also in one that knows no `using`: the same numbers", async () => {
    writeFileSync(join(project, "tune.js"), TUNE);
    writeFileSync(join(project, "node.js"), 'import { result } from "./tune.js"; console.log(await result());');
    writeFileSync(join(project, "page.js"), 'import { result } from "./tune.js"; globalThis.answer = result();');
    const { stdout } = await run(process.execPath, ["node.js"], { cwd: project });
    expect(JSON.parse(stdout)).toMatchObject({ status: "complete", mirrored: 12, solved: "optimal", kind: "function" });
    const older = { "Symbol.dispose": "undefined", "Symbol.asyncDispose": "undefined" };
    for (const define of [{}, older]) {
      const bundle = await build({
        define,
        entryPoints: [join(project, "page.js")],
        bundle: true,
        platform: "browser",
        format: "iife",
        minify: true,
        write: false,
        external: ["csv-parse/*"],
        logLevel: "silent",
      });
      expect(bundle.warnings).toEqual([]);
      const page = await newPage();
      await page?.addScriptTag({ content: bundle.outputFiles[0]!.text });
      if (page) expect(await page.evaluate("answer")).toBe(stdout.trim());
    }
  });

  test("a bundler that is given learnloss/worker as an entry beside the page makes threads that find their script", async () => {
    symlinkSync(join(root, "node_modules/workerpool"), join(project, "node_modules/workerpool"));
    writeFileSync(join(project, "threads.js"), THREADS);
    writeFileSync(join(project, "here.js"), 'import { result } from "./threads.js"; console.log(await result(0));');
    writeFileSync(join(project, "start.js"), 'import { result } from "./threads.js"; globalThis.answer = result(2);');
    const bundle = await build({
      entryPoints: { start: "./start.js", worker: "learnloss/worker" },
      absWorkingDir: project,
      outdir: join(project, "bundle"),
      bundle: true,
      platform: "browser",
      format: "esm",
      minify: true,
      external: ["csv-parse/*", "worker_threads", "os", "child_process"],
      logLevel: "silent",
    });
    expect(bundle.warnings).toEqual([]);
    const { stdout } = await run(process.execPath, ["here.js"], { cwd: project });
    const page = await newPage();
    if (!page) return;
    const server = createServer((request, response) => {
      const name = basename(request.url!);
      response.setHeader("content-type", name.endsWith(".js") ? "text/javascript" : "text/html");
      const script = join(project, "bundle", name);
      response.end(
        existsSync(script) && name ? readFileSync(script) : '<script type="module" src="start.js"></script>',
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/page`); // load waits for its module
      expect(await page.evaluate("answer")).toBe(stdout.trim());
    } finally {
      await page.close();
      server.close();
    }
  });

  test("what webpack takes for the address of a file names one", () => {
    const files = readdirSync(join(installed(), "dist"), { recursive: true, encoding: "utf8" });
    const sources = files.filter((file) => file.endsWith(".js"));
    expect(sources.length).toBeGreaterThan(100);
    const addresses = sources.flatMap((file) => {
      const source = readFileSync(join(installed(), "dist", file), "utf8");
      return [...source.matchAll(/new URL\(([^,()]*), import\.meta\.url\)/g)].map(([, name]) => name);
    });
    expect(addresses).toContain('"./worker.js"');
    expect(addresses.filter((name) => !/^"[^"]+"$/.test(name!))).toEqual([]);
  });

  test("a CSV with quotes is read where objects have no __proto__, as in Deno", async () => {
    const program = `
import { data } from "${pathToFileURL(join(root, "dist/index.js"))}";
console.log((await data.csv('a,"b"\\n1,"x, y"\\n2,z\\n', { target: "b" })).y.join(";"));`;
    const options = ["--disable-proto=delete", "--input-type=module", "--eval", program];
    const { stdout } = await run(process.execPath, options);
    expect(stdout.trim()).toBe("x, y;z");
  });

  test("runs where globals are frozen, as in a hardened realm", async () => {
    const program = `
for (const frozen of [Object, Error, Error.prototype, Array, Array.prototype, WebAssembly, Math]) Object.freeze(frozen);
const { data, fit } = await import("${pathToFileURL(join(root, "dist/index.js"))}");
const { status } = await fit({ model: "logistic", train: data.dense({ x: [[1], [2], [4], [3]], y: [0, 1, 0, 1] }), loss: { l2: 1 } });
try { data.dense({ x: [], y: [] }); } catch ({ name, code }) { console.log(status, name, code); }`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
    expect(stdout.trim()).toBe("converged LearnLossError EMPTY");
  });

  test.each([
    ["of the DOM", { lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], types: [] }],
    ["of Node", { lib: ["lib.es2022.d.ts"], types: ["node"], typeRoots: [join(root, "node_modules/@types")] }],
  ])(
    "type-checks in a strict project with the declarations %s, its own included; a wrong name of a weight does not",
    (_, declarations) => {
      const use = (weight: string) => `
      import { type Certificate, createTuner, data, either, type Improvement, l1, l2, LearnLossError } from "learnloss";
      import { rotate, sequence, shift, type Study } from "learnloss";
      import { solveLp } from "learnloss/lp";
      import { parseMps } from "learnloss/mps";
      import { createPool } from "learnloss/workers";
      createPool({ workers: 1 });
      // What is exported can be declared: the types of all of it have names.
      export const policy = { moved: shift(1, 0), turned: either(rotate(10), rotate(-10)), both: sequence(rotate(1), shift(1, 0)) };
      export const told = (study: Study) => ({ trials: study.trials, F: study.polyhedron, seen: study.observations });
      export const proved = ({ explained, rejected }: Certificate) => ({ explained, first: rejected[0] });
      export async function best(signal: AbortSignal): Promise<number> {
        const { train, validation } = data.split(await data.csv("x.csv", { target: "y" }));
        using tuner = createTuner({ model: "softmax", train, validation, features: { l1: l1(), l2: l2() } });
        tuner.on("progress", ({ passes, best }) => console.log(passes, best));
        for await (const improvement of tuner.run({ passes: 10, signal })) {
          const { error }: Improvement = improvement;
          if (error < 0.1) return improvement.lambda.${weight};
        }
        const { status } = solveLp(parseMps("NAME").problem);
        throw new LearnLossError("OPTION", status);
      }`;
      const files = { "right.ts": use("l2"), "wrong.ts": use("l3") };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
      const program = ts.createProgram(
        Object.keys(files).map((name) => join(project, name)),
        {
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          skipDefaultLibCheck: true, // those of TypeScript itself
          declaration: true,
          noEmit: true,
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.NodeNext,
          ...declarations,
        },
      );
      // Of what is in the project: to check those of Node takes longer than all of the rest.
      const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(project));
      expect(own.length).toBeGreaterThan(50);
      const complaints = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()]
        .concat(own.flatMap((file) => [...ts.getPreEmitDiagnostics(program, file)]))
        .map(({ file, messageText }) => [
          file && basename(file.fileName),
          ts.flattenDiagnosticMessageText(messageText, "\n"),
        ]);
      expect(complaints).toEqual([["wrong.ts", expect.stringContaining("'l3' does not exist")]]);
    },
  );
});
