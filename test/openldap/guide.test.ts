import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client } from 'ldapts';
import type Type from 'typebox';
import { deliverAttributes } from '../../src/backends/ldap/attribute-map.ts';
import {
  attributesToRequest,
  type LdapBackendConfig,
  LdapBackendSchema,
  resolveLdapBackend,
} from '../../src/backends/ldap/ldap-config.ts';
import { renderDn, renderFilter } from '../../src/backends/ldap/names/name-template.ts';
import { readSettings } from '../../src/config/read-settings.ts';
import { openResolveContext } from '../../src/config/resolve-context.ts';
import { parseYamlSource } from '../../src/config/yaml-source.ts';
import type { Attributes } from '../../src/login/account.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';

const GUIDE = new URL('../../docs/guides/openldap.md', import.meta.url);
const YAML_BLOCK = /```yaml\nbackends:\n {2}- (.*?)```/s;

describe('the configuration that the OpenLDAP guide shows', () => {
  let folder = '';
  let slapd: Slapd;
  let client: Client;
  let config: LdapBackendConfig;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-guide-'));
    slapd = await startSlapd();
    client = new Client({ url: slapd.url });
    await client.bind(slapd.serviceDn, slapd.servicePassword);
    config = await configOfGuide();
  });
  after(async () => {
    await client.unbind();
    await slapd[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function configOfGuide(): Promise<LdapBackendConfig> {
    await writeFile(join(folder, 'ldap.secret'), slapd.servicePassword, { mode: 0o600 });
    const yaml = YAML_BLOCK.exec(await readFile(GUIDE, 'utf8'))?.[1]?.replace(/^ {4}/gm, '');
    const source = parseYamlSource(yaml ?? '', {});
    assert.ok(source.kind !== 'problems', JSON.stringify(source));
    const fail = (path: string, message: unknown): void => assert.fail(`${path}: ${JSON.stringify(message)}`);
    const problem = (path: string, _: unknown, message: string): void => fail(path, message);
    const settings = readSettings(source.root, LdapBackendSchema, { place: () => undefined, problem });
    const context = openResolveContext(folder, { problem: fail, warning: fail });
    return resolveLdapBackend(settings as Type.Static<typeof LdapBackendSchema>, context);
  }

  /** What the entries that the guide's search finds deliver. */
  async function find(user: string): Promise<Attributes[]> {
    const { search } = config;
    const facts = { user, protocol: 'imap', client_ip: '', local_ip: '' };
    const attributes = attributesToRequest(config, search);
    const { searchEntries } = await client.search(renderDn(search.baseDn, facts) ?? '', {
      scope: search.scope,
      filter: renderFilter(search.filter.template, facts),
      attributes,
      explicitBufferAttributes: attributes,
    });
    return searchEntries.map((entry) => {
      const found = Object.entries(entry).filter(([name]) => name !== 'dn');
      return deliverAttributes(
        search.attributes,
        found.map(([name, values]) => ({ name, values: [values].flat() as Buffer[] })),
      );
    });
  }

  it('delivers to each account of the sample what the mail system needs', async () => {
    const notMaster = { rnsMSDovecotMaster: [''] };

    assert.deepEqual(await find('alice@example.test'), [
      { rnsMSQuota: ['104857600'], rnsMSMailPath: ['maildir:~/custom-mail'], ...notMaster },
    ]);
    assert.deepEqual(await find('bob@example.test'), [notMaster]);
    assert.deepEqual(await find('carol@example.test'), [
      { rnsMSQuota: ['52428800'], 'ACL-Groups': ['staff,testers'], ...notMaster },
    ]);
    assert.deepEqual(await find('dave@example.test'), [{ 'Proxy-Host': ['127.0.0.9'], ...notMaster }]);
    assert.deepEqual(await find('erin@example.test'), [{ 'Proxy-Host': ['127.0.0.9'], rnsMSDovecotMaster: ['TRUE'] }]);
    assert.deepEqual(await find('Frank.Alias@example.test'), [
      { rnsMSQuota: ['1048576'], rnsMSOverQuota: ['TRUE'], ...notMaster },
    ]);
  });

  for (const name of [
    '*',
    'alice*',
    ')(uid=*',
    'alice@example.test)(|(uid=*',
    '\0',
    'alice@example.test\0',
    '\\2a',
    'nobody',
  ]) {
    it(`finds nobody by the name ${JSON.stringify(name)}`, async () => {
      assert.deepEqual(await find(name), []);
    });
  }

  it('finds the master users, who are no accounts of the list', async () => {
    const facts = { user: 'admin', protocol: 'imap', client_ip: '', local_ip: '' };
    assert.ok(config.master?.baseDn && config.list);

    const masters = await client.search(renderDn(config.master.baseDn, facts) ?? '', {
      filter: renderFilter(config.master.filter.template, facts),
    });
    const all = await client.search(config.list.baseDn, { filter: config.list.filter.source });

    assert.deepEqual(
      masters.searchEntries.map(({ dn }) => dn),
      [`cn=admin,ou=services,${slapd.baseDn}`],
    );
    assert.equal(all.searchEntries.length, 8);
    assert.deepEqual(await find('admin'), []);
  });
});
