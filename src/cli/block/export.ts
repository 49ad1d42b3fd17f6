import { type Command, Option } from 'commander';
import { CommandError, type CommandIo } from '../command-io.ts';
import { type ServiceOptions, withServiceOptions } from '../service-call.ts';
import { listBlocks } from './listed-blocks.ts';
import { isSetName, renderNftables } from './nftables.ts';

interface ExportOptions extends ServiceOptions {
  readonly format: 'nftables';
  readonly table: string;
  readonly rule?: string;
}

/** Adds the command that writes blocks for packet filters. */
export function addExportCommand(block: Command, io: CommandIo): void {
  withServiceOptions(block.command('export').description('Write blocked networks for a packet filter.'))
    .addOption(new Option('--format <name>', 'for which').choices(['nftables']).default('nftables'))
    .option('--table <name>', 'the table, of family inet, that the sets are in', 'nauthilus')
    .option('--rule <name>', 'only blocks of this rule; "manual" for those by hand')
    .action(async (options: ExportOptions) => {
      if (!isSetName(options.table)) throw new CommandError(`--table ${options.table}: is no name of a table`, 2);
      const { body, result } = await listBlocks(options, io, { rule: options.rule });
      io.out(options.json === true ? `${body}\n` : renderNftables(result[0].entries, options.table));
    });
}
