import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runTool, tryTool } from '../daemons/run-tool.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';

const FILES = new URL('../../integrations/openldap/', import.meta.url).pathname;
const PEOPLE = 'ou=people,dc=example,dc=test';
const FILTER = '(&(objectClass=nauthilusMailbox)(|(nauthilusAccount=NAME)(nauthilusMailAlias=NAME)))';

interface Login {
  readonly dn: string;
  readonly password: string;
}

/** Lines of what a search gives, unfolded, without empty ones; the exit code where it fails. */
async function search(slapd: Slapd, login: Login | undefined, ...rest: readonly string[]): Promise<string[] | number> {
  const identity = login === undefined ? [] : ['-D', login.dn, '-w', login.password];
  const command = ['ldapsearch', '-x', '-LLL', '-o', 'ldif-wrap=no', '-H', slapd.url, ...identity, '-b', slapd.baseDn];
  const { exitCode, stdout } = await tryTool([...command, ...rest]);
  return exitCode === 0 ? linesOf(stdout) : (exitCode ?? -1);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function service(slapd: Slapd): Login {
  return { dn: slapd.serviceDn, password: slapd.servicePassword };
}

describe('the schema files for OpenLDAP', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-schema-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('say the same for slapd.conf and for cn=config', async () => {
    await writeFile(
      join(folder, 'slapd.conf'),
      `include /etc/ldap/schema/core.schema\ninclude ${FILES}nauthilus.schema\n`,
    );
    const fromSchema = join(folder, 'from-schema');
    const fromLdif = join(folder, 'from-ldif');
    await Promise.all([mkdir(fromSchema), mkdir(fromLdif)]);
    await runTool(['slaptest', '-f', join(folder, 'slapd.conf'), '-F', fromSchema]);
    const ldif = `dn: cn=config\nobjectClass: olcGlobal\ncn: config\n
dn: cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: schema\n
include: file:///etc/ldap/schema/core.ldif\n\ninclude: file://${FILES}nauthilus.ldif\n`;
    await runTool(['slapadd', '-n', '0', '-F', fromLdif], ldif);

    const [schema, config] = await Promise.all([fromSchema, fromLdif].map(definitions));

    assert.ok((schema?.length ?? 0) > 10);
    assert.deepEqual(schema, config);
  });

  async function definitions(configFolder: string): Promise<string[]> {
    const only = ['-o', 'ldif-wrap=no', '-a', '(cn=*nauthilus)'];
    const text = await runTool(['slapcat', '-n', '0', '-F', configFolder, ...only]);
    return linesOf(text).filter((line) => line.startsWith('olc'));
  }
});

describe('the access rules for OpenLDAP, where passwords are proved by a bind', () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({ accounts: 1200 });
  });
  after(() => slapd[Symbol.asyncDispose]());

  it('let the service account read an account by its name and by an alias, without its password', async () => {
    for (const name of ['frank@example.test', 'FRANK.alias@example.test']) {
      const lines = await search(slapd, service(slapd), FILTER.replaceAll('NAME', name), '*', 'memberOf');

      assert.ok(Array.isArray(lines));
      assert.ok(lines.includes('nauthilusAccount: frank@example.test'), name);
      assert.ok(lines.includes('nauthilusOverQuota: TRUE'));
      assert.ok(lines.includes('memberOf: cn=company,ou=groups,dc=example,dc=test'));
      assert.ok(!lines.some((line) => line.toLowerCase().startsWith('userpassword')));
    }
  });

  it('let the service account neither ask for a password by name nor search for one', async () => {
    const account = FILTER.replaceAll('NAME', 'alice@example.test');

    assert.deepEqual(await search(slapd, service(slapd), account, 'userPassword'), [`dn: uid=alice,${PEOPLE}`]);
    assert.deepEqual(await search(slapd, service(slapd), '(userPassword=*)', '1.1'), []);
  });

  it('show nothing to who has not logged in, nor to an account about others or itself', async () => {
    const alice = { dn: `uid=alice,${PEOPLE}`, password: 'alice-pw' };

    assert.equal(await search(slapd, undefined, '(objectClass=*)'), 32);
    assert.equal(await search(slapd, alice, '(objectClass=*)'), 32);
  });

  it('let each account of the sample prove its password, the disabled one too, and nobody with an empty one', async () => {
    const logins = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'plain', 'grace'].map(
      (name) => [`uid=${name},${PEOPLE}`, `${name}-pw`] as const,
    );

    for (const [dn, password] of [...logins, ['cn=admin,ou=services,dc=example,dc=test', 'master-pw'] as const]) {
      assert.equal(await bind(dn, password), 0, dn);
      assert.equal(await bind(dn, `${password}x`), 49, dn);
      assert.notEqual(await bind(dn, ''), 0, dn);
    }
  });

  it('let an account change its own password and not that of another', async () => {
    const alice = ['-D', `uid=alice,${PEOPLE}`, '-w', 'alice-pw'];
    const change = (who: string): string[] => ['ldappasswd', '-x', '-H', slapd.url, ...alice, '-s', 'new', who];

    assert.match((await tryTool(change(`uid=carol,${PEOPLE}`))).stdout, /Insufficient access \(50\)/);
    assert.equal(await bind(`uid=carol,${PEOPLE}`, 'carol-pw'), 0);
    assert.equal((await tryTool(change(`uid=alice,${PEOPLE}`))).exitCode, 0);
    assert.equal(await bind(`uid=alice,${PEOPLE}`, 'new'), 0);
  });

  it('let the service account list more accounts than one search may give, page by page only', async () => {
    const all = ['(objectClass=nauthilusMailbox)', 'nauthilusAccount'];

    assert.equal(await search(slapd, service(slapd), ...all), 4);
    const lines = await search(slapd, service(slapd), '-E', 'pr=250/noprompt', ...all);
    assert.ok(Array.isArray(lines));
    assert.equal(lines.filter((line) => line.startsWith('nauthilusAccount: ')).length, 1208);
  });

  async function bind(dn: string, password: string): Promise<number | null> {
    return (await tryTool(['ldapwhoami', '-x', '-H', slapd.url, '-D', dn, '-w', password])).exitCode;
  }
});

describe('the access rules for OpenLDAP, where passwords are compared', () => {
  it('let the service account read password hashes, and nobody else', async () => {
    await using slapd = await startSlapd({ access: 'compare' });
    const account = FILTER.replaceAll('NAME', 'alice@example.test');

    const lines = await search(slapd, service(slapd), account, 'userPassword');

    assert.match(String(lines), /userPassword:: [\w+/=]+/);
    assert.equal(await search(slapd, undefined, account), 32);
    assert.equal(await search(slapd, { dn: `uid=carol,${PEOPLE}`, password: 'carol-pw' }, account), 32);
  });
});

describe('the password policy for OpenLDAP', () => {
  it('says locked to who asks with the control, after five wrong passwords', async () => {
    await using slapd = await startSlapd({ passwordPolicy: true });
    const ask = ['ldapwhoami', '-x', '-H', slapd.url, '-e', 'ppolicy', '-D', `uid=alice,${PEOPLE}`, '-w'];

    for (let tries = 0; tries < 5; tries += 1) assert.equal((await tryTool([...ask, 'wrong'])).exitCode, 49);
    const { exitCode, stderr } = await tryTool([...ask, 'alice-pw']);

    assert.equal(exitCode, 49);
    assert.match(stderr, /Account locked/);
  });
});
