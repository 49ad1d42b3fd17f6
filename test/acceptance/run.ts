/**
 * Runs the acceptance scenarios that a folder beside the project holds, with the login script that existing installations
 * use, against this service over HTTPS. Where there is no such folder, there is nothing to run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { directoryBackend, directorySecret } from '../daemons/directory-backend.ts';
import { type NauthilusOptions, startNauthilus } from '../daemons/nauthilus.ts';
import { startSlapd } from '../daemons/slapd.ts';
import { type Fixtures, LDAP_ATTRIBUTES, renderFixtures, renderFixturesLdif } from './fixtures.ts';

const FOLDER = new URL('../../../shared/acceptance/', import.meta.url);

/** The service account, which a bare tree does not have. */
const SERVICE = `dn: ou=services,dc=example,dc=test
objectClass: organizationalUnit
ou: services

dn: cn=nauthilus,ou=services,dc=example,dc=test
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: nauthilus
userPassword: nauthilus-secret
`;

async function readFixtures(): Promise<Fixtures | undefined> {
  try {
    return JSON.parse(await readFile(new URL('fixtures.json', FOLDER), 'utf8')) as Fixtures;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function runAgainst(fixtures: Fixtures, source: string, options: NauthilusOptions): Promise<number> {
  const { user, password } = fixtures.basic_auth;
  await using service = await startNauthilus({ ...options, credential: `${user}:${password}` });
  console.log(`acceptance: accounts in ${source}`);
  const script = fileURLToPath(new URL('run.sh', FOLDER));
  const args = [service.url, service.caFile, user, password, ...process.argv.slice(2)];
  const child = spawn(script, args, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function main(): Promise<number> {
  const fixtures = await readFixtures();
  if (fixtures === undefined) {
    console.log(`acceptance: nothing to run, ${fileURLToPath(FOLDER)} is not there`);
    return 0;
  }
  const inFile = await runAgainst(fixtures, 'a file', { accounts: renderFixtures(fixtures) });
  for (const check of ['bind', 'compare'] as const) {
    await using slapd = await startSlapd({ tree: 'bare', access: check, ldif: SERVICE });
    await slapd.modify(renderFixturesLdif(fixtures, slapd.baseDn));
    const backend = directoryBackend([slapd], { password_check: check, attributes: LDAP_ATTRIBUTES });
    const options = { accounts: '', backends: [backend], files: directorySecret(slapd) };
    const code = await runAgainst(fixtures, `LDAP, passwords proved by ${check}`, options);
    if (code !== 0) return code;
  }
  return inFile;
}

process.exitCode = await main();
