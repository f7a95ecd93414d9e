import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

/** Debian's chromium, or the browser that CHROME names. Without one the browser tests are skipped, and say so. */
const chrome = [process.env.CHROME, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path && existsSync(path),
);
if (!chrome) console.warn("No Chromium found (set CHROME=/path/to/it): the browser half of the tests is SKIPPED.");

/** For the browser's tests of determinism: the same computations in Node, as JSON. */
async function computedInNode(): Promise<string> {
  const options = ["--import", "tsx", "test/reference/print-computed.ts"];
  const { stdout } = await promisify(execFile)(process.execPath, options, { maxBuffer: 2 ** 28 });
  return stdout;
}

/** Tests that touch no file and no process run in both engines; those of Node's side end in `.node.test.ts`. */
const both = ["test/**/*.test.ts"];
const nodeOnly = ["test/**/*.node.test.ts"];

export default defineConfig({
  test: {
    // Against tests that hang: beside ten busy processes on two cores, an example has taken 300 s.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // All cores: of two, the default leaves one idle (219 s of Node's half instead of 152 s).
    maxWorkers: "100%",
    // Nothing is mocked: files of a worker share the modules, which took half a minute to import again for each of them.
    isolate: false,
    projects: [
      { extends: true, test: { name: "node", include: both } },
      ...(chrome
        ? [
            {
              extends: true as const,
              optimizeDeps: { include: ["@assemblyscript/loader", "workerpool"] },
              test: {
                name: "chromium",
                // After Node's tests, not beside them: 170 s instead of 177 s on two cores, and what is timed is timed in peace.
                sequence: { groupOrder: 1 },
                include: both,
                exclude: nodeOnly,
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  commands: { computedInNode },
                  provider: playwright({
                    launchOptions: {
                      executablePath: chrome,
                      args: [
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                      ],
                    },
                  }),
                  instances: [{ browser: "chromium" as const }],
                },
              },
            },
          ]
        : []),
    ],
  },
});
