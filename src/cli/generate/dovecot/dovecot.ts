import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { CallerConfig } from '../../../wire/http/callers-config.ts';
import type { CommandIo } from '../../command-io.ts';
import { placeOfHash } from '../chosen-caller.ts';
import type { CallerCredential } from '../caller-credential.ts';
import { DOVECOT_FILES, type DovecotSetup, renderConf } from './dovecot-conf.ts';
import { fittingLimits } from './dovecot-limits.ts';
import { addDovecotOptions, type DovecotTargetOptions, trustOf } from './dovecot-options.ts';
import { renderReadme, renderSettings } from './dovecot-texts.ts';
import { type Delivery, deliverFiles } from '../deliver-files.ts';
import type { PlannedFile } from '../planned-files.ts';
import { caFileOf, type ServiceTrust } from '../service-trust.ts';
import { chooseUrl } from '../service-url.ts';
import type { GenerateTarget } from '../target.ts';
import { credentialOf, findCaller } from '../target-caller.ts';

const GLUE = new URL('../../../../integrations/dovecot/nauthilus.lua', import.meta.url);

const HELP = `
Writes passdb and userdb blocks, the Lua glue and its settings, the certificate to trust, the caller's secret, and a README with
the three commands that install them. Limits fit the service's own. Files that are there and would change are shown as a
difference and left alone unless --force is given; then nothing is written at all. A secret is never thrown away: the old file is
kept beside the new one.

The secret is taken from --secret-file (name:secret, the base64 of it, or the secret alone), from an earlier run in the same
folder, or from callers/NAME.credential beside the configuration, where "nauthilus init" puts it. Where there is none a new one
is made, and its hash printed for the configuration.

Exit codes: 0 written or nothing to write, 1 not written, 2 wrong arguments.

Examples:
  nauthilus generate dovecot --version 2.3 --output dovecot-files
  nauthilus generate dovecot --version 2.4 --output mx1 --caller mx1 --url https://auth.example.org:9443
  nauthilus generate dovecot --version 2.3 --output mx1 --force --json`;

interface DovecotOptions extends DovecotTargetOptions {
  readonly workers?: number;
}

export const dovecotTarget: GenerateTarget = {
  name: 'dovecot',
  description: 'Files by which a Dovecot asks this service about logins and accounts.',
  complete(command: Command, io: CommandIo): void {
    addDovecotOptions(command)
      .option('--workers <number>', 'questions to the service at a time', readWorkers)
      .option('--force', 'overwrite files that differ')
      .option('--json', 'print an object')
      .addHelpText('after', HELP)
      .action((options: DovecotOptions) => generateDovecot(options, io));
  },
};

function readWorkers(text: string): number {
  const workers = Number(text);
  if (/^\d{1,4}$/.test(text) && workers >= 1) return workers;
  throw new InvalidArgumentError('It must be a whole number from 1 to 9999.');
}

async function generateDovecot(options: DovecotOptions, io: CommandIo): Promise<void> {
  const plan = await planDovecot(options, io.env);
  const { setup, ...planned } = plan;
  const { version, url, caller } = setup;
  await deliverFiles({ facts: { target: 'dovecot', version, url, caller }, ...planned }, options, io);
}

interface Plan extends Omit<Delivery, 'facts'> {
  readonly setup: DovecotSetup;
}

async function planDovecot(options: DovecotOptions, env: NodeJS.ProcessEnv): Promise<Plan> {
  const asker = await findCaller(options, env, 'Dovecot');
  const { config, caller } = asker;
  const service = chooseUrl(config, options.url);
  const { url, warnings } = service;
  const trust = await trustOf(options, service);
  const limits = fittingLimits(config, options.workers);
  const setup: DovecotSetup = {
    version: options.version,
    url: url.href,
    caller: caller.name,
    folder: options.installedIn,
    caFile: trust && caFileOf(trust, `${options.installedIn}/${DOVECOT_FILES.ca}`),
    limits,
  };
  const credential = await credentialOf(asker, options, DOVECOT_FILES.secret);
  return {
    setup,
    files: await renderFiles(setup, trust, credential),
    credential,
    hashPlace: placeOfHash(config, caller),
    warnings: [...warnings, ...limits.warnings, ...missingScopes(caller)],
  };
}

const USES = {
  authenticate: 'nobody can log in',
  lookup: 'no mail can be delivered, and doveadm finds nobody',
  list: "doveadm user '*' fails",
} as const;

function missingScopes({ name, scopes }: CallerConfig): string[] {
  const missing = Object.entries(USES).filter(([scope]) => !scopes.has(scope as keyof typeof USES));
  return missing.map(([scope, loss]) => `the caller ${name} lacks the scope ${scope}: ${loss}`);
}

const OPEN = 0o644;
const FOR_THE_GROUP = 0o640;

async function renderFiles(
  setup: DovecotSetup,
  trust: ServiceTrust | undefined,
  credential: CallerCredential,
): Promise<PlannedFile[]> {
  const open = (name: string, text: string): PlannedFile => ({ path: name, text, mode: OPEN, isSecret: false });
  const hasOwnCa = trust?.kind === 'own';
  return [
    open('README.md', renderReadme(setup, hasOwnCa)),
    open(DOVECOT_FILES.conf, renderConf(setup)),
    open(DOVECOT_FILES.glue, await readFile(GLUE, 'utf8')),
    open(DOVECOT_FILES.settings, renderSettings(setup)),
    ...(hasOwnCa ? [open(DOVECOT_FILES.ca, trust.pem)] : []),
    { path: DOVECOT_FILES.secret, text: credential.text, mode: FOR_THE_GROUP, isSecret: true },
  ];
}
