import { LearnLossError } from "../errors.ts";
import { attached, isTyped } from "./typed-array.ts";

/** Where data come from: a path (Node, Bun, Deno), a URL, or the bytes themselves. */
export type Source = string | URL | Uint8Array;

interface FileSystem {
  readFile(path: string | URL): Promise<Uint8Array>;
}

/**
 * The bytes of a source, decompressed when they are gzipped. No `node:` import may be reachable from the browser entry,
 * so the file system is asked for at run time, as Node can since 20.16 (`engines` in package.json).
 *
 * @throws IO, TYPE for what is none, PARSE for damaged gzip
 */
export async function readBytes(source: Source): Promise<Uint8Array> {
  const type = Object.prototype.toString.call(source).slice(8, -1);
  if (!["String", "URL", "Uint8Array"].includes(type)) {
    throw new LearnLossError(
      "TYPE",
      `The source is of type ${type}: give a path, a URL, or the bytes as a Uint8Array.`,
    );
  }
  const bytes = isTyped(source, "Uint8Array") ? attached(source, "the source") : await load(source);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? await gunzip(bytes) : bytes;
}

/**
 * The text of a source; a string with a line break is the text itself.
 *
 * @throws IO, and PARSE with the line that is not UTF-8
 */
export async function readText(source: Source): Promise<string> {
  if (typeof source === "string" && /[\r\n]/.test(source)) return source;
  const bytes = await readBytes(source);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const line = new TextDecoder().decode(bytes).split("\ufffd")[0]!.split("\n").length;
    const message = `Line ${line} is not UTF-8 (Latin-1 or UTF-16 perhaps): save the file as UTF-8.`;
    throw new LearnLossError("PARSE", message, { cause });
  }
}

async function load(source: string | URL): Promise<Uint8Array> {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => FileSystem | undefined } };
  const files = process?.getBuiltinModule?.("node:fs/promises");
  const remote = /^(https?|data|blob):/.test(String(source));
  try {
    // As a text, an address of a file is one too: what `import.meta.resolve` gives.
    if (files && !remote) return await files.readFile(/^file:/.test(String(source)) ? new URL(source) : source);
    const response = await fetch(source);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new LearnLossError("IO", `${String(source)} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new LearnLossError("PARSE", "The gzip data is damaged: it cannot be decompressed.", { cause });
  }
}
