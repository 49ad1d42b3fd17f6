import type { Secret } from '../login/secret.ts';
import { CommandError, type CommandIo } from './command-io.ts';
import { readFirstLine, readFromTerminal } from './terminal.ts';

/** The commands' view of this process. */
export function processIo(): CommandIo {
  // Who reads what is said may go away at any time; that must not end a service, nor fail a command.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const show = (text: string) => void process.stderr.write(text);
  const readPassword = (prompt: string): Promise<Secret> =>
    process.stdin.isTTY ? readFromTerminal(process.stdin, show, prompt) : readFirstLine(process.stdin);
  return {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: show,
    readPassword,
    async readNewPassword() {
      const password = await readPassword('New password: ');
      if (!process.stdin.isTTY) return password;
      const again = await readPassword('The same again: ');
      if (!password.reveal().equals(again.reveal()))
        throw new CommandError('the passwords differ; nothing was changed');
      return password;
    },
    exitWith(code) {
      process.exitCode = code;
    },
  };
}
