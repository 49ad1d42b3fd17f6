/**
 * Reads comma-separated values (RFC 4180) as they come, whatever their size: fields in quotes may hold separators and line ends, and
 * a quote is written twice in them. Lines may end in LF or CRLF; empty ones are passed over.
 *
 * @module
 */

/** A record, or why it cannot be read. Lines begin at 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
  readonly problem?: string;
}

/** Longest record in characters. */
const MAX_RECORD = 64 * 1024;
export const DELIMITERS = [',', ';', '\t'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** The delimiter that a header line has most of, outside quotes. */
export function delimiterOf(headerLine: string): Delimiter {
  const plain = headerLine.replace(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => plain.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

/** @param delimiter found in the first line where absent */
export async function* readCsv(chunks: AsyncIterable<string>, delimiter?: Delimiter): AsyncGenerator<CsvRecord> {
  let separator = delimiter;
  for await (const { line, text } of readRecords(chunks)) {
    if (text.trim() === '') continue;
    if (text.length > MAX_RECORD) {
      yield { line, fields: [], problem: `is longer than ${MAX_RECORD / 1024} KiB; is a quote missing?` };
      return;
    }
    separator ??= delimiterOf(text);
    yield parseRecord(text, line, separator);
  }
}

interface RawRecord {
  readonly line: number;
  readonly text: string;
}

/** Cuts text into records at line ends that are in no quotes. */
async function* readRecords(chunks: AsyncIterable<string>): AsyncGenerator<RawRecord> {
  let rest = '';
  let line = 1;
  let isFirst = true;
  for await (const chunk of chunks) {
    // A byte order mark, as spreadsheets write it.
    rest += isFirst ? chunk.replace(/^\uFEFF/, '') : chunk;
    isFirst = false;
    const { records, end, nextLine } = cut(rest, line);
    yield* records;
    rest = rest.slice(end);
    line = nextLine;
    if (rest.length > MAX_RECORD) break;
  }
  if (rest !== '') yield { line, text: rest.replace(/\r$/, '') };
}

/** What may stand before a field: a quote elsewhere is a character like any other. */
const FIELD_START = /[,;\t]/;

function cut(text: string, firstLine: number): { records: RawRecord[]; end: number; nextLine: number } {
  const records: RawRecord[] = [];
  let start = 0;
  let line = firstLine;
  let lines = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '"') {
      if (!isQuoted) isQuoted = i === start || FIELD_START.test(text[i - 1] ?? '');
      else if (text[i + 1] === '"') i += 1;
      else isQuoted = false;
    }
    if (character !== '\n') continue;
    lines += 1;
    if (isQuoted) continue;
    records.push({ line, text: text.slice(start, i).replace(/\r$/, '') });
    start = i + 1;
    line += lines;
    lines = 0;
  }
  return { records, end: start, nextLine: line };
}

function parseRecord(text: string, line: number, separator: Delimiter): CsvRecord {
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const isQuoted = text[at] === '"';
    const end = isQuoted ? endOfQuoted(text, at + 1) : endOfPlain(text, at, separator);
    if (end === undefined) return { line, fields: [], problem: 'has a quote that is not closed' };
    const next = isQuoted ? end + 1 : end;
    if (next < text.length && text[next] !== separator)
      return { line, fields: [], problem: 'has text after a field in quotes' };
    fields.push(isQuoted ? text.slice(at + 1, end).replaceAll('""', '"') : text.slice(at, end));
    at = next + 1;
  }
  return { line, fields };
}

function endOfPlain(text: string, from: number, separator: Delimiter): number {
  const end = text.indexOf(separator, from);
  return end < 0 ? text.length : end;
}

/** Where the closing quote is. */
function endOfQuoted(text: string, from: number): number | undefined {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return undefined;
}
