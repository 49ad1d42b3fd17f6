import { isUtf8 } from 'node:buffer';
import type { ReadStream } from 'node:tty';
import { Secret } from '../login/secret.ts';
import { CommandError } from './command-io.ts';

/** Longest password that is read, in bytes: what is longer is no password. */
const MAX_BYTES = 16 * 1024;

const ENTER = /^[\r\n\u0004]$/;
const INTERRUPT = '\u0003';
const ERASE = /^[\u007f\b]$/;
const ERASE_LINE = '\u0015';

/**
 * Reads a password from a terminal without echo.
 * @throws {CommandError} where the person gives up with Ctrl-C
 */
export async function readFromTerminal(
  input: ReadStream,
  show: (text: string) => void,
  prompt: string,
): Promise<Secret> {
  // Before the prompt: who answers at once must not be shown either.
  input.setRawMode(true);
  show(prompt);
  input.setEncoding('utf8');
  try {
    return Secret.fromText(await typedLine(input));
  } finally {
    input.setRawMode(false);
    input.pause();
    show('\n');
  }
}

function typedLine(input: ReadStream): Promise<string> {
  const typed: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onData = (chunk: string) => {
    let position = 0;
    for (const character of chunk) {
      position += character.length;
      if (ENTER.test(character)) {
        // What was typed ahead belongs to the next question.
        if (position < chunk.length) input.unshift(chunk.slice(position), 'utf8');
        return resolve(typed.join(''));
      }
      if (character === INTERRUPT) return reject(new CommandError('interrupted'));
      if (character === ERASE_LINE) typed.length = 0;
      else if (ERASE.test(character)) typed.pop();
      else typed.push(character);
    }
  };
  const onEnd = () => reject(new CommandError('the terminal was closed'));
  input.on('data', onData).once('end', onEnd);
  input.resume();
  return promise.finally(() => input.off('data', onData).off('end', onEnd));
}

/**
 * Reads the first line of a stream that is no terminal; the line's end is not part of the password.
 * @throws {CommandError} where there is none, or it is too long
 */
export async function readFirstLine(input: NodeJS.ReadableStream): Promise<Secret> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (bytes.includes(0x0a) || length > MAX_BYTES) break;
  }
  const all = Buffer.concat(chunks);
  const end = all.indexOf(0x0a);
  const line = trimCarriageReturn(end < 0 ? all : all.subarray(0, end));
  if (line.length > MAX_BYTES) throw new CommandError(`a password must not be longer than ${MAX_BYTES} bytes`, 2);
  if (line.length === 0) throw new CommandError('no password on standard input: its first line is empty', 2);
  return isUtf8(line) ? Secret.fromText(line.toString('utf8')) : Secret.fromLatin1(line.toString('latin1'));
}

function trimCarriageReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}
