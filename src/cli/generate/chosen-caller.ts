import type { Config } from '../../config/config.ts';
import type { SecretCallerConfig } from '../../wire/http/callers-config.ts';
import { CommandError } from '../command-io.ts';

/**
 * The caller that a program is: the one that was named, else the only one, else the one with the program's name.
 * @throws {CommandError} where that does not tell
 */
export function chooseCaller({ callers, file }: Config, name: string | undefined, program: string): SecretCallerConfig {
  const [only] = callers;
  const wanted = name ?? (callers.length === 1 ? only?.name : program.toLowerCase());
  const caller = callers.find((own) => own.name === wanted);
  if (caller?.kind === 'secret') return caller;
  if (caller !== undefined)
    throw new CommandError(
      `${file}: the caller ${caller.name} proves itself by a ${caller.kind}, and ${program} sends a secret; name another with --caller`,
    );
  const names = callers.map((own) => own.name).join(', ');
  throw new CommandError(
    name === undefined
      ? `${file}: has several callers (${names}); name the one that this ${program} is with --caller`
      : `${file}: has no caller ${JSON.stringify(name)}; there is ${names}`,
  );
}

/** Where a caller's hash stands: file, line and setting. */
export function placeOfHash(config: Config, caller: SecretCallerConfig): string {
  const setting = `callers[${config.callers.indexOf(caller)}].secret`;
  const position = config.locate(setting);
  return `${config.file}${position === undefined ? '' : `:${position.line}`}: ${setting}`;
}
