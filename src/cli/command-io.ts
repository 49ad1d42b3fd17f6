/**
 * What a command has of the outside: its streams, its environment, and the terminal's password prompt. Commands write text, set
 * an exit code and throw {@link CommandError}; they never touch `process` themselves.
 *
 * @module
 */
import type { Secret } from '../login/secret.ts';

/** 0 done, 1 could not be done or the answer is no, 2 asked for in a wrong way. */
export type ExitCode = 0 | 1 | 2;

export interface CommandIo {
  readonly env: NodeJS.ProcessEnv;
  /** Writes to standard output: results, one record a line. */
  out(text: string): void;
  /** Writes to standard error: everything that is for people only. */
  err(text: string): void;
  /** Reads a password: from the terminal without echo, or the first line of standard input. */
  readPassword(prompt: string): Promise<Secret>;
  /** Reads a new password: asked for twice at a terminal, once from standard input. @throws {CommandError} where both differ */
  readNewPassword(): Promise<Secret>;
  /** Sets what the program will exit with. */
  exitWith(code: ExitCode): void;
}

/** A command could not do what was asked; the message is for the person who asked. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
