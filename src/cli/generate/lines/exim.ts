import type { Command } from 'commander';
import { loadConfig } from '../../../config/load.ts';
import { locateConfig } from '../../../config/locate-config.ts';
import type { UnixSocketPlace } from '../../../wire/sockets/unix-socket.ts';
import { CommandError, type CommandIo } from '../../command-io.ts';
import { chooseLineListener } from './chosen-line-listener.ts';
import { type DeliveryOptions, deliverFiles } from '../deliver-files.ts';
import { EXIM_FILES, renderAuthenticators, renderReadme } from './exim-conf.ts';
import type { GenerateTarget } from '../target.ts';

const HELP = `
Writes the authenticators by which Exim asks this service about logins (driver = dovecot, without any Dovecot), and a README with the
commands that install them. Files that are there and would change are shown as a difference and left alone unless --force is given;
then nothing is written at all.

Exim asks over a unix socket only: line_listeners of the service's configuration needs one for sasl.

Exit codes: 0 written or nothing to write, 1 not written, 2 wrong arguments.

Examples:
  nauthilus generate exim --output exim-files
  nauthilus generate exim --output exim-files --cleartext`;

interface EximOptions extends DeliveryOptions {
  readonly config?: string;
  readonly sasl?: string;
  readonly cleartext?: true;
}

export const eximTarget: GenerateTarget = {
  name: 'exim',
  description: 'Authenticators by which Exim asks this service about logins.',
  complete(command: Command, io: CommandIo): void {
    command
      .requiredOption('-o, --output <folder>', 'where to write; made where it is missing')
      .option('-c, --config <file>', 'the configuration of the service')
      .option('--sasl <name>', 'the listener for sasl; needed where there are several')
      .option('--cleartext', 'offers logins without TLS, too')
      .option('--force', 'overwrite files that differ')
      .option('--json', 'print an object')
      .addHelpText('after', HELP)
      .action((options: EximOptions) => generateExim(options, io));
  },
};

async function generateExim(options: EximOptions, io: CommandIo): Promise<void> {
  const config = await loadConfig(locateConfig(options.config, io.env), io.env);
  const listener = chooseLineListener(config, 'sasl', options.sasl);
  if (listener === undefined) throw new CommandError(NOTHING_TO_ASK, 1);
  if (listener.place.kind !== 'unix')
    throw new CommandError(`the listener ${listener.name} is an address; Exim asks over a unix socket only`, 1);
  const { socket } = listener.place;
  const setup = { socket: socket.path, isSecured: options.cleartext !== true };
  const open = { mode: 0o644, isSecret: false };
  const files = [
    { path: 'README.md', text: renderReadme(setup), ...open },
    { path: EXIM_FILES.authenticators, text: renderAuthenticators(setup), ...open },
  ];
  await deliverFiles(
    { facts: { target: 'exim', socket: setup.socket }, files, warnings: warningsOf(socket) },
    options,
    io,
  );
}

const ALL_MAY_WRITE = 0o002;
const GROUP_MAY_WRITE = 0o020;

function warningsOf({ path, owner, group, mode }: UnixSocketPlace): readonly string[] {
  const isOpen =
    (mode & ALL_MAY_WRITE) !== 0 || owner !== undefined || (group !== undefined && (mode & GROUP_MAY_WRITE) !== 0);
  return isOpen
    ? []
    : [`${path} has no owner and no group of its own: Exim's user cannot open it; set group: Debian-exim`];
}

const NOTHING_TO_ASK = `the service has no listener that Exim could ask. Put this into its configuration:
  line_listeners:
    - { name: exim, protocol: sasl, unix: { path: /run/nauthilus/exim.sock, group: Debian-exim } }`;
