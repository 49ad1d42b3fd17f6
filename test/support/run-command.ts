import { runCommandLine } from '../../src/cli/command-line.ts';
import type { CommandIo } from '../../src/cli/command-io.ts';

/** What a command has said, and how it ended. */
export interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly exitCode: number;
}

/** Runs a command of `nauthilus` in this process, with an empty environment and nobody to ask for a password. */
export async function runCommand(...args: readonly string[]): Promise<Outcome> {
  const outcome = { out: '', err: '', exitCode: 0 };
  const never = () => Promise.reject(new Error('no password is asked for'));
  const io: CommandIo = {
    env: {},
    out: (text) => (outcome.out += text),
    err: (text) => (outcome.err += text),
    readPassword: never,
    readNewPassword: never,
    exitWith: (code) => (outcome.exitCode = code),
  };
  await runCommandLine(args, io);
  return outcome;
}
