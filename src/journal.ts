import { checkVersion, LearnLossError } from "./errors.ts";
import type { StudyOptions } from "./study.ts";
import type { StudyEvent } from "./study-event.ts";

// A study as append-only JSON lines, so that nothing that was told can be lost: a header, then one event a line, each
// with a checksum of its text.
//
//   {"crc":"5d41402a","learnloss":"study","version":1,"fingerprint":"…","options":{…}}
//   {"crc":"9a0364b9","event":{"type":"ask","lambda":[1,0.003,0.003],"proposal":"start"}}

const VERSION = 1;

const NO_HEADER = "Line 1 is not the header of a study.";

/** What a journal holds; whether its events follow from each other is for `Study.replay` to say. */
export interface Journal {
  readonly options: StudyOptions;
  readonly events: readonly StudyEvent[];
  /** Fingerprint of the problem that the study belongs to, as its writer computed it. */
  readonly fingerprint: string;
  /** Bytes up to the end of the last whole line: appending goes on from here. */
  readonly length: number;
  /** What had to be dropped, in words; empty when the file was whole. */
  readonly warnings: readonly string[];
}

/** The first line of a journal. */
export function journalHeader(options: StudyOptions, fingerprint: string): string {
  return line({ learnloss: "study", version: VERSION, fingerprint, options });
}

export function journalLine(event: StudyEvent): string {
  return line({ event });
}

const BEGIN = '{"crc":"';

/** Whether a journal may begin with these bytes, none among them. */
export function beginsJournal(bytes: Uint8Array): boolean {
  return BEGIN.startsWith(new TextDecoder().decode(bytes.subarray(0, BEGIN.length)));
}

/** Whether these bytes are a journal, whole or not. */
export function isJournal(bytes: Uint8Array): boolean {
  return bytes.length >= BEGIN.length && beginsJournal(bytes);
}

/** What `JSON.stringify` wrote of a study: one text, which no line can be added to. */
const STRINGIFIED = /^\s*\{\s*"learnloss"\s*:\s*"study"/;

/**
 * Reads a journal. A last line that was cut short is dropped, with a warning.
 *
 * @throws CORRUPT with the line at fault, VERSION when a newer program wrote it
 */
export function readJournal(bytes: Uint8Array): Journal {
  if (!beginsJournal(bytes)) {
    const stringified = STRINGIFIED.test(new TextDecoder().decode(bytes));
    const advice =
      " It is one text, of JSON.stringify: Study.fromJSON and `learnloss report` read it, nothing adds to it.";
    throw new LearnLossError("CORRUPT", `${NO_HEADER}${stringified ? advice : ""}`);
  }
  const end = bytes.lastIndexOf(10) + 1;
  const warnings: string[] = [];
  if (end < bytes.length) {
    warnings.push(`The last line was cut short after ${bytes.length - end} bytes: it is dropped.`);
  }
  // Not decoded with `fatal`: a byte that is no UTF-8 becomes U+FFFD, and its line's checksum names it.
  const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n").slice(0, -1);
  if (lines.length === 0) throw new LearnLossError("CORRUPT", "Line 1: the header of the study is missing.");
  const header = read(lines[0]!, 1) as {
    learnloss?: unknown;
    version?: number;
    fingerprint?: string;
    options?: StudyOptions;
  };
  if (header.learnloss !== "study" || !header.options || typeof header.fingerprint !== "string") {
    throw new LearnLossError("CORRUPT", NO_HEADER);
  }
  checkVersion("study", header.version, VERSION);
  const events = lines.slice(1).map((text, i) => {
    const { event } = read(text, i + 2) as { event?: StudyEvent };
    if (event) return event;
    throw new LearnLossError("CORRUPT", `Line ${i + 2} of the study is no event.`);
  });
  const { options, fingerprint } = header;
  return { options, events, fingerprint, length: end, warnings };
}

function line(value: object): string {
  const text = JSON.stringify(value);
  return `${BEGIN}${crc32(text)}",${text.slice(1)}\n`;
}

const HEAD = /^\{"crc":"([0-9a-f]{8})",/;

function read(text: string, number: number): unknown {
  const crc = HEAD.exec(text)?.[1];
  const body = `{${text.slice(HEAD.exec(text)?.[0].length ?? 0)}`;
  if (crc === undefined || crc !== crc32(body)) {
    throw new LearnLossError("CORRUPT", `Line ${number} of the study was changed: its checksum does not match.`);
  }
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new LearnLossError("CORRUPT", `Line ${number} of the study is no JSON.`, { cause });
  }
}

/** CRC-32 (IEEE 802.3) of the text's UTF-8 bytes: any flip of up to three bits is seen in lines of up to 11 kB, of two in longer ones. */
function crc32(text: string): string {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}
