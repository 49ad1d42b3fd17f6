import type { Command } from 'commander';
import { formatProblem } from '../config/config-error.ts';
import { locateConfig } from '../config/locate-config.ts';
import type { ReloadOutcome } from '../supervision/reloads.ts';
import { CommandError, type CommandIo } from './command-io.ts';
import { askService, findControlSocket } from './control-client.ts';

/** Workers are replaced one after the other, each after it has finished what is under way. */
const DEADLINE_MS = 600_000;

const HELP = `
Has the running service read its configuration again and waits until it is in force. Everything is tried before: what cannot
be used is refused, with one line for each problem, and the service goes on as it was. No connection is refused and no request
lost. The number of workers from one to several, and control.socket, change with a restart only.

Exit codes: 0 in force, 1 refused, or no service runs, 2 wrong arguments.

Examples:
  nauthilus reload --config /etc/nauthilus/nauthilus.yaml
  systemctl reload nauthilus`;

/** Adds the command that puts a changed configuration in force. */
export function addReloadCommand(program: Command, io: CommandIo): void {
  program
    .command('reload')
    .description('Put the changed configuration in force in the running service.')
    .option('-c, --config <file>', 'the configuration that the service was started with')
    .option('--socket <path>', 'the control socket, instead of the one of the configuration')
    .option('--json', 'print an object')
    .addHelpText('after', HELP)
    .action(async ({ config, socket: given, json }: { config?: string; socket?: string; json?: true }) => {
      const socket = given ?? (await findControlSocket(locateConfig(config, io.env), io.env));
      const reply = await askService(socket, { method: 'POST', path: '/api/v1/reload', deadlineMs: DEADLINE_MS });
      if (reply.status !== 200 && reply.status !== 422)
        throw new CommandError(`the service answered ${reply.status}: ${reply.body}`);
      const outcome = JSON.parse(reply.body) as ReloadOutcome;
      if (json === true) io.out(`${JSON.stringify(outcome)}\n`);
      else tell(outcome, io);
      io.exitWith(outcome.kind === 'reloaded' ? 0 : 1);
    });
}

function tell(outcome: ReloadOutcome, io: CommandIo): void {
  switch (outcome.kind) {
    case 'reloaded':
      return io.out(`${outcome.file}: in force\n`);
    case 'refused':
      for (const problem of outcome.problems) io.err(`${formatProblem(problem)}\n`);
      return io.err('nauthilus: refused; the service goes on as it was\n');
  }
}
