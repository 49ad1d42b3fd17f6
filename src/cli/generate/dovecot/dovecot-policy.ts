import { hash } from 'node:crypto';
import type { Command } from 'commander';
import type { CommandIo } from '../../command-io.ts';
import type { CallerCredential } from '../caller-credential.ts';
import { placeOfHash } from '../chosen-caller.ts';
import { type Delivery, deliverFiles } from '../deliver-files.ts';
import { addDovecotOptions, type DovecotTargetOptions, trustOf } from './dovecot-options.ts';
import {
  DOVECOT_POLICY_FILES,
  type DovecotPolicySetup,
  renderConf,
  renderHeader,
  renderReadme,
} from './dovecot-policy-conf.ts';
import type { PlannedFile } from '../planned-files.ts';
import { caFileOf, type ServiceTrust } from '../service-trust.ts';
import { chooseUrl } from '../service-url.ts';
import type { GenerateTarget } from '../target.ts';
import { credentialOf, findCaller } from '../target-caller.ts';

const WFORCE_DOOR = '/api/v1/auth/wforce';
const JSON_DOOR = '/api/v1/auth/json';

const HELP = `
For a Dovecot that proves passwords by itself (passwd-file, SQL, LDAP) and is to have the protection of this service: writes the
settings by which it asks before and after each login, and reports what came of it, with the certificate to trust, the caller's
credential, and a README with the commands that install them. The caller needs the scope policy. Files that are there and would
change are shown as a difference and left alone unless --force is given; then nothing is written at all. The secret is found or made
as for "nauthilus generate dovecot".

Exit codes: 0 written or nothing to write, 1 not written, 2 wrong arguments.

Examples:
  nauthilus generate dovecot-policy --version 2.3 --output dovecot-policy
  nauthilus generate dovecot-policy --version 2.4 --output mx1 --caller mx1 --url https://auth.example.org:9443`;

export const dovecotPolicyTarget: GenerateTarget = {
  name: 'dovecot-policy',
  description: 'Files by which a Dovecot with passdbs of its own asks this service which logins may be tried.',
  complete(command: Command, io: CommandIo): void {
    addDovecotOptions(command)
      .option('--force', 'overwrite files that differ')
      .option('--json', 'print an object')
      .addHelpText('after', HELP)
      .action((options: DovecotTargetOptions) => generatePolicy(options, io));
  },
};

async function generatePolicy(options: DovecotTargetOptions, io: CommandIo): Promise<void> {
  const asker = await findCaller(options, io.env, 'Dovecot');
  const { config, caller } = asker;
  const service = chooseUrl(config, options.url);
  const { url, warnings } = service;
  if (url.pathname === JSON_DOOR) url.pathname = WFORCE_DOOR;
  const trust = await trustOf(options, service);
  const { version, installedIn: folder } = options;
  const setup: DovecotPolicySetup = {
    version,
    url: url.href,
    caller: caller.name,
    folder,
    caFile: trust && caFileOf(trust, `${folder}/${DOVECOT_POLICY_FILES.ca}`),
    decisionMs: config.decision.deadlineMs,
  };
  const credential = await credentialOf(asker, options, DOVECOT_POLICY_FILES.secret);
  const lacking = caller.scopes.has('policy')
    ? []
    : [`the caller ${caller.name} lacks the scope policy: Dovecot gets no answer, and lets everybody try`];
  const delivery: Delivery = {
    facts: { target: 'dovecot-policy', version, url: setup.url, caller: caller.name },
    files: renderFiles(setup, trust, credential),
    credential,
    hashPlace: placeOfHash(config, caller),
    warnings: [...warnings, ...lacking],
  };
  await deliverFiles(delivery, options, io);
}

const OPEN = 0o644;
const FOR_THE_OWNER = 0o600;

function renderFiles(
  setup: DovecotPolicySetup,
  trust: ServiceTrust | undefined,
  credential: CallerCredential,
): PlannedFile[] {
  const { conf, header, ca, secret } = DOVECOT_POLICY_FILES;
  const open = (name: string, text: string): PlannedFile => ({ path: name, text, mode: OPEN, isSecret: false });
  const hasOwnCa = trust?.kind === 'own';
  const text = renderHeader(credential.text.trimEnd(), nonceOf(credential));
  return [
    open('README.md', renderReadme(setup, hasOwnCa)),
    open(conf, renderConf(setup)),
    ...(hasOwnCa ? [open(ca, trust.pem)] : []),
    { path: header, text, mode: FOR_THE_OWNER, isSecret: true },
    { path: secret, text: credential.text, mode: FOR_THE_OWNER, isSecret: true },
  ];
}

/** The same for each run with the same secret, so that the file stays as it is. */
function nonceOf({ text }: CallerCredential): string {
  return hash('sha256', `nauthilus policy nonce v1 ${text.trimEnd()}`, 'base64url');
}
