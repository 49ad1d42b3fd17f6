import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PlaceFile } from '../../src/address-facts/place-files.ts';
import { parseClientAddress } from '../../src/login/client-address.ts';
import { Instance } from '../operating/support/instance.ts';
import { lineOf } from './support/log-lines.ts';
import { encodeMmdb } from './support/mmdb-encoder.ts';

const COUNTRIES = {
  '192.0.2.0/24': { country: { iso_code: 'DE' } },
  '198.51.100.0/25': { country: { iso_code: 'CN' } },
  '203.0.113.0/24': { registered_country: { iso_code: 'AT' } },
  '2001:db8:1::/48': { country: { iso_code: 'CN' } },
};
const SYSTEMS = { '192.0.2.128/25': { autonomous_system_number: 64496 }, '2001:db8::/47': { asn: 'AS64500' } };

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-places-'));
  await writeFile(join(folder, 'country.mmdb'), encodeMmdb('Test-Country', COUNTRIES));
  await writeFile(join(folder, 'asn.mmdb'), encodeMmdb('Test-ASN', SYSTEMS));
});
after(() => rm(folder, { recursive: true }));

function place(file: PlaceFile, text: string) {
  const address = parseClientAddress(text);
  assert.ok(address !== undefined);
  return file.placeOf(address);
}

describe('a place file', () => {
  it('tells country and system of addresses of both families', async () => {
    const countries = await PlaceFile.open(join(folder, 'country.mmdb'));
    const systems = await PlaceFile.open(join(folder, 'asn.mmdb'));

    assert.equal(place(countries, '192.0.2.1').country, 'DE');
    assert.equal(place(countries, '::ffff:198.51.100.7').country, 'CN');
    assert.equal(place(countries, '198.51.100.128').country, undefined);
    assert.equal(place(countries, '203.0.113.9').country, 'AT');
    assert.equal(place(countries, '2001:db8:1:2::3').country, 'CN');
    assert.equal(place(systems, '192.0.2.200').asn, 64496);
    assert.equal(place(systems, '2001:db8:1::1').asn, 64500);
    assert.equal(place(systems, '192.0.2.1').asn, undefined);
  });

  it('that is missing, a folder, text or cut off is refused with the reason', async () => {
    const whole = encodeMmdb('Test-Country', COUNTRIES);
    await writeFile(join(folder, 'text.mmdb'), 'this is no database');
    await writeFile(join(folder, 'cut.mmdb'), whole.subarray(0, whole.length / 2));
    await writeFile(join(folder, 'hollow.mmdb'), whole.subarray(whole.length - 300));
    await writeFile(join(folder, 'empty.mmdb'), '');

    await assert.rejects(PlaceFile.open(join(folder, 'none.mmdb')), /^PlaceFileError: the file does not exist$/);
    await assert.rejects(PlaceFile.open(folder), /^PlaceFileError: it is not a regular file$/);
    for (const name of ['text', 'cut', 'hollow', 'empty'])
      await assert.rejects(PlaceFile.open(join(folder, `${name}.mmdb`)), /PlaceFileError: it is no file in MaxMind/);
  });
});

function settings(more = ''): readonly string[] {
  const databases = `[${join(folder, 'country.mmdb')}, ${join(folder, 'asn.mmdb')}]`;
  return [
    'protection:',
    `  places: { mode: enforce, databases: ${databases}, allow_countries: [de, AT], deny_asns: [64496] }`,
    ...(more === '' ? [] : [`  overrides: ${more}`]),
  ];
}

describe('logins by their places', () => {
  it('are refused as a wrong password is, and the operator sees where they came from', async () => {
    await using instance = await Instance.start(settings());
    const logIn = (address: string) =>
      instance.logIn({ username: 'alice@example.test', password: 'alice-pw', address });

    for (const address of ['192.0.2.1', '203.0.113.1', '10.0.0.1', '198.51.100.200', '::1'])
      assert.equal((await logIn(address)).status, 200, address);
    const wrong = await instance.logIn({ username: 'alice@example.test' });
    for (const address of ['198.51.100.1', '2001:db8:1::1', '192.0.2.130']) {
      const refused = await logIn(address);
      assert.deepEqual([refused.status, refused.body], [wrong.status, wrong.body], address);
    }
    const { session } = await logIn('2001:db8:1::1');
    const explained = await instance.ask('GET', `/api/v1/explain/${session}`);
    assert.match(JSON.stringify(explained.body), /"decided_by":"check-places".*CN AS64500/);
    const last = await lineOf(instance, ({ rule_detail }) => rule_detail === 'CN AS64500');
    assert.deepEqual([last['rule'], last['rule_effect'], last['reason']], ['place', 'refused', 'blocked']);
    const metrics = await instance.app.metrics.render();
    assert.match(metrics, /nauthilus_rule_findings_total\{rule="place",effect="refused"\} 4/);
  });

  it('have other rules by account, which explanations tell', async () => {
    const overrides = '[{ name: traveller, accounts: [BOB@example.test], allow_countries: [CN] }]';
    await using instance = await Instance.start(settings(overrides));
    const logIn = (who: string) =>
      instance.logIn({ username: `${who}@example.test`, password: `${who}-pw`, address: '198.51.100.1' });

    assert.equal((await logIn('bob')).status, 200);
    assert.equal((await logIn('alice')).status, 403);
    const asked = { username: 'bob@example.test', client_ip: '192.0.2.1' };
    const explained = JSON.stringify((await instance.ask('POST', '/api/v1/explain', asked)).body);
    assert.match(explained, /entry traveller of protection.overrides.*"decided_by":|"decided_by":"check-places"/);
    assert.match(explained, /"rule":"place","detail":"DE"/);
  });

  it('follow the file when it changes, and stay by the last good one when it breaks', async () => {
    await using instance = await Instance.start(settings());
    const status = async () =>
      (await instance.logIn({ username: 'bob@example.test', password: 'bob-pw', address: '198.51.100.1' })).status;
    assert.equal(await status(), 403);

    const file = join(folder, 'country.mmdb');
    const replaceBy = async (bytes: Buffer | string) => {
      await writeFile(`${file}.new`, bytes);
      await rename(`${file}.new`, file);
    };
    const told = (msg: RegExp) =>
      lineOf(instance, (line) => line['what'] === 'place database' && msg.test(String(line['msg'])));
    await replaceBy(encodeMmdb('Test-Country', { '198.51.100.0/24': { country: { iso_code: 'DE' } } }));
    await told(/^reloaded/);
    assert.equal(await status(), 200);
    await replaceBy('broken');
    assert.match(String((await told(/^change refused/))['error']), /no file in MaxMind DB form/);
    assert.equal(await status(), 200);
    await replaceBy(encodeMmdb('Test-Country', COUNTRIES));
  });

  it('cannot be judged by a file that is not there: the service does not start, and says where', async () => {
    const lines = ['protection:', '  places: { mode: observe, databases: [none.mmdb], deny_countries: [CN] }'];

    await assert.rejects(
      Instance.start(lines),
      /:\d+:\d+: protection\.places\.databases\[0\]: .*none\.mmdb: the file does not exist/,
    );
  });
});
