import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AccountIndex, type DuplicateName, KeyTable } from './account-index.ts';
import { DecoyHashes } from '../../passwords/decoy-hashes.ts';
import { decodeLine } from './line-text.ts';
import { type LineRules, MAX_LINE_BYTES, parsePasswdLine } from './passwd-line.ts';
import { TimeSlice } from './time-slice.ts';

/** What tells one state of a file from another. */
export interface FileStamp {
  readonly inode: string;
  readonly size: number;
  /** Size, time of the last change of content and of anything at all, and where the file is. */
  readonly text: string;
}

/** The accounts of one state of a file. */
export interface PasswdSnapshot {
  readonly kind: 'snapshot';
  readonly index: AccountIndex;
  readonly decoys: DecoyHashes;
  readonly stamp: FileStamp;
}

export interface BrokenLine {
  readonly line: number;
  readonly reason: string;
}

/** The file cannot be taken. `broken` lists the first lines that are wrong, `unreadable` says why it could not be read. */
export type PasswdFileProblem =
  | { readonly kind: 'broken'; readonly lines: readonly BrokenLine[]; readonly hasMore: boolean }
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** It was written to meanwhile. */
  | { readonly kind: 'changing' };

const NEWLINE = 0x0a;
const PIECE_BYTES = 1024 * 1024;
/** Offsets into the file are kept in 32 bits. */
const MAX_FILE_BYTES = 2 ** 32 - 1;
const MAX_REPORTED = 20;
const ROUND = 64;

/** Reads a file of accounts whole, in slices that leave the event loop free. Stops early where `signal` fires. */
export async function readPasswdFile(
  path: string,
  rules: LineRules,
  signal?: AbortSignal,
): Promise<PasswdSnapshot | PasswdFileProblem> {
  let content: FileContent | PasswdFileProblem;
  try {
    content = await readContent(path, signal);
    if (content.kind !== 'content') return content;
    return await indexContent(content, rules, signal);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    if (cause.name === 'AbortError') return { kind: 'unreadable', reason: 'reading was stopped' };
    if (!('code' in cause && 'syscall' in cause)) throw cause;
    return { kind: 'unreadable', reason: REASONS[String(cause.code)] ?? cause.message };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  EACCES: 'the file may not be read by this user',
  EISDIR: 'it is a folder, not a file',
};

export function stampOf(stats: BigIntStats): FileStamp {
  const inode = `${stats.dev}:${stats.ino}`;
  return { inode, size: Number(stats.size), text: `${inode}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}` };
}

interface FileContent {
  readonly kind: 'content';
  readonly bytes: Buffer;
  readonly stamp: FileStamp;
}

async function readContent(path: string, signal: AbortSignal | undefined): Promise<FileContent | PasswdFileProblem> {
  await using file = await open(path, 'r');
  const stats = await file.stat({ bigint: true });
  if (!stats.isFile()) return { kind: 'unreadable', reason: 'it is not a regular file' };
  const stamp = stampOf(stats);
  if (stamp.size > MAX_FILE_BYTES) return { kind: 'unreadable', reason: 'the file is larger than 4 GiB' };
  const bytes = await readAll(file, stamp.size, signal);
  const now = stampOf(await file.stat({ bigint: true }));
  if (now.text !== stamp.text || bytes.length !== stamp.size) return { kind: 'changing' };
  return { kind: 'content', bytes, stamp };
}

async function readAll(file: FileHandle, size: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  while (filled < size) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(bytes, filled, Math.min(PIECE_BYTES, size - filled), filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function indexContent(
  { bytes, stamp }: FileContent,
  rules: LineRules,
  signal: AbortSignal | undefined,
): Promise<PasswdSnapshot | PasswdFileProblem> {
  const keys = new KeyTable();
  const decoys = new DecoyHashes();
  const broken: BrokenLine[] = [];
  const slice = new TimeSlice();
  let line = 0;
  for (let start = startOfText(bytes); start < bytes.length; ) {
    if (line % ROUND === 0 && slice.isUsedUp) {
      signal?.throwIfAborted();
      await slice.next();
    }
    line += 1;
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const reason = addLine({ bytes, start, end, line }, rules, keys, decoys);
    if (reason !== undefined) broken.push({ line, reason });
    if (broken.length > MAX_REPORTED) break;
    start = end + 1;
  }
  if (broken.length > 0) return brokenFile(broken);
  const index = await AccountIndex.build({ bytes, rules, keys }, slice, MAX_REPORTED + 1);
  if (!(index instanceof AccountIndex)) return brokenFile(index.map(duplicateLine));
  return { kind: 'snapshot', index, decoys, stamp };
}

interface LineOfFile {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/** Gives the reason why the line is broken, if it is. */
function addLine(place: LineOfFile, rules: LineRules, keys: KeyTable, decoys: DecoyHashes): string | undefined {
  if (place.end - place.start > MAX_LINE_BYTES) return `the line is longer than ${MAX_LINE_BYTES} bytes`;
  const parsed = parsePasswdLine(decodeLine(place.bytes, place.start, place.end), rules);
  if (parsed.kind === 'no-account') return undefined;
  if (parsed.kind === 'problem') return parsed.reason;
  keys.addAccount(parsed.name, place, parsed.isDisabled);
  for (const alias of parsed.aliases) keys.addAlias(alias, place);
  if (parsed.hash !== undefined) decoys.count(parsed.hash);
  return undefined;
}

/** Skips the mark that some editors put before UTF-8. */
function startOfText(bytes: Buffer): number {
  return bytes.length >= 3 && bytes.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
}

function duplicateLine({ name, lines: [first, second] }: DuplicateName): BrokenLine {
  return { line: second, reason: `${name} is already the name or an alias of the account in line ${first}` };
}

function brokenFile(lines: readonly BrokenLine[]): PasswdFileProblem {
  return { kind: 'broken', lines: lines.slice(0, MAX_REPORTED), hasMore: lines.length > MAX_REPORTED };
}
