import type { Command } from 'commander';
import { type ServiceOptions, callService, withServiceOptions } from '../service-call.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import { addWhyCommand } from '../explain.ts';
import { addExportCommand } from './export.ts';
import { type ListedBlock, listBlocks, renderBlocks } from './listed-blocks.ts';

interface WhomOptions extends ServiceOptions {
  readonly address?: string;
  readonly network?: string;
  readonly account?: string;
  readonly rule?: string;
}

interface AddOptions extends WhomOptions {
  readonly reason: string;
  readonly for?: string;
  readonly until?: string;
}

const HELP = `
Blocks keep logins out whatever their password is. Rules of the protection put them, and operators by hand. Those by hand hold
against everybody, also where an account is known; with Redis or Valkey they outlive a restart.

  remove   ends blocks, and what their rules have counted, so that the next wrong password does not block anew
  flush    forgets an account or an address altogether: counters, blocks, where it is known, remembered logins

Exit codes: 0 done, 1 nothing was found, or no service runs, 2 wrong arguments.

Examples:
  nauthilus block list --address 192.0.2.7
  nauthilus block add --network 198.51.100.0/24 --for 2d --reason "stolen passwords"
  nauthilus block remove --address 192.0.2.7
  nauthilus block flush --account alice@example.test
  nauthilus block export --format nftables | nft -f -`;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Adds the commands about blocks. */
export function addBlockCommand(program: Command, io: CommandIo): void {
  const block = program
    .command('block')
    .description('Who is kept out, by rules and by hand.')
    .addHelpText('after', HELP);
  addList(block, io);
  addAdd(block, io);
  addRemove(block, io);
  addFlush(block, io);
  addWhyCommand(block, io);
  addExportCommand(block, io);
}

function withWhom(command: Command): Command {
  return command
    .option('--address <ip>', 'an address: all blocks that hold against it')
    .option('--network <cidr>', 'exactly this network')
    .option('--account <name>', 'an account');
}

function addList(block: Command, io: CommandIo): void {
  withServiceOptions(withWhom(block.command('list').description('Blocks in force, the latest first.')))
    .option('--rule <name>', 'blocks of this rule; "manual" for those by hand')
    .action(async (options: WhomOptions) => {
      const { body, result } = await listBlocks(options, io, queryOf(options));
      const { entries } = result[0];
      io.out(options.json === true ? `${body}\n` : renderBlocks(entries));
    });
}

function addAdd(block: Command, io: CommandIo): void {
  withServiceOptions(withWhom(block.command('add').description('Block an address, a network or an account by hand.')))
    .requiredOption('--reason <text>', 'for other operators')
    .option('--for <time>', 'how long: 30m, 12h, 7d')
    .option('--until <time>', 'its end, in ISO 8601')
    .action(async (options: AddOptions) => {
      const { address, network, account, reason, until, for: lasts } = options;
      if ((until === undefined) === (lasts === undefined)) throw new CommandError('give either --for or --until', 2);
      const ttl = lasts === undefined ? undefined : secondsOf(lasts);
      const body = { ip_address: address, network, account, reason, until, ttl };
      const call = { method: 'POST', path: '/api/v1/block', body } as const;
      const reply = await callService<ListedBlock>(options, io, call);
      io.out(
        options.json === true ? `${reply.body}\n` : `blocked: ${whomOf(reply.result)} until ${reply.result.until}\n`,
      );
    });
}

function addRemove(block: Command, io: CommandIo): void {
  withServiceOptions(withWhom(block.command('remove').description('End blocks, of rules and by hand.')))
    .option('--rule <name>', 'blocks of this rule; "manual" for those by hand')
    .action(async (options: WhomOptions) => {
      const { address, network, account, rule } = options;
      const body = { ip_address: address, network, account, rule };
      const call = { method: 'DELETE', path: '/api/v1/block', body } as const;
      const reply = await callService<{ readonly removed: readonly ListedBlock[] }>(options, io, call);
      const { removed } = reply.result;
      if (options.json === true) io.out(`${reply.body}\n`);
      else for (const one of removed) io.out(`ended: ${whomOf(one)} (${one.bucket})\n`);
      if (removed.length > 0) return;
      if (options.json !== true) io.err('nauthilus: no such block is in force\n');
      io.exitWith(1);
    });
}

interface FlushResult {
  readonly status: string;
  readonly removed_keys: readonly string[];
  readonly forgotten: number;
}

function addFlush(block: Command, io: CommandIo): void {
  withServiceOptions(block.command('flush').description('Forget an account, an address or a network altogether.'))
    .option('--address <ip>', 'an address, with all networks that hold it')
    .option('--network <cidr>', 'a network, with all that it holds or that hold it')
    .option('--account <name>', 'an account, by any of its names')
    .option('--rule <name>', 'only what this rule has counted and blocked')
    .action(async (options: WhomOptions) => {
      const { address, network, account, rule } = options;
      const body = { ip_address: address, network, account, rule_name: rule };
      const call = { method: 'POST', path: '/api/v1/bruteforce/flush', body } as const;
      const reply = await callService<FlushResult>(options, io, call);
      io.out(options.json === true ? `${reply.body}\n` : renderFlush(reply.result));
    });
}

function renderFlush({ removed_keys: keys, forgotten }: FlushResult): string {
  return `flushed: ${keys.length} blocks ended, ${forgotten} counters forgotten\n`;
}

function whomOf({ network, account }: ListedBlock): string {
  return network ?? account ?? '';
}

function queryOf({ address, network, account, rule }: WhomOptions): Readonly<Record<string, string | undefined>> {
  return { ip_address: address, network, account, rule };
}

function secondsOf(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = UNITS[unit];
  if (number === undefined || seconds === undefined)
    throw new CommandError(`--for ${text}: is no time; write a whole number and s, m, h or d`, 2);
  return Number(number) * seconds;
}
