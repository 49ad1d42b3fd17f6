import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeSelfSigned } from '../../cli/init/self-signed.ts';
import { ConfigError } from '../../config/config-error.ts';
import { readConfigText } from '../../config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'mail-hosts-config-'));
before(async () => {
  writeFileSync(join(folder, 'ca.pem'), (await makeSelfSigned(['mail.test'], [], new Date())).certificate);
  writeFileSync(join(folder, 'good.secret'), 'probe-pw\n', { mode: 0o600 });
  writeFileSync(join(folder, 'bad.secret'), 'two\nlines\n', { mode: 0o600 });
});
after(() => rmSync(folder, { recursive: true }));

/** A configuration with one pool, whose settings are given as YAML in flow style. */
function read(pool: string, host = '127.0.0.1') {
  const text = `listeners: [{ address: 127.0.0.1, port: 9080 }]
callers: [{ name: nginx, secret: "{ARGON2ID}$argon2id$x", scopes: [authenticate] }]
backends: [{ type: file, name: accounts, path: accounts.passwd }]
mail_hosts: { pools: [{ name: p, protocols: [imap], hosts: [{ host: ${host}, port: 143 }], ${pool} }] }
`;
  try {
    const { config } = readConfigText(text, join(folder, 'n.yaml'), {});
    return { config, problems: [] };
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    return { config: undefined, problems: cause.message.split('\n') };
  }
}

describe('a pool of mail hosts', () => {
  it('has usual settings for all that is not said', () => {
    const pool = read('').config?.mailHosts.pools[0];

    assert.equal(pool?.choice, 'affinity');
    assert.equal(pool?.connectionHalfLifeMs, 600_000);
    assert.deepEqual(
      [pool?.probe.settings.protocol, pool?.probe.settings.deadlineMs, pool?.probe.intervalMs],
      ['tcp', 3000, 10_000],
    );
  });

  it('is probed as it is said', () => {
    const login = 'login: { name: probe@test, password: { file: good.secret } }';
    const probe = `probe: { protocol: imap, tls: starttls, ca: ca.pem, proxy_protocol: true, ${login}, interval: 30s }`;
    const settings = read(probe).config?.mailHosts.pools[0]?.probe.settings;

    assert.equal(settings?.login?.password.reveal().toString(), 'probe-pw');
    assert.equal(String(settings?.login?.password), '[redacted]');
    assert.notEqual(settings?.trust, undefined);
    assert.equal(settings?.sendsProxyHeader, true);
  });

  for (const [what, pool, problem] of [
    ['STARTTLS over HTTP', 'probe: { protocol: http, tls: starttls }', /probe\.tls: http has no STARTTLS/],
    ['STARTTLS without a protocol', 'probe: { tls: starttls }', /probe\.tls: tcp has no STARTTLS/],
    ['a CA without TLS', 'probe: { protocol: imap, ca: ca.pem }', /probe\.ca: is of no use without/],
    ['a name without TLS', 'probe: { server_name: a.test }', /probe\.server_name: is of no use/],
    ['a file that is no CA', 'probe: { tls: implicit, ca: good.secret }', /probe\.ca: .*good\.secret: cannot be used/],
    ['a file that is not there', 'probe: { tls: implicit, ca: none.pem }', /none\.pem: cannot be used \(ENOENT\)/],
    [
      'a login without a protocol',
      'probe: { login: { name: a, password: { file: good.secret } } }',
      /probe\.login: needs a protocol/,
    ],
    [
      'a password that would be two commands',
      'probe: { protocol: imap, login: { name: a, password: { file: bad.secret } } }',
      /probe\.login\.password: .*control characters/,
    ],
    ['a path of no use', 'probe: { protocol: imap, path: /x }', /probe\.path: is for `protocol: http` only/],
    ['a status of no use', 'probe: { status: 204 }', /probe\.status: is for `protocol: http` only/],
    ['an unknown choice', 'choice: random', /choice: /],
    ['an unknown protocol', 'probe: { protocol: nntp }', /probe\.protocol: /],
  ] as const)
    it(`is refused with ${what}, by its place`, () => {
      const { problems } = read(pool);

      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', /n\.yaml:4:\d+: mail_hosts\.pools\[0\]\./);
      assert.match(problems[0] ?? '', problem);
    });

  it('is warned of where the password of its probes goes over a network in the clear', () => {
    const probe = 'probe: { protocol: imap, login: { name: a, password: { file: good.secret } } }';
    const warningsFor = (host: string) => read(probe, host).config?.warnings ?? [];

    assert.ok(warningsFor('mail1.test').some((one) => JSON.stringify(one).includes('unencrypted')));
    assert.ok(!warningsFor('127.0.0.1').some((one) => JSON.stringify(one).includes('unencrypted')));
  });
});
