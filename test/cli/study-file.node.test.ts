import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readStudy, StudyFile } from "../../src/cli/study-file.ts";
import { atLeast, createStudy, fixed, Study } from "../../src/index.ts";
import { readJournal } from "../../src/journal.ts";
import { onDisk } from "./full-disk.ts";

const code = (expected: string, message = /./) =>
  expect.objectContaining({ name: "LearnLossError", code: expected, message: expect.stringMatching(message) });

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "learnloss-"));
  path = join(directory, "study.jsonl");
});
afterEach(() => rmSync(directory, { recursive: true }));

function example(trials: number) {
  const study = createStudy({ lambda: { logLoss: fixed(1), "λ\u2028": atLeast(0) }, seed: 3 });
  for (let i = 0; i < trials; i++) {
    const trial = study.ask();
    const error = i === 2 ? Number.POSITIVE_INFINITY : 1 / (1 + i);
    if (i === 1) study.fail(trial, "line\nbreak");
    else study.tell(trial, { features: { logLoss: 0.1 * i, "λ\u2028": 3 }, error });
  }
  return study;
}

function written(trials = 5): Buffer {
  const file = new StudyFile(path, "f");
  file.sync(example(trials));
  file.close();
  return readFileSync(path);
}

describe("a study file", () => {
  test("holds everything told, and goes on where it ended", () => {
    written(3);
    const file = new StudyFile(path, "f");
    expect(file.stored!.study.toJSON()).toEqual(example(3).toJSON());
    file.sync(example(5));
    file.close();
    expect(Study.fromJSON(readFileSync(path, "utf8")).toJSON()).toEqual(example(5).toJSON());
  });

  test("the stored study itself goes on: what it is told is stored too", () => {
    written(3);
    const file = new StudyFile(path, "f");
    const { study } = file.stored!;
    const trial = study.ask();
    study.tell(trial, { features: { logLoss: 1, "λ\u2028": 2 }, error: 0.01 });
    file.sync(study);
    file.close();
    expect(Study.fromJSON(readFileSync(path, "utf8")).best).toMatchObject({ trial: trial.id, error: 0.01 });
  });

  test("cut at any byte: whole lines are kept, the torn one is dropped with a warning", () => {
    const bytes = written();
    const events = example(5).events;
    const header = bytes.indexOf(10) + 1;
    for (let length = header; length <= bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      const { events: read, warnings } = readJournal(cut);
      const whole = cut.filter((byte) => byte === 10).length - 1;
      expect(read).toEqual(events.slice(0, whole));
      expect(warnings).toHaveLength(cut.at(-1) === 10 ? 0 : 1);
    }
    expect(Study.fromJSON(bytes.subarray(0, -1).toString()).events).toEqual(events.slice(0, -1));
    for (let length = 0; length < header; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const file = new StudyFile(path, "f");
      file.sync(example(5));
      file.close();
      expect(readFileSync(path)).toEqual(bytes);
    }
  });

  test("a study that JSON.stringify wrote is reported on, refused by what would add lines to it, and left alone", () => {
    const study = example(4);
    for (const text of [JSON.stringify(study), JSON.stringify(study, null, 2)]) {
      writeFileSync(path, text);
      expect(readStudy(path).study.toJSON()).toEqual(study.toJSON());
      expect(() => new StudyFile(path, "f")).toThrow(code("CORRUPT", /Study\.fromJSON and `learnloss report` read it/));
      expect(readFileSync(path, "utf8")).toBe(text);
    }
    writeFileSync(path, "notes");
    expect(() => readStudy(path)).toThrow(code("PARSE", /--study/));
    rmSync(path);
    written();
    expect(readStudy(path).study.toJSON()).toEqual(example(5).toJSON());
  });

  test("goes on when a full disk has room again: the line that was cut is written over", async () => {
    const whole = written(5);
    rmSync(path);
    const file = new StudyFile(path, "f");
    file.sync(example(3));
    for (const room of [40, 0, 10]) {
      await onDisk(room, () => expect(() => file.sync(example(4))).toThrow(code("IO", /ENOSPC/)));
    }
    file.sync(example(5));
    file.close();
    expect(readFileSync(path)).toEqual(whole);
    await onDisk(0, () => expect(() => new StudyFile(path, "f")).toThrow(code("IO", /ENOSPC/)));
    new StudyFile(path, "f").close(); // no lock was left
  });

  test("a file that cannot be cut to what it holds is closed, and nobody's", () => {
    written(2);
    const { closeSync, ftruncateSync, openSync } = fs;
    const open = new Set<number>();
    Object.assign(fs, {
      openSync: (...parameters: Parameters<typeof openSync>) => {
        const descriptor = openSync(...parameters);
        open.add(descriptor);
        return descriptor;
      },
      closeSync: (descriptor: number) => {
        closeSync(descriptor);
        open.delete(descriptor);
      },
      ftruncateSync: () => {
        throw new Error("EIO: i/o error, ftruncate");
      },
    });
    syncBuiltinESMExports();
    try {
      expect(() => new StudyFile(path, "f")).toThrow(code("IO", /ftruncate/));
    } finally {
      Object.assign(fs, { closeSync, ftruncateSync, openSync });
      syncBuiltinESMExports();
    }
    expect([...open]).toEqual([]);
    expect(readdirSync(directory)).toEqual(["study.jsonl"]);
  });

  test("another file is left alone, with line breaks or without", () => {
    for (const text of ["notes", "a,b\n1,2\n", '{"learnloss":"model"}']) {
      writeFileSync(path, text);
      expect(() => new StudyFile(path, "f")).toThrow(code("CORRUPT", /Line 1 is not/));
      expect(readFileSync(path, "utf8")).toBe(text);
    }
  });

  test("a bit flipped anywhere is named with its line", () => {
    const bytes = written();
    for (let at = 0; at < bytes.length - 1; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (at % 8);
      const line = bytes.subarray(0, at).filter((byte) => byte === 10).length + 1;
      // A flip that makes or breaks a line end shows in that line or the next.
      expect(() => readJournal(flipped), `byte ${at}`).toThrow(
        code("CORRUPT", new RegExp(`ine (${line}|${line + 1}) `)),
      );
    }
  });

  test("another problem's file, a newer version, another program's computation", () => {
    const bytes = written();
    expect(() => new StudyFile(path, "other")).toThrow(code("CONFLICT"));
    const file = new StudyFile(path, "f");
    const other = createStudy({ lambda: { logLoss: fixed(1), "λ\u2028": atLeast(0) }, seed: 4 });
    other.fail(other.ask({ lambda: { logLoss: 1, "λ\u2028": 0.5 } }), "");
    expect(() => file.sync(other)).toThrow(code("CONFLICT"));
    file.close();
    expect(readFileSync(path)).toEqual(bytes);
  });

  test("two writers: the second is told who the first is; a dead one's lock is taken over", () => {
    const file = new StudyFile(path, "f");
    expect(() => new StudyFile(path, "f")).toThrow(code("LOCKED", new RegExp(`${process.pid}`)));
    file.close();
    writeFileSync(`${path}.lock`, "4194304"); // above the largest process id of Linux
    new StudyFile(path, "f").close();
  });

  test("a writer that was silent for too long is taken over, and learns it before it writes", () => {
    const silent = new StudyFile(path, "f");
    silent.sync(example(2));
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(`${path}.lock`, longAgo, longAgo);
    const next = new StudyFile(path, "f");
    next.sync(example(4));
    expect(() => silent.sync(example(3))).toThrow(code("LOCKED"));
    silent.close();
    expect(() => new StudyFile(path, "f")).toThrow(code("LOCKED"));
    next.sync(example(5));
    next.close();
    expect(readStudy(path).study.toJSON()).toEqual(example(5).toJSON());
    expect(readdirSync(directory)).toEqual(["study.jsonl"]);
  });

  test("of two that find a dead one's lock, one gets it, whoever moves it away last", () => {
    const lock = `${path}.lock`;
    writeFileSync(lock, "4194304");
    const { renameSync } = fs;
    let first: StudyFile | undefined;
    fs.renameSync = (from, to) => {
      fs.renameSync = renameSync;
      syncBuiltinESMExports();
      first = new StudyFile(path, "f"); // between the look at the dead one's lock and its removal
      renameSync(from, to);
    };
    syncBuiltinESMExports();
    expect(() => new StudyFile(path, "f")).toThrow(code("LOCKED", new RegExp(`${process.pid}`)));
    first!.sync(example(3));
    first!.close();
    expect(readdirSync(directory)).toEqual(["study.jsonl"]);
  });

  test("a folder that does not exist", () => {
    expect(() => new StudyFile(join(directory, "no", "study.jsonl"), "f")).toThrow(code("IO"));
  });
});
