import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ConfigError } from '../../../config/config-error.ts';
import { readConfigText } from '../../../config/load.ts';

const GOOD = `listeners: [{ port: 9443 }]
callers: [{ name: mx, secret: "{ARGON2ID}$argon2id$x", scopes: [authenticate] }]
backends: [{ type: file, name: accounts, path: accounts.passwd }]
`;

for (const [what, listener, problem] of [
  [
    'maps',
    '{ name: p, protocol: saslauthd, unix: { path: /tmp/mux }, maps: [m] }',
    'a listener for saslauthd has none',
  ],
  [
    'TLS of clients elsewhere',
    '{ name: p, protocol: sasl, port: 1, clients_have_tls: true }',
    'is for saslauthd alone',
  ],
  ['neither port nor socket', '{ name: p, protocol: saslauthd }', 'is missing; give it, or a unix socket'],
] as const)
  it(`a listener for saslauthd is refused with ${what}`, () => {
    assert.throws(
      () => readConfigText(`${GOOD}line_listeners: [${listener}]`, 'n.yaml', {}),
      (cause) => cause instanceof ConfigError && cause.message.includes(`n.yaml:4:`) && cause.message.includes(problem),
    );
  });
