import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { addBlockCommand } from './block/block.ts';
import { addCacheCommand } from './cache.ts';
import { addCheckCommand } from './check.ts';
import { CommandError, type CommandIo } from './command-io.ts';
import { addConfigCommand } from './config.ts';
import { addDoctorCommand } from './doctor.ts';
import { addExplainCommand } from './explain.ts';
import { addGenerateCommand } from './generate.ts';
import { addHashCommand } from './hash.ts';
import { addInitCommand } from './init.ts';
import { addReloadCommand } from './reload.ts';
import { addReplayCommand } from './replay.ts';
import { addServeCommand } from './serve.ts';
import { addUserCommand } from './user.ts';
import { addVersionCommand } from './version.ts';

const COMMANDS = [
  addServeCommand,
  addReloadCommand,
  addCheckCommand,
  addConfigCommand,
  addUserCommand,
  addHashCommand,
  addInitCommand,
  addGenerateCommand,
  addDoctorCommand,
  addCacheCommand,
  addBlockCommand,
  addExplainCommand,
  addReplayCommand,
  addVersionCommand,
] as const;

/** Runs one command line, `nauthilus` itself left out. Never throws for what a person did wrong: the exit code tells. */
export async function runCommandLine(args: readonly string[], io: CommandIo): Promise<void> {
  const program = new Command('nauthilus')
    .description('The authentication service that mail servers ask about every login.')
    .showHelpAfterError('(try --help)')
    .helpCommand(false)
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) });
  for (const add of COMMANDS) add(program, io);
  forEachCommand(program, (command) => command.exitOverride());
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (cause) {
    tell(cause, io);
  }
}

function forEachCommand(command: Command, act: (command: Command) => void): void {
  act(command);
  for (const child of command.commands) forEachCommand(child, act);
}

function tell(cause: unknown, io: CommandIo): void {
  if (cause instanceof CommanderError) return io.exitWith(cause.exitCode === 0 ? 0 : 2);
  if (cause instanceof CommandError) {
    io.err(`nauthilus: ${cause.message}\n`);
    return io.exitWith(cause.exitCode);
  }
  if (cause instanceof ConfigError) {
    io.err(`${cause.message}\n`);
    return io.exitWith(1);
  }
  throw cause;
}
