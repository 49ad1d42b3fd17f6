import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CommandError, type CommandIo } from '../command-io.ts';
import type { LoadDoor } from './ask-doors.ts';

/** Where the caller's proof is, and what else reads from standard input. */
export interface ProofOptions {
  readonly csv: string;
  readonly door: LoadDoor;
  readonly credentialFile?: string;
  readonly tokenFile?: string;
  readonly cert?: string;
}

/** The text of a file, piece by piece; `-` is standard input. */
export async function* openText(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const bytes = file === '-' ? process.stdin : createReadStream(file);
  for await (const chunk of bytes as AsyncIterable<Buffer>) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** How the caller proves itself, as `Authorization` has it; `undefined` where no header does. @throws {CommandError} */
export async function readAuthorization(options: ProofOptions, io: CommandIo): Promise<string | undefined> {
  const { credentialFile, tokenFile, cert, door } = options;
  if (credentialFile !== undefined && tokenFile !== undefined)
    throw new CommandError('--credential-file and --token-file are both there; a caller has one proof', 2);
  const ask = (file: string, prompt: string) => readSecretLine(file, prompt, options, io);
  if (tokenFile !== undefined) return `Bearer ${await ask(tokenFile, "The caller's token: ")}`;
  if (credentialFile === undefined && (door === 'basic' || cert !== undefined)) return undefined;
  const credential = await ask(credentialFile ?? '-', "The caller's name:secret: ");
  const decoded = credential.includes(':') ? credential : Buffer.from(credential, 'base64').toString('utf8');
  if (decoded.indexOf(':') < 1) throw new CommandError('a credential has the form name:secret', 2);
  return `Basic ${Buffer.from(decoded, 'utf8').toString('base64')}`;
}

async function readSecretLine(file: string, prompt: string, { csv }: ProofOptions, io: CommandIo): Promise<string> {
  if (file !== '-') return firstLineOf(await readText(file), file);
  if (csv === '-') throw new CommandError('the table is read from standard input; name a file with the secret', 2);
  return firstLineOf((await io.readPassword(prompt)).reveal().toString('utf8'), 'standard input');
}

function firstLineOf(text: string, place: string): string {
  const [line = ''] = text.split(/\r?\n/);
  if (line === '') throw new CommandError(`${place}: its first line is empty`, 2);
  return line;
}

/** @throws {CommandError} where it cannot be read */
export async function readPem(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : Buffer.from(await readText(file), 'utf8');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new CommandError(`${file}: cannot be read (${code})`, 2, { cause });
  }
}
