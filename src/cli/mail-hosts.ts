import type { Command } from 'commander';
import type { CommandIo } from './command-io.ts';
import { callService, type ServiceOptions, withServiceOptions } from './service-call.ts';

const HELP = `
HOST is a host of mail_hosts with all its ports, or one of them: mail1.example.test, mail1.example.test:143, [2001:db8::1]:143.

  drain      no account is sent there any more, but those whose own host it is; who is connected stays
  maintain   as if it were down: nobody is sent there
  resume     ends both

Both hold until they are ended: over a reload, and with Redis or Valkey for all processes and machines, and over a restart.

Exit codes: 0 done, 1 no such host, or no service runs, 2 wrong arguments.

Examples:
  nauthilus mail-hosts list
  nauthilus mail-hosts drain mail1.example.test --reason "new kernel"
  nauthilus mail-hosts maintain mail1.example.test
  nauthilus mail-hosts resume mail1.example.test`;

interface ListedHost {
  readonly pool: string;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly state: string;
  readonly load: number;
  readonly probe: { readonly result: string; readonly detail: string | null; readonly at: string } | null;
  readonly order: { readonly since: string; readonly by: string; readonly reason: string } | null;
}

interface Listed {
  readonly hosts: readonly ListedHost[];
}

interface OrderOptions extends ServiceOptions {
  readonly reason?: string;
}

const ORDERS = [
  ['drain', 'drained', 'Send no more accounts to a host.'],
  ['maintain', 'in maintenance', 'Take a host out, as if it were down.'],
  ['resume', 'resumed', 'Use a host again.'],
] as const;

/** Adds the commands about the hosts that have the mail of accounts. */
export function addMailHostsCommand(program: Command, io: CommandIo): void {
  const mailHosts = program
    .command('mail-hosts')
    .description('The mail hosts that logins are sent on to.')
    .addHelpText('after', HELP);
  withServiceOptions(mailHosts.command('list').description('All of them, with what probes find.')).action(
    async (options: ServiceOptions) => {
      const { body, result } = await callService<Listed>(options, io, { method: 'GET', path: '/api/v1/mail-hosts' });
      io.out(options.json === true ? `${body}\n` : renderHosts(result.hosts));
    },
  );
  for (const [mode, done, description] of ORDERS)
    withServiceOptions(mailHosts.command(mode).description(description))
      .argument('<host>', 'a host, or a host with its port')
      .option('--reason <text>', 'for other operators')
      .action(async (host: string, { reason, ...options }: OrderOptions) => {
        const call = { method: 'POST', path: '/api/v1/mail-hosts', body: { host, mode, reason } } as const;
        const { body, result } = await callService<Listed>(options, io, call);
        if (options.json === true) io.out(`${body}\n`);
        else for (const one of result.hosts) io.out(`${done}: ${placeOf(one)} (${one.pool})\n`);
      });
}

const HEAD = ['POOL', 'HOST', 'STATE', 'LOAD', 'WEIGHT', 'PROBE', 'SINCE', 'BY', 'REASON'];

/** A table for people; nothing where there are no hosts. */
function renderHosts(hosts: readonly ListedHost[]): string {
  if (hosts.length === 0) return '';
  const rows = hosts.map((one) => [
    one.pool,
    placeOf(one),
    one.state,
    String(one.load),
    String(one.weight),
    one.probe === null ? 'none yet' : (one.probe.detail ?? 'alive'),
    one.order?.since ?? '',
    one.order?.by ?? '',
    one.order?.reason ?? '',
  ]);
  const shown = [HEAD, ...rows].map((row) => row.map((cell) => cell.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')));
  const widths = HEAD.map((_, i) => Math.max(...shown.map((row) => row[i]?.length ?? 0)));
  const lines = shown.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function placeOf({ host, port }: ListedHost): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
