import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from './config-error.ts';
import { readConfigText } from './load.ts';
import { SettingsSchema } from './schema.ts';

const FILE = 'n.yaml';

const GOOD = {
  listeners: 'listeners: [{ port: 9443 }]',
  callers: `callers: [{ name: dovecot, secret: "{ARGON2ID}$argon2id$x", scopes: [authenticate] }]`,
  backends: 'backends: [{ type: file, name: accounts, path: accounts.passwd }]',
};

/** The lines of a good file, then those of the case. */
function good(...without: (keyof typeof GOOD)[]): string {
  return Object.entries(GOOD)
    .map(([key, line]) => (without.includes(key as keyof typeof GOOD) ? '#' : line))
    .join('\n');
}

function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): string[] {
  try {
    readConfigText(text, FILE, env);
    return [];
  } catch (cause) {
    assert(cause instanceof ConfigError);
    return cause.message.split('\n');
  }
}

const SECTIONS = Object.keys(SettingsSchema.properties).join(', ');
const HASH = 'a hash with its scheme in braces, in quotes, such as "{ARGON2ID}$argon2id$…"';
const ALGORITHMS = 'one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA';
const LISTENER_KEYS = 'address, port, unix, systemd, proxy_protocol, tls, allow_cleartext';

const CASES: Readonly<Record<string, { text: string; env?: NodeJS.ProcessEnv; problems: string[] }>> = {
  'an empty file': {
    text: '',
    problems: [
      `n.yaml:1:1: listeners: is missing; needed: a list, each item a table with ${LISTENER_KEYS}`,
      'n.yaml:1:1: callers: is missing; needed: a list, each item a table with name, secret, certificate, token, scopes, networks',
      'n.yaml:1:1: backends: is missing; needed: a list, each item a table whose type is one of file, ldap',
    ],
  },
  'no table at all': {
    text: '- a',
    problems: [`n.yaml:1:1: found a list; allowed: a table with ${SECTIONS}`],
  },
  'empty lists': {
    text: `listeners: []\n${good('listeners')}`,
    problems: [`n.yaml:1:1: listeners: is empty; needed: a list, each item a table with ${LISTENER_KEYS}`],
  },
  'an unknown section': {
    text: `${good()}\nlogs: { level: info }`,
    problems: [`n.yaml:4:1: logs: unknown key; allowed: ${SECTIONS}; did you mean "log"?`],
  },
  'a key with another spelling': {
    text: `${good('listeners')}\nlisteners:\n  - Port: 1\n    allow-cleartext: true`,
    problems: [
      `n.yaml:5:5: listeners[0].Port: unknown key; allowed: ${LISTENER_KEYS}; did you mean "port"?`,
      `n.yaml:6:5: listeners[0].allow-cleartext: unknown key; allowed: ${LISTENER_KEYS}; did you mean "allow_cleartext"?`,
    ],
  },
  'a key that is like no other': {
    text: `${good()}\nlog: { colour: red }`,
    problems: ['n.yaml:4:8: log.colour: unknown key; allowed: level, names'],
  },
  'a word that does not exist': {
    text: `${good('callers')}\ncallers:\n  - name: a\n    secret: "{SSHA}x"\n    scopes: [lookup, authenticat]`,
    problems: [
      'n.yaml:7:22: callers[0].scopes[1]: found "authenticat"; allowed: one of authenticate, lookup, list, policy, admin; did you mean "authenticate"?',
    ],
  },
  'callers without a proof, and with several': {
    text: `${good('callers')}\ncallers:\n  - { name: a, scopes: [list] }\n  - { name: b, secret: "{SSHA}x", token: { issuer: i, audience: a, subject: s, jwks: { file: k } }, scopes: [list] }`,
    problems: [
      'n.yaml:5:5: callers[0].secret: is missing; needed: a secret, a certificate or a token that proves the caller',
      'n.yaml:6:5: callers[1]: has several proofs; needed: one of secret, certificate and token',
    ],
  },
  'callers with certificates that nobody asks for': {
    text: `${good('callers')}\ncallers:\n  - { name: a, certificate: { subject: mx1 }, scopes: [list] }\n  - { name: b, certificate: {}, scopes: [list] }\n  - { name: c, certificate: { san: "mx1.test" }, scopes: [list] }\n  - { name: d, certificate: { fingerprint: abc }, scopes: [list] }`,
    problems: [
      ...[0, 1, 2, 3].map(
        (i) =>
          `n.yaml:${5 + i}:16: callers[${i}].certificate: no listener asks callers for certificates; name the authority of this one in tls.client_ca of a listener`,
      ),
      'n.yaml:8:44: callers[3].certificate.fingerprint: found "abc"; allowed: a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
    ],
  },
  'certificates that cannot be told from others': {
    text: `listeners: [{ port: 1, tls: { certificate: c, key: k, client_ca: a } }, { port: 2, tls: { certificate: c, key: k, client_certificates: required } }]\n${good('listeners', 'callers')}\ncallers:\n  - { name: a, certificate: { subject: mx1 }, scopes: [list] }\n  - { name: b, certificate: {}, scopes: [list] }\n  - { name: c, certificate: { san: "mx1.test" }, scopes: [list] }`,
    problems: [
      'n.yaml:1:136: listeners[1].tls.client_certificates: has no effect without client_ca, which says whose certificates count',
      'n.yaml:6:40: callers[0].certificate.subject: is no distinguished name; write one such as CN=mx1.example.test,O=Example',
      'n.yaml:7:16: callers[1].certificate: says nothing of the certificate; give its subject, a san or its fingerprint',
      'n.yaml:8:36: callers[2].certificate.san: is no alternative name; write one such as DNS:mx1.example.test or IP:192.0.2.1',
    ],
  },
  'tokens that could be signed by anybody, or be two callers': {
    text: `${good('callers')}\ncallers:\n  - { name: a, token: { issuer: i, audience: a, subject: s, jwks: { url: "http://x/" }, algorithms: [none, HS256] }, scopes: [list] }\n  - { name: b, token: { issuer: i, audience: a, subject: s, jwks: {} }, scopes: [list] }\n  - { name: c, token: { issuer: j, audience: a, subject: s, jwks: { file: f, ca: c } }, scopes: [list] }\n  - { name: d, token: { issuer: k, audience: a, subject: s, jwks: {}, leeway: 10m }, scopes: [list] }`,
    problems: [
      'n.yaml:5:74: callers[0].token.jwks.url: found "http://x/"; allowed: a URL that begins with https://',
      `n.yaml:5:102: callers[0].token.algorithms[0]: found "none"; allowed: ${ALGORITHMS}`,
      `n.yaml:5:108: callers[0].token.algorithms[1]: found "HS256"; allowed: ${ALGORITHMS}; did you mean "RS256"?`,
      'n.yaml:6:16: callers[1].token: callers[0] has tokens of the same issuer, audience and subject already',
      'n.yaml:7:82: callers[2].token.jwks.ca: is for a url only',
      'n.yaml:8:61: callers[3].token.jwks: needs one of file and url',
      'n.yaml:8:79: callers[3].token.leeway: is more than 5 minutes',
    ],
  },
  'a word twice': {
    text: `${good('callers')}\ncallers: [{ name: a, secret: "{SSHA}x", scopes: [list, list] }]`,
    problems: ['n.yaml:4:56: callers[0].scopes[1]: "list" is there twice'],
  },
  'numbers, texts and words in the wrong places': {
    text: `${good()}\npasswords: { concurrency: 0, queue: many }\ndecision: { deadline: 10 }\nlist: { deadline: 1 s }\nanswers: { attribute_limit: 7KB }`,
    problems: [
      'n.yaml:4:27: passwords.concurrency: found 0; allowed: a whole number from 1 to 256',
      'n.yaml:4:37: passwords.queue: found "many"; allowed: a whole number from 0 to 100000',
      'n.yaml:5:23: decision.deadline: found 10; allowed: a time above zero such as 250ms, 10s, 5m, 1h or 1d',
      'n.yaml:6:19: list.deadline: found "1 s"; allowed: a time above zero such as 250ms, 10s, 5m, 1h or 1d',
      'n.yaml:7:29: answers.attribute_limit: found "7KB"; allowed: a size such as 512B, 7KiB, 1MiB or 1GiB',
    ],
  },
  'times that a timer cannot wait': {
    text: `${good()}\nhttp: { idle_timeout: 0s }\nlist: { deadline: 25d }\nshutdown: { deadline: 600h }`,
    problems: [
      'n.yaml:4:23: http.idle_timeout: found "0s"; allowed: a time above zero such as 250ms, 10s, 5m, 1h or 1d',
      'n.yaml:5:19: list.deadline: found "25d"; allowed: at most 24d',
      'n.yaml:6:23: shutdown.deadline: found "600h"; allowed: at most 24d',
    ],
  },
  'a key without a value': {
    text: `${good()}\nlog:\n  level:\n`,
    problems: ['n.yaml:5:3: log.level: found nothing; allowed: one of debug, info, warn, error'],
  },
  'a list where a table should be': {
    text: `${good()}\nlog: [info]`,
    problems: ['n.yaml:4:1: log: found a list; allowed: a table with level, names'],
  },
  'a secret written down': {
    text: `${good('callers')}\ncallers:\n  - { name: a, secret: geheim, scopes: [list] }\n  - { name: b, secret: 12345, scopes: [list] }\n  - { name: c, secret: "{PLAIN}geheim", scopes: [list] }`,
    problems: [
      `n.yaml:5:24: callers[0].secret: found a text that is not shown; allowed: ${HASH}`,
      `n.yaml:6:24: callers[1].secret: found a number that is not shown; allowed: ${HASH}, or { file: … }`,
      'n.yaml:7:24: callers[2].secret: a secret is not written into this file; give its hash, as `nauthilus hash make` makes it',
    ],
  },
  'a secret as a key': {
    text: `${good('callers')}\ncallers: [{ name: a, secret: { geheim: }, scopes: [list] }]`,
    problems: [`n.yaml:4:22: callers[0].secret: found a table with other keys; allowed: ${HASH}, or { file: … }`],
  },
  'a file of a secret that is not there': {
    text: `${good('callers')}\ncallers: [{ name: a, secret: { file: /nowhere/x }, scopes: [list] }]`,
    problems: ['n.yaml:4:38: callers[0].secret.file: /nowhere/x: cannot be read (ENOENT)'],
  },
  'a file of a secret that would never end': {
    text: `${good('callers')}\ncallers: [{ name: a, secret: { file: /dev/zero }, scopes: [list] }]`,
    problems: ['n.yaml:4:38: callers[0].secret.file: /dev/zero: is not a regular file'],
  },
  'networks that are none': {
    text: `${good('callers')}\ncallers: [{ name: a, secret: "{SSHA}x", scopes: [list], networks: [10.0.0.0/33, "::/0/0", 1.2.3, "fe80::/10"] }]`,
    problems: [
      'n.yaml:4:81: callers[0].networks[1]: found "::/0/0"; allowed: a network such as 10.0.0.0/24 or an address',
    ],
  },
  'networks that look like some': {
    text: `${good('callers')}\ncallers: [{ name: a, secret: "{SSHA}x", scopes: [list], networks: [10.0.0.0/33, 1.2.3/8, 1.2.3] }]`,
    problems: [68, 81, 90].map(
      (column, i) =>
        `n.yaml:4:${column}: callers[0].networks[${i}]: is no network; write an address, or one with the length of its prefix, such as 10.0.0.0/24`,
    ),
  },
  'names that are there twice': {
    text: `${good('callers', 'backends')}\ncallers:\n  - &a { name: a, secret: "{SSHA}x", scopes: [list] }\n  - *a\nbackends:\n  - { type: file, name: b, path: x }\n  - { type: file, name: b, path: y }`,
    problems: [
      'n.yaml:5:16: callers[1].name: a is the name of callers[0] already',
      'n.yaml:9:25: backends[1].name: b is the name of backends[0] already',
    ],
  },
  'addresses that are there twice': {
    text: `${good('listeners')}\nlisteners:\n  - { port: 1 }\n  - { address: "::ffff:127.0.0.1", port: 1 }\n  - { port: 0 }\n  - { port: 0 }`,
    problems: ['n.yaml:6:5: listeners[1]: 127.0.0.1 port 1 is the address of listeners[0] already'],
  },
  'cleartext for others': {
    text: `${good('listeners')}\nlisteners:\n  - address: 0.0.0.0\n  - { address: "::1", port: 1 }\n  - { address: "::", port: 2, allow_cleartext: true }\n  - address: mail.example.test`,
    problems: [
      'n.yaml:5:5: listeners[0].tls: is missing: other machines can reach 0.0.0.0; give a certificate and key, listen on 127.0.0.1, or set allow_cleartext: true where something else protects the passwords',
      'n.yaml:8:14: listeners[3].address: found "mail.example.test"; allowed: an IP address such as 127.0.0.1 or ::1',
    ],
  },
  'no type of backend, and one that does not exist': {
    text: `${good('backends')}\nbackends:\n  - name: a\n    path: x\n  - type: fiel\n  - type: [file]\n  - accounts.passwd`,
    problems: [
      'n.yaml:5:5: backends[0].type: is missing; needed: one of file, ldap',
      'n.yaml:7:11: backends[1].type: found "fiel"; allowed: one of file, ldap; did you mean "file"?',
      'n.yaml:8:5: backends[2].type: found a list; allowed: one of file, ldap',
      'n.yaml:9:5: backends[3]: found "accounts.passwd"; allowed: a table whose type is one of file, ldap',
    ],
  },
  'variables that are not set or not closed': {
    text: `${good()}\nlog:\n  level: \${LEVEL}\n  names: "\${NAMES"\ndecision:\n  deadline: "\${1S}"`,
    problems: [
      'n.yaml:5:10: log.level: the environment variable LEVEL is not set; ${LEVEL:-text} would give it a default',
      'n.yaml:6:10: log.names: a "${" is not followed by the name of an environment variable and "}"; write "$${" for the characters themselves',
      'n.yaml:8:13: decision.deadline: a "${" is not followed by the name of an environment variable and "}"; write "$${" for the characters themselves',
    ],
  },
  'a bad value from a variable': {
    text: `${good()}\nlog:\n  level: \${LEVEL}`,
    env: { LEVEL: 'geheim' },
    problems: [
      'n.yaml:5:10: log.level: found "${LEVEL}", whose value is not shown; allowed: one of debug, info, warn, error',
    ],
  },
  'a key twice': { text: `${good()}\nlog: {}\nlog: {}`, problems: ['n.yaml:5:1: the key is there twice'] },
  'a tab': { text: `log:\n\tlevel: info`, problems: ['n.yaml:2:1: a tab cannot indent a line; use spaces'] },
  'a hash without quotes': {
    text: 'callers:\n  - secret: {SSHA}geheim',
    problems: ['n.yaml:2:19: something stands where nothing can; a hash that begins with { must be in quotes'],
  },
  'a quote that is not closed': {
    text: 'log: "geheim',
    problems: ['n.yaml:1:13: a character is missing: a quote, a bracket, a comma or a space'],
  },
  'two documents': {
    text: 'log: {}\n---\nlog: {}',
    problems: ['n.yaml:2:1: the file must hold one document: "---" may stand at its beginning only'],
  },
  'an unknown tag': {
    text: 'log: !geheim x',
    problems: ['n.yaml:1:6: a tag (a word that begins with !) is not known; put a text that begins with ! in quotes'],
  },
  'an alias of nothing': {
    text: `${good()}\nlog: *a`,
    problems: ['n.yaml:4:1: log: an alias needs an anchor with its name above it'],
  },
  'an alias of itself': {
    text: 'log: &a [*a]',
    problems: ['n.yaml:1:10: is nested too deeply, or an alias leads to itself'],
  },
};

for (const [name, { text, env, problems }] of Object.entries(CASES)) {
  test(`refuses ${name}`, () => {
    assert.deepEqual(problemsOf(text, env), problems);
  });
}

test('refuses brackets without end', () => {
  assert(problemsOf('['.repeat(100_000)).includes('n.yaml:1:807: is nested too deeply'));
});

test('refuses a bomb of aliases within a moment', () => {
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`);
  const begun = performance.now();

  const problems = problemsOf(['a0: &a0 [x]', ...levels].join('\n'));

  assert.match(problems.join('\n'), /there are more than 100 aliases/);
  assert(performance.now() - begun < 1000);
});
