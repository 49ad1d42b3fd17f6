import path from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../../config/config.ts';
import { loadConfig } from '../../../config/load.ts';
import { locateConfig } from '../../../config/locate-config.ts';
import type { LineListenerConfig } from '../../../wire/line/line-config.ts';
import { CommandError, type CommandIo } from '../../command-io.ts';
import { chooseLineListener, portOf } from './chosen-line-listener.ts';
import { type DeliveryOptions, deliverFiles } from '../deliver-files.ts';
import { readPlainPath } from '../plain-path.ts';
import { POSTFIX_FILES, type PostfixMap, type PostfixSetup, renderReadme, renderSettings } from './postfix-conf.ts';
import type { GenerateTarget } from '../target.ts';

const HELP = `
Writes the settings by which Postfix asks this service about logins (smtpd_sasl_type = dovecot, without any Dovecot) and looks up
mailboxes, aliases, domains and the addresses that logins may send as, and a README with the commands that install them. Files that are
there and would change are shown as a difference and left alone unless --force is given; then nothing is written at all.

What there is to ask is what line_listeners and maps of the service's configuration have: a listener for sasl, and one for socketmap.

Exit codes: 0 written or nothing to write, 1 not written, 2 wrong arguments.

Examples:
  nauthilus generate postfix --output postfix-files
  nauthilus generate postfix --output postfix-files --sasl postfix-auth --chroot /`;

interface PostfixOptions extends DeliveryOptions {
  readonly config?: string;
  readonly sasl?: string;
  readonly socketmap?: string;
  readonly chroot: string;
}

export const postfixTarget: GenerateTarget = {
  name: 'postfix',
  description: 'Settings by which Postfix asks this service about logins and looks up accounts.',
  complete(command: Command, io: CommandIo): void {
    command
      .requiredOption('-o, --output <folder>', 'where to write; made where it is missing')
      .option('-c, --config <file>', 'the configuration of the service')
      .option('--sasl <name>', 'the listener for sasl; needed where there are several')
      .option('--socketmap <name>', 'the listener for socketmap; needed where there are several')
      .option(
        '--chroot <folder>',
        "where Postfix' daemons are shut in; / where they are not",
        readPlainPath,
        '/var/spool/postfix',
      )
      .option('--force', 'overwrite files that differ')
      .option('--json', 'print an object')
      .addHelpText('after', HELP)
      .action((options: PostfixOptions) => generatePostfix(options, io));
  },
};

async function generatePostfix(options: PostfixOptions, io: CommandIo): Promise<void> {
  const config = await loadConfig(locateConfig(options.config, io.env), io.env);
  const warnings: string[] = [];
  const setup = setupOf(config, options, (warning) => warnings.push(warning));
  const open = { mode: 0o644, isSecret: false };
  const files = [
    { path: 'README.md', text: renderReadme(setup), ...open },
    { path: POSTFIX_FILES.settings, text: renderSettings(setup), ...open },
  ];
  const facts = { target: 'postfix', ...(setup.sasl && { sasl: setup.sasl }) };
  await deliverFiles({ facts, files, warnings }, options, io);
}

type Warn = (warning: string) => void;

function setupOf(config: Config, { sasl, socketmap, chroot }: PostfixOptions, warn: Warn): PostfixSetup {
  const logins = chooseLineListener(config, 'sasl', sasl);
  const tables = chooseLineListener(config, 'socketmap', socketmap);
  if (logins === undefined && tables === undefined) throw new CommandError(NOTHING_TO_ASK, 1);
  if (logins === undefined) warn('there is no listener for sasl: Postfix asks nobody about logins');
  return {
    sasl: logins === undefined ? undefined : saslPath(logins, chroot, warn),
    maps: tables === undefined ? [] : mapsOf(config, tables, chroot, warn),
  };
}

const NOTHING_TO_ASK = `the service has no listener that Postfix could ask. Put this into its configuration:
  line_listeners:
    - { name: postfix, protocol: sasl, unix: { path: /var/spool/postfix/nauthilus/auth, group: postfix } }`;

function saslPath(listener: LineListenerConfig, chroot: string, warn: Warn): string {
  const { name, place, tls } = listener;
  if (tls !== undefined)
    warn(`the listener ${name} speaks TLS, which Postfix does not in this protocol: it needs a tunnel`);
  if (place.kind === 'tcp') return `inet:${hostOf(place.address)}:${portOf(name, place.port)}`;
  if (chroot === '/') return place.socket.path;
  const within = path.posix.relative(chroot, place.socket.path);
  if (!within.startsWith('..')) return within;
  warn(`${place.socket.path} does not lie in ${chroot}: smtpd finds it only where master.cf does not shut it in there`);
  return place.socket.path;
}

/** What setting of Postfix a map is for, by what it gives. */
function mapsOf(config: Config, listener: LineListenerConfig, chroot: string, warn: Warn): readonly PostfixMap[] {
  const { name: listenerName, place, maps } = listener;
  if (place.kind === 'unix' && chroot !== '/')
    warn(
      `the listener ${listenerName} is a unix socket: daemons of Postfix that are shut in and others that are not call it by different paths; give it an address, or --chroot /`,
    );
  const where =
    place.kind === 'unix'
      ? `unix:${place.socket.path}`
      : `inet:${hostOf(place.address)}:${portOf(listenerName, place.port)}`;
  return config.maps
    .filter(({ name }) => maps.includes(name))
    .map((map) => ({
      table: `socketmap:${where}:${map.name}`,
      gives: map.kind === 'domains' ? 'domain' : map.gives,
    }));
}

function hostOf(address: string): string {
  const here: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const host = here[address] ?? address;
  return host.includes(':') ? `[${host}]` : host;
}
