import { createHash } from "node:crypto";
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Dataset } from "../data/dataset.ts";
import { LearnLossError } from "../errors.ts";
import { beginsJournal, type Journal, journalHeader, journalLine, readJournal } from "../journal.ts";
import { Study } from "../study.ts";
import type { StudyEvent } from "../study-event.ts";
import { FileLock } from "./file-lock.ts";

/** A study as its file had it, and what else the file says. */
interface Stored extends Pick<Journal, "fingerprint" | "length" | "warnings"> {
  readonly study: Study;
}

/** A study on disk: one writer at a time, lines are only ever appended. Readers need no lock: `readStudy`. */
export class StudyFile {
  /** What was in the file, if there was one. */
  readonly stored: Stored | undefined;
  readonly #path: string;
  readonly #fingerprint: string;
  readonly #lock: FileLock;
  readonly #descriptor: number;
  /** What the file held when it was opened: a copy, since the stored study may go on. */
  readonly #before: readonly StudyEvent[];
  #written = 0;
  /** Bytes of whole lines. Those behind them are of a line that found no room, and are written over. */
  #length: number;
  #headed: boolean;

  /** @throws LOCKED, CORRUPT, VERSION, IO, and CONFLICT when the file belongs to another problem */
  constructor(path: string, fingerprint: string) {
    this.#path = path;
    this.#fingerprint = fingerprint;
    this.#lock = io(path, () => new FileLock(`${path}.lock`));
    try {
      const bytes = bytesOf(path);
      this.stored = bytes && storedIn(bytes);
      if (this.stored && this.stored.fingerprint !== fingerprint) {
        throw new LearnLossError(
          "CONFLICT",
          `${path} belongs to another problem (other data or options): give another --study file.`,
        );
      }
      this.#descriptor = io(path, () => openSync(path, this.stored ? "r+" : "w"));
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    try {
      io(path, () => ftruncateSync(this.#descriptor, this.stored?.length ?? 0));
    } catch (error) {
      this.close();
      throw error;
    }
    this.#length = this.stored?.length ?? 0;
    this.#before = [...(this.stored?.study.events ?? [])];
    this.#headed = this.stored !== undefined;
  }

  /**
   * Brings the file up to date with the study, and onto the disk. What is in the file already must be how the study
   * began: its events follow from its data and seed.
   *
   * @throws CONFLICT, IO, LOCKED when another writer took over from this one, which was silent for too long
   */
  sync(study: Study): void {
    const { events } = study;
    const before = this.#before;
    for (; this.#written < Math.min(before.length, events.length); this.#written++) {
      if (JSON.stringify(events[this.#written]) !== JSON.stringify(before[this.#written])) {
        throw new LearnLossError(
          "CONFLICT",
          `Event ${this.#written + 1} of ${this.#path} is not what this program computes: it was written by another version or machine. Give another --study file.`,
        );
      }
    }
    if (events.length <= this.#written && this.#headed) return;
    if (!this.#lock.held) {
      throw new LearnLossError(
        "LOCKED",
        `The lock of ${this.#path} is not this process's any more: it was removed, or taken over while this one was silent (asleep, perhaps). What was told before is safe.`,
      );
    }
    let text = this.#headed ? "" : journalHeader(study.options, this.#fingerprint);
    for (const event of events.slice(this.#written)) text += journalLine(event);
    const bytes = Buffer.from(text);
    io(this.#path, () => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, this.#length + done);
      }
      fsyncSync(this.#descriptor);
    });
    this.#length += bytes.length;
    this.#written = events.length;
    this.#headed = true;
  }

  /** `sync` of a search that goes on without room on the disk, which a later one may have. Returns what is wrong. @throws CONFLICT */
  trySync(study: Study): LearnLossError | undefined {
    try {
      this.sync(study);
      return undefined;
    } catch (error) {
      if (error instanceof LearnLossError && error.code === "IO") return error;
      throw error;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
    this.#lock.release();
  }
}

/** Reads a study without a lock: a study file, or what `JSON.stringify` wrote. @throws IO, PARSE, CORRUPT, VERSION */
export function readStudy(path: string): Pick<Stored, "study" | "warnings"> {
  const bytes = bytesOf(path);
  if (bytes && !beginsJournal(bytes)) return { study: Study.fromJSON(new TextDecoder().decode(bytes)), warnings: [] };
  const stored = bytes && storedIn(bytes);
  if (stored) return stored;
  throw new LearnLossError("IO", `${path} cannot be read: there is no study in it.`);
}

/** Tells problems apart: a hash of the data and of everything else that the answer depends on. */
export function fingerprint(datasets: readonly Dataset[], options: unknown): string {
  const hash = createHash("sha256").update(JSON.stringify(options));
  for (const { rows, columns, x, y, weights, groups } of datasets) {
    hash.update(`${rows}×${columns}`);
    const arrays = [x.values, ...(x.kind === "csr" ? [x.indices, x.starts] : []), weights, groups];
    for (const array of arrays)
      if (array) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    hash.update(JSON.stringify(Array.from(y as ArrayLike<string | number>)));
  }
  return hash.digest("hex").slice(0, 32);
}

function bytesOf(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new LearnLossError("IO", `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

/** The study in a file; none in an empty one, or one cut within its header: nothing was told yet. */
function storedIn(bytes: Uint8Array): Stored | undefined {
  // What is no study of ours is not written over.
  if (!bytes.includes(10) && beginsJournal(bytes)) return undefined;
  const { options, events, ...file } = readJournal(bytes);
  return { study: Study.replay(options, events), ...file };
}

function io<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof LearnLossError) throw error;
    throw new LearnLossError(
      "IO",
      `${path} cannot be written: ${(error as Error).message}. What was told before is safe.`,
      { cause: error },
    );
  }
}
