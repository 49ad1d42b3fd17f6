import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { readConfigFile, readConfigText } from '../config/load.ts';
import { locateConfig } from '../config/locate-config.ts';
import type { ServiceSummary } from '../supervision/messages.ts';
import { openServiceNotice } from '../supervision/service-notice.ts';
import { supervise } from '../supervision/supervise.ts';
import type { ReadConfig, Supervised } from '../supervision/supervised.ts';
import { WorkerStartError } from '../supervision/worker-process.ts';
import { readVersion } from '../version.ts';
import { CommandError, type CommandIo } from './command-io.ts';

const HELP = `
Signals: SIGTERM and SIGINT finish what is under way and end the service; SIGHUP reads the configuration again, as
\`nauthilus reload\` does. With several workers, send signals to this process only.`;

export function addServeCommand(program: Command, io: CommandIo): void {
  program
    .command('serve')
    .description('Answer callers until SIGTERM or SIGINT; then finish what is under way and exit.')
    .option('-c, --config <file>', 'the configuration')
    .option('--hints <file>', 'a text to show once ready')
    .addHelpText('after', HELP)
    .action(async ({ config: given, hints }: { config?: string; hints?: string }) => {
      const readConfig: ReadConfig = ({ text, file }) => readConfigText(text, file, io.env).config;
      const file = locateConfig(given, io.env);
      return serve({ file, hints, readConfig }, io);
    });
}

interface Serving {
  readonly file: string;
  readonly hints: string | undefined;
  readonly readConfig: ReadConfig;
}

async function serve({ file, hints, readConfig }: Serving, io: CommandIo): Promise<void> {
  const signals = new Signals();
  const notice = openServiceNotice(io);
  const readSource = async () => ({ file, text: await readConfigFile(file) });
  await using service = await supervise({ version: readVersion(), readSource, readConfig }).catch((cause: unknown) => {
    throw cause instanceof WorkerStartError ? new CommandError(cause.message, 1, { cause }) : cause;
  });
  notice.ready();
  io.err(await renderReady(service.summary, hints));
  signals.onHangUp(() => void reload(service, notice));
  const signal = await signals.stopped;
  notice.stopping();
  io.err(`nauthilus: ${signal}: finishing what is under way\n`);
}

async function reload(service: Supervised, notice: ReturnType<typeof openServiceNotice>): Promise<void> {
  notice.reloading();
  await service.reload();
  notice.ready();
}

/** What the process is told by signals. */
class Signals {
  readonly stopped: Promise<NodeJS.Signals>;
  readonly #hadTerminal = hasTerminal();
  #hangUp = (): void => {};

  constructor() {
    this.stopped = new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
      process.on('SIGHUP', () => {
        // What was started at a terminal ends with it, as any program does.
        if (this.#hadTerminal && !hasTerminal()) resolve('SIGHUP');
        else this.#hangUp();
      });
    });
  }

  /** One that comes before this is called asks for what the start does anyway. */
  onHangUp(act: () => void): void {
    this.#hangUp = act;
  }
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

async function renderReady(summary: ServiceSummary, hintsFile: string | undefined): Promise<string> {
  const lines = [`nauthilus ${readVersion()} is ready: ${summary.urls.join(', ')}`];
  for (const { name, detail } of summary.backends) lines.push(`  backend ${name}: ${detail}`);
  lines.push(`  callers: ${summary.callers.join(', ')}`);
  for (const path of summary.paths) lines.push(`  serves ${path}`);
  const hints = hintsFile === undefined ? '' : await readHints(hintsFile);
  return `${lines.join('\n')}\n${hints}`;
}

async function readHints(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CommandError(`--hints: ${(cause as Error).message}`, 1, { cause });
  }
}
