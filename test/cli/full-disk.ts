import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** A disk that has room for so many bytes more: modules are shared with other tests, so that `node:fs` itself is changed. */
export async function onDisk(room: number, action: () => unknown): Promise<void> {
  const { writeSync } = fs;
  let left = room;
  const limited = (descriptor: number, text: Uint8Array | string, from = 0, length = text.length, at?: number) => {
    if (left === 0) throw new Error("ENOSPC: no space left on device, write");
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    const done = writeSync(descriptor, bytes, from, Math.min(length, left), at);
    left -= done;
    return done;
  };
  fs.writeSync = limited as typeof writeSync;
  syncBuiltinESMExports();
  try {
    await action();
  } finally {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  }
}
