import { randomUUID } from "node:crypto";
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { LearnLossError } from "../errors.ts";

/** A lock that was not touched for this long belongs to nobody: its process died on another machine, or hangs. */
const STALE = 30_000;

const HEARTBEAT = 5_000;

/** Stale locks removed, one after the other, before somebody else is left to win. */
const ATTEMPTS = 3;

/**
 * A file beside another one that says who writes that: a process, and a token that no other has, by which one who was silent
 * for too long learns that it was taken over.
 */
export class FileLock {
  readonly #path: string;
  readonly #token = randomUUID();
  readonly #text = `${process.pid} ${this.#token}`;
  readonly #heartbeat: ReturnType<typeof setInterval>;

  /** @throws LOCKED; an error of the system where there is no room or no right */
  constructor(path: string) {
    this.#path = path;
    this.#acquire();
    this.#heartbeat = setInterval(() => this.#touch(), HEARTBEAT);
    this.#heartbeat.unref();
  }

  /** Whether it is this one's still. */
  get held(): boolean {
    return read(this.#path) === this.#text;
  }

  /** Lets it go, unless it is another's now. */
  release(): void {
    clearInterval(this.#heartbeat);
    if (this.held) rmSync(this.#path, { force: true });
  }

  #acquire(): void {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.#create()) return;
      const text = read(this.#path);
      if (text === undefined) continue;
      if (!isSilent(this.#path)) {
        if (text === "") break; // made this moment, its owner is about to say who it is
        const pid = Number.parseInt(text, 10);
        if (isAlive(pid)) {
          throw new LearnLossError(
            "LOCKED",
            `Process ${pid} is writing this study (${this.#path}): wait for it, or end it.`,
          );
        }
      }
      this.#remove(text);
    }
    throw new LearnLossError("LOCKED", `Another process took ${this.#path} just now: try again.`);
  }

  /** Returns whether there was none. */
  #create(): boolean {
    let descriptor: number;
    try {
      descriptor = openSync(this.#path, "wx");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
    try {
      for (let done = 0; done < this.#text.length; ) done += writeSync(descriptor, this.#text.slice(done));
      return true;
    } catch (error) {
      rmSync(this.#path, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  /** Moved away first, which only one process can: what it moved may be the lock of one that was faster, which goes back. */
  #remove(stale: string): void {
    const moved = `${this.#path}.${this.#token}`;
    try {
      renameSync(this.#path, moved);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    try {
      if (read(moved) !== stale) linkSync(moved, this.#path);
    } catch {
      // A third one has it: the second learns that when it writes.
    } finally {
      rmSync(moved, { force: true });
    }
  }

  #touch(): void {
    try {
      const now = new Date();
      if (this.held) utimesSync(this.#path, now, now);
    } catch {
      // It is gone: who writes next will see that it is not held.
    }
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isSilent(path: string): boolean {
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  return Date.now() - mtimeMs > STALE;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // of another user
  }
}
