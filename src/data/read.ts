import { LearnLossError } from "../errors.ts";

interface FileSystem {
  readFile(path: string | URL): Promise<Uint8Array>;
}

/**
 * The bytes of a file (Node, Bun, Deno) or of a URL. No `node:` import may be reachable from the browser entry, so the
 * file system is asked for at run time.
 */
export async function readBytes(source: string | URL): Promise<Uint8Array> {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => FileSystem | undefined } };
  const files = process?.getBuiltinModule?.("node:fs/promises");
  const remote = /^(https?|data|blob):/.test(String(source));
  try {
    if (files && !remote) return await files.readFile(source);
    const response = await fetch(source);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new LearnLossError("IO", `${String(source)} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
