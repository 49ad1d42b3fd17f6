import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import type { CallerCredential } from './caller-credential.ts';
import { placeOfHash } from './chosen-caller.ts';
import { type Delivery, deliverFiles } from './deliver-files.ts';
import { NGINX_FILES, NGINX_PROTOCOLS, type NginxSetup, renderCaller, renderConf, renderReadme } from './nginx-conf.ts';
import { choosePlainUrl } from './plain-url.ts';
import { readPlainPath } from './plain-path.ts';
import type { PlannedFile } from './planned-files.ts';
import type { GenerateTarget } from './target.ts';
import { type CallerOptions, credentialOf, findCaller } from './target-caller.ts';

const HELP = `
Writes the mail block with a server for each protocol that mail_hosts has a pool for, the caller's credential, and a README with the
three commands that install them. Files that are there and would change are shown as a difference and left alone unless --force is
given; then nothing is written at all.

nginx asks without TLS only: the service needs a listener without it, on loopback. The secret is found or made as for
"nauthilus generate dovecot".

Exit codes: 0 written or nothing to write, 1 not written, 2 wrong arguments.

Examples:
  nauthilus generate nginx --output nginx-files
  nauthilus generate nginx --output nginx-files --certificate /etc/ssl/mail.pem --key /etc/ssl/private/mail.key`;

interface NginxOptions extends CallerOptions {
  readonly url?: string;
  readonly installedIn: string;
  readonly certificate: string;
  readonly key: string;
}

export const nginxTarget: GenerateTarget = {
  name: 'nginx',
  description: "Files by which nginx's mail proxy asks this service about logins.",
  complete(command: Command, io: CommandIo): void {
    command
      .requiredOption('-o, --output <folder>', 'where to write; made where it is missing')
      .option('-c, --config <file>', 'the configuration of the service')
      .option('--caller <name>', 'the caller that this nginx is; needed where there are several and none is "nginx"')
      .option('--url <url>', 'where this nginx reaches the service (default: the first listener without TLS)')
      .option('--secret-file <file>', "file with the caller's secret")
      .option('--new-secret', 'make a new secret; its hash has to be put into the configuration')
      .option('--installed-in <folder>', "the folder of nginx's configuration", readPlainPath, '/etc/nginx')
      .option(
        '--certificate <file>',
        'certificate that mail programs are shown',
        readPlainPath,
        '/etc/nginx/tls/mail.pem',
      )
      .option('--key <file>', 'its private key', readPlainPath, '/etc/nginx/tls/mail.key')
      .option('--force', 'overwrite files that differ')
      .option('--json', 'print an object')
      .addHelpText('after', HELP)
      .action((options: NginxOptions) => generateNginx(options, io));
  },
};

async function generateNginx(options: NginxOptions, io: CommandIo): Promise<void> {
  const asked = await findCaller(options, io.env, 'nginx');
  const { config, caller } = asked;
  const { url, warnings } = choosePlainUrl(config, options.url, { program: 'nginx', door: '/api/v1/auth/nginx' });
  const credential = await credentialOf(asked, options, NGINX_FILES.secret);
  const setup = setupOf(config, options, url, caller.name);
  const delivery: Delivery = {
    facts: { target: 'nginx', url: setup.url, caller: caller.name },
    files: renderFiles(setup, credential),
    credential,
    hashPlace: placeOfHash(config, caller),
    warnings: caller.scopes.has('authenticate')
      ? warnings
      : [...warnings, `the caller ${caller.name} lacks the scope authenticate: nobody can log in`],
  };
  await deliverFiles(delivery, options, io);
}

function setupOf(config: Config, options: NginxOptions, url: URL, caller: string): NginxSetup {
  const protocols = NGINX_PROTOCOLS.flatMap((name) => {
    const pool = config.mailHosts.pools.find((one) => one.protocols.includes(name));
    return pool === undefined ? [] : [{ name, sendsProxyHeader: pool.probe.settings.sendsProxyHeader }];
  });
  if (protocols.length === 0)
    throw new CommandError(
      `${config.file}: mail_hosts has no pool for ${NGINX_PROTOCOLS.join(', ')}: nginx would not know where to send anybody`,
    );
  return {
    url: url.href,
    caller,
    folder: options.installedIn,
    protocols,
    isForXclient: config.nginx.isForXclient,
    certificate: options.certificate,
    key: options.key,
    decisionMs: config.decision.deadlineMs,
  };
}

const OPEN = 0o644;
const FOR_THE_OWNER = 0o600;

function renderFiles(setup: NginxSetup, credential: CallerCredential): PlannedFile[] {
  const secret = { mode: FOR_THE_OWNER, isSecret: true };
  return [
    { path: 'README.md', text: renderReadme(setup), mode: OPEN, isSecret: false },
    { path: NGINX_FILES.conf, text: renderConf(setup), mode: OPEN, isSecret: false },
    { path: NGINX_FILES.caller, text: renderCaller(credential.text.trimEnd()), ...secret },
    { path: NGINX_FILES.secret, text: credential.text, ...secret },
  ];
}
