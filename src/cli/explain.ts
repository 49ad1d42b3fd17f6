import type { Command } from 'commander';
import { CommandError, type CommandIo } from './command-io.ts';
import { callService, type ServiceOptions, withServiceOptions } from './service-call.ts';

interface ExplainOptions extends ServiceOptions {
  readonly address?: string;
  readonly account?: string;
  readonly protocol?: string;
  readonly caller?: string;
  readonly cleartext?: true;
}

/** What the service says; see its door. */
interface Explained {
  readonly kind: 'past' | 'hypothetical';
  readonly session?: string;
  readonly time?: string;
  readonly login_name?: string;
  readonly trace_id?: string;
  readonly request_id?: string;
  readonly account?: string;
  readonly client_ip?: string;
  readonly protocol?: string;
  readonly outcome: string;
  readonly reason: string;
  readonly decided_by: string;
  readonly why: string;
  readonly steps: readonly {
    readonly step: string;
    readonly effect: string;
    readonly text: string;
    readonly ms?: number;
  }[];
  readonly would_differ: readonly string[];
}

const HELP = `
With a SESSION, from the log or from the header X-Nauthilus-Session: why a decision of the last hour (explain.keep) was what it
was. Without: what a login would come to now. No password is asked for, and nothing is counted.

Exit codes: 0 accepted, or up to the password, 1 refused, deferred, or not known, 2 wrong arguments.

Examples:
  nauthilus explain 01M863NHEW0000KNE3CJN6RR2T
  nauthilus explain --account alice@example.test --address 192.0.2.7 --protocol imap`;

/** Adds the command that says why. */
export function addExplainCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('explain')
    .argument('[session]', 'of a past decision')
    .description('Say why a login was decided as it was, or what one would come to.')
    .addHelpText('after', HELP);
  withWhom(withServiceOptions(command)).action(async (session: string | undefined, options: ExplainOptions) => {
    await explain(session, options, io);
  });
}

/** Adds the same question to the commands about blocks: why is somebody kept out? */
export function addWhyCommand(block: Command, io: CommandIo): void {
  const command = block
    .command('why')
    .description('Say what would keep an address or an account out, and what would not.');
  withWhom(withServiceOptions(command)).action(async (options: ExplainOptions) => {
    await explain(undefined, options, io);
  });
}

function withWhom(command: Command): Command {
  return command
    .option('--account <name>', 'who would log in')
    .option('--address <ip>', 'from where')
    .option('--protocol <name>', 'by which protocol')
    .option('--caller <name>', 'through which caller')
    .option('--cleartext', 'over a connection that is not encrypted');
}

async function explain(session: string | undefined, options: ExplainOptions, io: CommandIo): Promise<void> {
  const { account, address, protocol, caller, cleartext, json } = options;
  const isPast = session !== undefined;
  if (isPast === (account !== undefined || address !== undefined))
    throw new CommandError('give either a SESSION, or --account or --address or both', 2);
  const asked = { account, client_ip: address, protocol, caller, ssl: cleartext !== true };
  const call = isPast
    ? ({ method: 'GET', path: `/api/v1/explain/${encodeURIComponent(session)}` } as const)
    : ({ method: 'POST', path: '/api/v1/explain', body: asked } as const);
  const { body, result } = await callService<Explained>(options, io, call);
  io.out(json === true ? `${body}\n` : render(result));
  io.exitWith(result.outcome === 'accept' || result.outcome === 'open' ? 0 : 1);
}

const OUTCOMES: Readonly<Record<string, string>> = {
  accept: 'accepted',
  refuse: 'refused',
  defer: 'deferred',
  open: 'up to the password',
};
const MARKS: Readonly<Record<string, string>> = {
  refused: 'x',
  deferred: 'x',
  observed: '~',
  accepted: '+',
  open: '?',
};

function render(explained: Explained): string {
  const { kind, outcome, reason, decided_by: step, why, steps, would_differ: differ } = explained;
  const code = reason === 'open' || reason === 'ok' ? '' : ` (${reason})`;
  const lines = [whose(explained), `${OUTCOMES[outcome] ?? outcome}${code} by ${step}: ${why}`, '', 'steps:'];
  for (const { step: name, effect, text, ms } of steps)
    lines.push(`  ${MARKS[effect] ?? ' '} ${name}${ms === undefined ? '' : ` (${ms} ms)`}: ${text}`);
  if (differ.length > 0)
    lines.push('', kind === 'past' ? 'would have been otherwise with:' : 'would be otherwise with:');
  for (const one of differ) lines.push(`  - ${one}`);
  return `${lines.map(printable).join('\n')}\n`;
}

function whose(explained: Explained): string {
  const { session, time, login_name: loginName, account, client_ip: address, protocol } = explained;
  const { trace_id: trace, request_id: request } = explained;
  const parts = [
    time,
    session,
    loginName,
    account === undefined || account === loginName ? undefined : `account ${account}`,
    address === undefined ? undefined : `from ${address}`,
    protocol,
    trace === undefined ? undefined : `trace ${trace}`,
    request === undefined ? undefined : `request ${request}`,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('  ');
}

/** Names are what somebody typed, and terminals take orders. */
function printable(line: string): string {
  return line.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
