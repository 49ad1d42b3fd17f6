import { readFileSync } from 'node:fs';

/** What is opened once for all inputs of a run. */
export interface OpenTarget {
  /** Reads an input, one character for each byte. @throws where it is read in a way that must not be */
  check(input: string): void | Promise<void>;
  /** Inputs so far that were let in, or read as what they should be: a target that lets nothing in tries nothing. */
  readonly taken: number;
}

/** A parser of bytes that anybody may send, with what must hold for all of them. */
export interface FuzzTarget {
  readonly name: string;
  /** Pieces that inputs are made of beside random bytes. */
  readonly words: readonly string[];
  open(): OpenTarget | Promise<OpenTarget>;
}

/** Inputs to begin from: a JSON text a line, one character for each byte. */
export function corpusOf({ name }: FuzzTarget): readonly string[] {
  const file = new URL(`corpus/${name}.jsonl`, import.meta.url);
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string);
}
