import type { Command } from 'commander';
import Value from 'typebox/value';
import { PlaceFile, PlaceFileError, placesOf } from '../address-facts/place-files.ts';
import { loadConfig } from '../config/load.ts';
import { openResolveContext } from '../config/resolve-context.ts';
import type { Places } from '../protection/login-rules/places.ts';
import { ProtectionSchema, resolveProtection } from '../protection/protection-config.ts';
import { CommandError, type CommandIo } from './command-io.ts';
import { readLogLines } from './replay/log-lines.ts';
import { replayLog } from './replay/replay-log.ts';
import { renderReplay } from './replay/replay-report.ts';
import type { ReplayMemory, ReplayParts } from './replay/rules-in-replay.ts';

const HELP = `
LOG is the decision log, JSON lines, oldest first; - or nothing for standard input. Its logins are decided anew by the rules of the
section protection of a configuration, at the times of the log: which would have been refused by which rule, and which of
those were right or proved to be later. Nothing is asked of the service, and nothing is changed.

A log holds no passwords. The rules are therefore tried three times: as if all wrong passwords were different, as if each
account had one, and as if there were one for all accounts (spraying).

Exit codes: 0 no accepted login is certain to be refused, 1 some are, or there is no login in the log, or it or the
configuration cannot be used, 2 wrong arguments.

Examples:
  nauthilus replay /var/log/nauthilus.log
  zcat nauthilus.log.*.gz | nauthilus replay --config changed.yaml -
  nauthilus replay --json nauthilus.log | jq '.rules[]'`;

/** Bytes and blocks that a process takes without a setting. */
const MEMORY: ReplayMemory = { accounts: 128 << 20, networks: 64 << 20, blocks: 100_000 };

interface ReplayOptions {
  readonly config?: string;
  readonly json?: true;
}

/** Adds the command that tries rules on the traffic of a log. */
export function addReplayCommand(program: Command, io: CommandIo): void {
  program
    .command('replay')
    .argument('[log]', 'the decision log', '-')
    .description('Say what the rules against guessing would have done to the logins of a log.')
    .option('-c, --config <file>', 'the configuration whose rules are tried; without it, those without a setting')
    .option('--json', 'print an object')
    .addHelpText('after', HELP)
    .action((log: string, options: ReplayOptions) => replay(log, options, io));
}

async function replay(log: string, { config, json }: ReplayOptions, io: CommandIo): Promise<void> {
  const parts = config === undefined ? unconfigured() : await configured(config, io);
  const report = await replayLog(readLogLines(log), parts).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new CommandError(`${log} cannot be read (${code})`, 1, { cause });
  });
  io.out(json === true ? `${JSON.stringify(report)}\n` : renderReplay(report));
  if (report.logins === 0) throw new CommandError(`there is no login in ${log === '-' ? 'standard input' : log}`);
  io.exitWith(report.ownersRefused.repeated > 0 ? 1 : 0);
}

async function configured(file: string, io: CommandIo): Promise<ReplayParts> {
  const { protection, state } = await loadConfig(file, io.env);
  const { accountCountersMaxBytes: accounts, countersMaxBytes: networks, maxBlocks: blocks } = state.memory;
  return {
    rules: protection,
    memory: { accounts, networks, blocks },
    places: await openPlaces(protection.placeDatabases),
  };
}

async function openPlaces(paths: readonly string[]): Promise<Places | undefined> {
  if (paths.length === 0) return undefined;
  const open = async (path: string): Promise<PlaceFile> => {
    try {
      return await PlaceFile.open(path);
    } catch (cause) {
      throw cause instanceof PlaceFileError ? new CommandError(`${path}: ${cause.message}`, 1, { cause }) : cause;
    }
  };
  return placesOf(await Promise.all(paths.map(open)));
}

function unconfigured(): ReplayParts {
  const problem = (path: string, message: string) => {
    throw new Error(`${path}: ${message}`);
  };
  const settings = Value.Parse(ProtectionSchema, Value.Default(ProtectionSchema, {}));
  return {
    rules: resolveProtection(settings, openResolveContext('/', { problem, warning: () => {} })),
    memory: MEMORY,
  };
}
