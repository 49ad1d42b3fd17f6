import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../../config/config.ts';
import { parseProtocol } from '../../login/protocol.ts';
import type { CallerConfig } from '../../wire/http/callers-config.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import type { CallerCredential } from './caller-credential.ts';
import { placeOfHash } from './chosen-caller.ts';
import { type Delivery, deliverFiles } from './deliver-files.ts';
import { readPlainPath } from './plain-path.ts';
import { choosePlainUrl } from './plain-url.ts';
import type { PlannedFile } from './planned-files.ts';
import {
  renderConf,
  renderDefaults,
  renderPostfix,
  renderReadme,
  SASLAUTHD_FILES,
  type SaslauthdSetup,
} from './saslauthd-conf.ts';
import type { GenerateTarget } from './target.ts';
import { type CallerOptions, credentialOf, findCaller } from './target-caller.ts';

const HELP = `
Writes saslauthd.conf for the mechanism httpform, the settings that Debian starts saslauthd with, smtpd.conf for Postfix, and a README
with the three commands that install them. Files that are there and would change are shown as a difference and left alone unless
--force is given; then nothing is written at all.

httpform asks without TLS only: the service needs a listener without it, on loopback. It can send no header: the caller's secret is in
saslauthd.conf. It is found or made as for "nauthilus generate dovecot".

Exit codes: 0 written or nothing to write, 1 not written, 2 wrong arguments.

Examples:
  nauthilus generate saslauthd --output saslauthd-files
  nauthilus generate saslauthd --output saslauthd-files --protocol imap --cleartext`;

interface SaslauthdOptions extends CallerOptions {
  readonly url?: string;
  readonly installedAs: string;
  readonly runFolder: string;
  readonly chroot: string;
  readonly protocol: string;
  readonly cleartext?: true;
}

export const saslauthdTarget: GenerateTarget = {
  name: 'saslauthd',
  description: 'Files by which Cyrus saslauthd asks this service about logins, and Postfix asks saslauthd.',
  complete(command: Command, io: CommandIo): void {
    command
      .requiredOption('-o, --output <folder>', 'where to write; made where it is missing')
      .option('-c, --config <file>', 'the configuration of the service')
      .option('--caller <name>', 'the caller that saslauthd is; needed where there are several and none is "saslauthd"')
      .option('--url <url>', 'where saslauthd reaches the service (default: the first listener without TLS)')
      .option('--secret-file <file>', "file with the caller's secret")
      .option('--new-secret', 'make a new secret; its hash has to be put into the configuration')
      .option('--installed-as <file>', "saslauthd's configuration", readPlainPath, '/etc/saslauthd.conf')
      .option(
        '--run-folder <folder>',
        "the folder of saslauthd's socket",
        readPlainPath,
        '/var/spool/postfix/var/run/saslauthd',
      )
      .option(
        '--chroot <folder>',
        "where Postfix' smtpd is shut in; / where it is not",
        readPlainPath,
        '/var/spool/postfix',
      )
      .option('--protocol <name>', 'the protocol that clients speak', readProtocol, 'smtp')
      .option('--cleartext', 'clients may send passwords without TLS, and the service is not told that they have it')
      .option('--force', 'overwrite files that differ')
      .option('--json', 'print an object')
      .addHelpText('after', HELP)
      .action((options: SaslauthdOptions) => generateSaslauthd(options, io));
  },
};

function readProtocol(text: string): string {
  const protocol = text === '' ? undefined : parseProtocol(text);
  if (protocol === undefined) throw new InvalidArgumentError('It must be at most 32 of a-z, 0-9, ".", "_" and "-".');
  return protocol;
}

async function generateSaslauthd(options: SaslauthdOptions, io: CommandIo): Promise<void> {
  const asked = await findCaller(options, io.env, 'saslauthd');
  const { config, caller } = asked;
  const asker = { program: 'saslauthd', door: '/api/v1/auth/saslauthd' };
  const { url, warnings } = choosePlainUrl(config, options.url, asker);
  const credential = await credentialOf(asked, options, SASLAUTHD_FILES.secret);
  const setup = setupOf(options, url, caller.name);
  const delivery: Delivery = {
    facts: { target: 'saslauthd', url: url.href, caller: caller.name },
    files: renderFiles(setup, credential),
    credential,
    hashPlace: placeOfHash(config, caller),
    warnings: [...warnings, ...warningsOf(config, caller)],
  };
  await deliverFiles(delivery, options, io);
}

function warningsOf({ lineListeners }: Config, { name, scopes }: CallerConfig): readonly string[] {
  const own = lineListeners.find(({ protocol }) => protocol === 'saslauthd');
  return [
    ...(scopes.has('authenticate') ? [] : [`the caller ${name} lacks the scope authenticate: nobody can log in`]),
    ...(own === undefined
      ? []
      : [
          `the service answers in place of saslauthd (line_listeners, ${own.name}): of these files smtpd.conf is needed alone`,
        ]),
  ];
}

function setupOf(options: SaslauthdOptions, url: URL, caller: string): SaslauthdSetup {
  const { installedAs, runFolder, chroot, protocol, cleartext } = options;
  const within = path.posix.relative(chroot, runFolder);
  if (within.startsWith('..'))
    throw new CommandError(`--run-folder: ${runFolder} does not lie in ${chroot}, where smtpd could reach it`, 2);
  return {
    url,
    caller,
    confFile: installedAs,
    runFolder,
    socket: path.posix.join('/', within, 'mux'),
    protocol,
    isSecured: cleartext !== true,
  };
}

const OPEN = 0o644;
const FOR_THE_OWNER = 0o600;

function renderFiles(setup: SaslauthdSetup, credential: CallerCredential): PlannedFile[] {
  const open = { mode: OPEN, isSecret: false };
  const secret = { mode: FOR_THE_OWNER, isSecret: true };
  return [
    { path: 'README.md', text: renderReadme(setup), ...open },
    { path: SASLAUTHD_FILES.conf, text: renderConf(setup, credential.text.trimEnd()), ...secret },
    { path: SASLAUTHD_FILES.defaults, text: renderDefaults(setup), ...open },
    { path: SASLAUTHD_FILES.postfix, text: renderPostfix(setup), ...open },
    { path: SASLAUTHD_FILES.secret, text: credential.text, ...secret },
  ];
}
