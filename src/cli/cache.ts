import type { Command } from 'commander';
import { locateConfig } from '../config/locate-config.ts';
import { CommandError, type CommandIo } from './command-io.ts';
import { askService, findControlSocket } from './control-client.ts';

interface FlushOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly account?: string;
  readonly all?: true;
  readonly json?: true;
}

const HELP = `
The running service forgets which passwords it has proven, here and in all processes that share what they remember; the next
login asks the backend again. Needed only after a change that the service cannot see, such as a password changed in a directory.

Examples:
  nauthilus cache flush --account alice@example.test
  nauthilus cache flush --all`;

export function addCacheCommand(program: Command, io: CommandIo): void {
  program
    .command('cache')
    .description('What the running service remembers.')
    .command('flush')
    .description('Forget the remembered logins of an account, or all of them.')
    .option('-c, --config <file>', 'the configuration that the service was started with')
    .option('--socket <path>', 'the control socket, instead of the one of the configuration')
    .option('--account <name>', 'the account')
    .option('--all', 'all accounts')
    .option('--json', 'print an object')
    .addHelpText('after', HELP)
    .action(async ({ config, socket: given, account, all, json }: FlushOptions) => {
      if ((account === undefined) === (all === undefined))
        throw new CommandError('give either --account NAME or --all', 2);
      const socket = given ?? (await findControlSocket(locateConfig(config, io.env), io.env));
      const body = { user: account ?? '*' };
      const reply = await askService(socket, { method: 'POST', path: '/api/v1/cache/flush', body });
      if (reply.status === 400) throw new CommandError(`${account ?? ''}: is no account name`, 2);
      if (reply.status !== 200) throw new CommandError(`the service answered ${reply.status}: ${reply.body}`);
      io.out(json === true ? `${reply.body}\n` : `flushed: ${account ?? 'all accounts'}\n`);
    });
}
