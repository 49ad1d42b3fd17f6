import type { FrameProblem, Frames } from '../frames.ts';

const FIELDS = 4;
const LENGTH_BYTES = 2;
/** Of each string; Cyrus' clients send no more than twice as much in all. */
const MAX_STRING_BYTES = 4096;

/**
 * Questions of Cyrus SASL: name, password, service and realm, each behind its length in two bytes, the higher first. Newer clients send
 * the address of theirs as a fifth in the same piece. A question is given as the bytes of its strings with their lengths.
 */
export class CountedStrings implements Frames {
  #text = '';

  push(chunk: string): void {
    this.#text += chunk;
  }

  next(): string | FrameProblem | undefined {
    let end = 0;
    for (let i = 0; i < FIELDS; i += 1) {
      const after = this.#endOf(end);
      if (typeof after === 'object') return after;
      if (after === undefined) return undefined;
      end = after;
    }
    const afterAddress = this.#endOf(end);
    if (typeof afterAddress === 'object') return afterAddress;
    const question = this.#text.slice(0, afterAddress ?? end);
    this.#text = this.#text.slice(afterAddress ?? end);
    return question;
  }

  get isPartial(): boolean {
    return this.#text !== '';
  }

  /** Where the string ends that begins at a place; `undefined` until it is whole. */
  #endOf(start: number): number | FrameProblem | undefined {
    const length = lengthAt(this.#text, start);
    if (length === undefined) return undefined;
    if (length > MAX_STRING_BYTES) return { problem: `a string is longer than ${MAX_STRING_BYTES} bytes` };
    const end = start + LENGTH_BYTES + length;
    return end <= this.#text.length ? end : undefined;
  }
}

/** The strings of a question, one character for each byte. */
export function readStrings(question: string): readonly string[] {
  const strings: string[] = [];
  for (let start = 0; ; ) {
    const length = lengthAt(question, start);
    if (length === undefined) return strings;
    strings.push(question.slice(start + LENGTH_BYTES, start + LENGTH_BYTES + length));
    start += LENGTH_BYTES + length;
  }
}

/** @param text one character for each byte */
export function renderString(text: string): string {
  return String.fromCharCode(text.length >> 8, text.length & 0xff) + text;
}

function lengthAt(text: string, start: number): number | undefined {
  if (text.length < start + LENGTH_BYTES) return undefined;
  return (text.charCodeAt(start) << 8) | text.charCodeAt(start + 1);
}
