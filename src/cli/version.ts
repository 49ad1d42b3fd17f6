import type { Command } from 'commander';
import { readVersion } from '../version.ts';
import type { CommandIo } from './command-io.ts';

export function addVersionCommand(program: Command, io: CommandIo): void {
  program
    .command('version')
    .description('Print the version of this service and of the Node that runs it.')
    .option('--json', 'print an object')
    .action(({ json }: { json?: true }) => {
      const version = readVersion();
      io.out(
        json
          ? `${JSON.stringify({ version, node: process.version })}\n`
          : `nauthilus ${version} (Node ${process.version})\n`,
      );
    });
}
