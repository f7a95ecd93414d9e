import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const record = join(root, "build/inputs.sha256");
const filesOf = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

// A build of the Wasm alone leaves no record.
test.skipIf(!existsSync(record))(
  "a build that misses any of what the last one wrote is no build without changes",
  () => {
    const [digest, ...outputs] = readFileSync(record, "utf8").split("\n");
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const written = [...filesOf("dist"), ...filesOf("src/wasm").filter((path) => /-(binary|abi)\.ts$/.test(path))];
    expect(written.length).toBeGreaterThan(100);
    expect(outputs.map((path) => join(root, path))).toEqual(expect.arrayContaining(written));
  },
);
