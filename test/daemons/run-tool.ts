import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';

/** What a tool said, whatever it thought of its task. */
export interface ToolResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, feeding it `input` where there is some. */
export async function tryTool(command: readonly string[], input: string | Iterable<string> = ''): Promise<ToolResult> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error('no program was named');
  const child = spawn(program, args, { stdio: 'pipe', timeout: 120_000 });
  const closed = once(child, 'close') as Promise<[number | null]>;
  const source = Readable.from(typeof input === 'string' ? [input] : input);
  // A program that ends before it has read everything says why on its own.
  const fed = pipeline(source, child.stdin).catch(() => undefined);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), fed]);
  const [exitCode] = await closed;
  return { exitCode, stdout, stderr };
}

/**
 * Runs a program that must succeed, and gives what it printed.
 *
 * @throws {Error} with the program's own words where it fails
 */
export async function runTool(command: readonly string[], input: string | Iterable<string> = ''): Promise<string> {
  const { exitCode, stdout, stderr } = await tryTool(command, input);
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout;
}
