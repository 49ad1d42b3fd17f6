import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../config/config-error.ts';
import { readConfigText } from '../../config/load.ts';

const REST = `callers: [{ name: dovecot, secret: "{ARGON2ID}$argon2id$x", scopes: [authenticate] }]
listeners: [{ port: 9443 }]
backends: [{ type: file, name: accounts, path: accounts.passwd }]
maps: [{ name: boxes, gives: text }, { name: logins }]
`;

function problemsOf(lines: string): string[] {
  try {
    const { config } = readConfigText(`${REST}${lines}`, 'n.yaml', {});
    return config.warnings.map(({ path, message }) => `${path}: ${message}`);
  } catch (cause) {
    assert(cause instanceof ConfigError);
    return cause.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const TLS = 'tls: { certificate: c.pem, key: k.pem }';

describe('listeners for lines', () => {
  for (const [what, listener, problem] of [
    ['a port of loopback', 'protocol: sasl, port: 1', undefined],
    ['a unix socket', 'protocol: sasl, unix: { path: s, group: root }', undefined],
    [
      'an open address with TLS and networks',
      `protocol: sasl, port: 1, address: 0.0.0.0, ${TLS}, networks: [10.0.0.0/8]`,
      undefined,
    ],
    [
      'one in the clear that says so',
      'protocol: sasl, port: 1, address: "::", allow_cleartext: true, networks: [10.0.0.1]',
      undefined,
    ],
    [
      'an open address without TLS',
      'protocol: sasl, port: 1, address: 0.0.0.0, networks: [10.0.0.1]',
      /^line_listeners\[0\]\.tls: is missing: other machines can reach 0\.0\.0\.0/,
    ],
    [
      'an open address for everybody',
      `protocol: sasl, port: 1, address: 0.0.0.0, ${TLS}`,
      /^line_listeners\[0\]\.networks: is missing: other machines can reach/,
    ],
    ['neither port nor socket', 'protocol: sasl', /^line_listeners\[0\]\.port: is missing; give it, or a unix socket/],
    ['both', 'protocol: sasl, port: 1, unix: { path: s }', /port: a listener has a unix socket or a port, not both/],
    ['TLS over a unix socket', `protocol: sasl, unix: { path: s }, ${TLS}`, /tls: a unix socket needs no TLS/],
    [
      'networks of a unix socket',
      'protocol: sasl, unix: { path: s }, networks: [10.0.0.1]',
      /networks: a unix socket has none/,
    ],
    [
      'a path that is too long',
      `protocol: sasl, unix: { path: ${'x'.repeat(120)} }`,
      /unix\.path: is longer than 107 bytes/,
    ],
    [
      'a group that nobody knows',
      'protocol: sasl, unix: { path: s, group: no-such-group }',
      /unix\.group: no-such-group is not in \/etc\/group/,
    ],
    [
      'a socket for everybody',
      "protocol: sasl, unix: { path: s, mode: '0666' }",
      /unix\.mode: lets every user of this machine ask/,
    ],
    [
      'a map that there is not',
      'protocol: socketmap, port: 1, maps: [strange]',
      /maps\[0\]: strange is not in maps; there are boxes, logins/,
    ],
    ['maps of sasl', 'protocol: sasl, port: 1, maps: [boxes]', /maps: a listener for sasl has none/],
    ['two maps of tcp_table', 'protocol: tcp_table, port: 1, maps: [boxes, logins]', /maps: must name exactly one/],
    ['no map of tcp_table', 'protocol: tcp_table, port: 1', /maps: must name exactly one/],
  ] as const)
    it(`${problem === undefined ? 'may have' : 'tell of'} ${what}`, () => {
      const [first] = problemsOf(`line_listeners: [{ name: a, ${listener} }]`);

      if (problem === undefined) assert.equal(first, undefined);
      else assert.match(first ?? 'nothing was told', problem);
    });

  for (const [what, map, problem] of [
    ['attributes that are none', 'gives: attributes', /attributes: is empty/],
    ['attributes of a text', 'gives: text, attributes: [a]', /attributes: a map that gives text has none/],
    ['a domain map without domains', 'gives: domain', /domains: is empty, and so is domains_from/],
    [
      'domains of a backend that there is not',
      'gives: domain, domains_from: [x]',
      /domains_from\[0\]: x is no backend; there are accounts/,
    ],
    [
      'domains of accounts',
      'domains: [example.test]',
      /domains: only a map that gives domain has domains; this one gives account/,
    ],
  ] as const)
    it(`tell of a map with ${what}`, () => {
      assert.match(problemsOfMap(map), problem);
    });
});

function problemsOfMap(map: string): string {
  const text = REST.replace('{ name: logins }', `{ name: logins, ${map} }`);
  try {
    readConfigText(text, 'n.yaml', {});
    return 'nothing was told';
  } catch (cause) {
    assert(cause instanceof ConfigError);
    return cause.message;
  }
}
