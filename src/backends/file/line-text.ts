import { isUtf8 } from 'node:buffer';

/** The text of a line without its end: UTF-8, or Latin-1 where its bytes are no UTF-8, as old files have it. */
export function decodeLine(bytes: Buffer, start: number, end: number): string {
  const last = end > start && bytes[end - 1] === 0x0d ? end - 1 : end;
  const text = bytes.toString('utf8', start, last);
  if (!text.includes('\ufffd') || isUtf8(bytes.subarray(start, last))) return text;
  return bytes.toString('latin1', start, last);
}
