import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type App, start } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { locateConfig } from '../config/locate-config.ts';
import { readVersion } from '../version.ts';
import { CommandError, type CommandIo } from './command-io.ts';

export function addServeCommand(program: Command, io: CommandIo): void {
  program
    .command('serve')
    .description('Answer callers until SIGTERM or SIGINT; then finish what is under way and exit.')
    .option('-c, --config <file>', 'the configuration')
    .option('--hints <file>', 'a text to show once ready')
    .action(async ({ config: given, hints }: { config?: string; hints?: string }) => {
      const stop = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(signal));
      const config = await loadConfig(locateConfig(given, io.env), io.env);
      await using app = await start(config, { version: readVersion() });
      io.err(await renderReady(app, hints));
      await aborted(stop.signal);
      io.err(`nauthilus: ${String(stop.signal.reason)}: finishing what is under way\n`);
    });
}

async function renderReady(app: App, hintsFile: string | undefined): Promise<string> {
  const lines = [`nauthilus ${readVersion()} is ready: ${app.urls.join(', ')}`];
  for (const { name, detail } of app.backends) lines.push(`  backend ${name}: ${detail}`);
  lines.push(`  callers: ${app.callers.join(', ')}`);
  for (const path of app.paths) lines.push(`  serves ${path}`);
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

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
