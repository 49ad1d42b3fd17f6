import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../config/config-error.ts';
import { readConfigText } from '../../config/load.ts';

function read(listeners: string, more = ''): ReturnType<typeof readConfigText>['config'] {
  const rest = `callers: [{ name: a, secret: "{SSHA}abc", scopes: [list] }]
backends: [{ type: file, name: a, path: a }]
${more}`;
  return readConfigText(`listeners: ${listeners}\n${rest}`, '/etc/n.yaml', {}).config;
}

function problemOf(listeners: string, more = ''): string {
  try {
    read(listeners, more);
    return 'none';
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    return cause.message.replace(/^\S+ /, '');
  }
}

describe('where a listener is', () => {
  const cases: readonly (readonly [listener: string, place: object])[] = [
    ['{}', { kind: 'tcp', address: '127.0.0.1', port: 9443 }],
    ['{ port: 1 }', { kind: 'tcp', address: '127.0.0.1', port: 1 }],
    ['{ address: "::1" }', { kind: 'tcp', address: '::1', port: 9443 }],
    ['{ systemd: web.socket }', { kind: 'systemd', name: 'web.socket' }],
    [
      '{ unix: { path: a.sock, mode: "0600", owner: root, group: "7" } }',
      { kind: 'unix', socket: { path: '/etc/a.sock', mode: 0o600, owner: 0, group: 7 } },
    ],
  ];
  for (const [listener, place] of cases)
    it(`is ${JSON.stringify(place)} by ${listener}`, () =>
      assert.deepEqual(read(`[${listener}]`).listeners[0]?.place, place));

  const problems: readonly (readonly [listeners: string, problem: RegExp])[] = [
    ['[{ port: 1, systemd: a }]', /^listeners\[0\]\.systemd: is there beside port; a listener has one place/],
    ['[{ address: ::1, unix: { path: a } }]', /^listeners\[0\]\.unix: is there beside address; /],
    ['[{ unix: { path: a }, systemd: a }]', /^listeners\[0\]\.systemd: is there beside unix; /],
    ['[{ systemd: "a:b" }]', /^listeners\[0\]\.systemd: found "a:b"/],
    ['[{ unix: {} }]', /^listeners\[0\]\.unix\.path: is missing/],
    [
      '[{ unix: { path: a, owner: nobody-here } }]',
      /^listeners\[0\]\.unix\.owner: nobody-here is not in \/etc\/passwd/,
    ],
    ['[{ systemd: a }, { systemd: a }]', /^listeners\[1\]: the socket a of systemd is the address of listeners\[0\]/],
    ['[{ unix: { path: a } }, { unix: { path: ./a } }]', /^listeners\[1\]: \/etc\/a is the address of listeners\[0\]/],
    ['[{}, { address: 127.0.0.1 }]', /^listeners\[1\]: 127\.0\.0\.1 port 9443 is the address of listeners\[0\]/],
    ['[{ proxy_protocol: {} }]', /^listeners\[0\]\.proxy_protocol\.from: is missing/],
    ['[{ proxy_protocol: { from: [] } }]', /^listeners\[0\]\.proxy_protocol\.from: is empty/],
    ['[{ proxy_protocol: { from: [10.0.0.0/33] } }]', /^listeners\[0\]\.proxy_protocol\.from\[0\]: is no network/],
    ['[{ proxy_protocol: true }]', /^listeners\[0\]\.proxy_protocol: found true/],
  ];
  for (const [listeners, problem] of problems)
    it(`cannot be ${listeners}`, () => assert.match(problemOf(listeners), problem));
});

describe('proxies that are trusted', () => {
  it('are networks, for every listener', () => {
    const { listeners } = read(
      '[{ proxy_protocol: { from: [10.0.0.5] } }]',
      'http: { trusted_proxies: [10.0.0.0/24] }',
    );
    assert.deepEqual(listeners[0]?.trustedProxies, ['10.0.0.0/24']);
    assert.deepEqual(listeners[0]?.proxyProtocol, ['10.0.0.5']);
  });

  it('must be networks', () => {
    assert.match(
      problemOf('[{}]', 'http: { trusted_proxies: [1.2.3.4/40] }'),
      /^http\.trusted_proxies\[0\]: is no network/,
    );
  });
});
