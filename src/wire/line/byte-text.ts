import { isUtf8 } from 'node:buffer';

const BEYOND_ASCII = /[^\u0000-\u007f]/;

/** Reads bytes, one character for each, as UTF-8 where they are that, else as Latin-1. */
export function textOfBytes(bytes: string): string {
  if (!BEYOND_ASCII.test(bytes)) return bytes;
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : bytes;
}

/** The bytes of a text in UTF-8, one character for each. */
export function bytesOfText(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
