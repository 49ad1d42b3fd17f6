import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from './config-error.ts';
import { SecretText, Section } from './fields.ts';
import { loadConfig, readConfigText } from './load.ts';
import { readSettings } from './read-settings.ts';
import { shownSettings } from './shown-settings.ts';
import { parseYamlSource } from './yaml-source.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nauthilus-config-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Buffer, mode = 0o600): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

const MINIMAL = `listeners:
  - tls: { certificate: tls/c.pem, key: /etc/k.pem }
callers:
  - name: dovecot
    secret: { file: dovecot.hash }
    scopes: [authenticate, lookup]
backends:
  - { type: file, name: accounts, path: accounts.passwd }
`;

test('fills a minimal file with defaults', async () => {
  write('dovecot.hash', '{SSHA}abc\n');
  const loaded = await loadConfig(write('n.yaml', MINIMAL), {});
  const { callers, ...config } = { ...loaded, locate: undefined };

  const [caller] = callers;
  assert.ok(caller?.kind === 'secret');
  assert.deepEqual(
    { ...caller, secret: caller.secret.reveal().toString() },
    { kind: 'secret', name: 'dovecot', secret: '{SSHA}abc', scopes: new Set(['authenticate', 'lookup']), networks: [] },
  );
  assert.deepEqual(loaded.locate('callers[0].secret.file'), { line: 5, column: 21 });
  assert.partialDeepStrictEqual(config, {
    file: path.join(folder, 'n.yaml'),
    listeners: [
      {
        place: { kind: 'tcp', address: '127.0.0.1', port: 9443 },
        trustedProxies: [],
        tls: { certificate: path.join(folder, 'tls/c.pem'), key: '/etc/k.pem', minVersion: 'TLSv1.2' },
        limits: { headerTimeoutMs: 10_000, bodyTimeoutMs: 20_000, idleTimeoutMs: 120_000, maxConnections: 10_000 },
      },
    ],
    maxRequests: 2000,
    backends: [
      {
        ...(config.backends[0] as (typeof config.backends)[number]),
        type: 'file',
        name: 'accounts',
        path: path.join(folder, 'accounts.passwd'),
      },
    ],
    decision: { deadlineMs: 8000 },
    list: { deadlineMs: 60_000 },
    passwords: { concurrency: availableParallelism(), maxQueue: 256 },
    answers: { attributeHeadersLimit: 4096, attributeLimit: 7168 },
    log: { level: 'info', names: 'plain' },
    shutdown: { deadlineMs: 10_000 },
    warnings: [],
  });
});

test('takes values from the environment, as numbers and flags where those are wanted', () => {
  const text = `listeners:
  - { address: "\${ADDRESS}", port: "\${PORT}", allow_cleartext: "\${CLEAR:-true}" }
callers:
  - { name: "\${NAME}", secret: "\${HASH}", scopes: [list] }
backends:
  - { type: file, name: a, path: "$\${X}/\${EMPTY:-some}/\${EMPTY}x" }
`;
  const env = { ADDRESS: '192.0.2.1', PORT: '143', NAME: '42', HASH: '{SSHA}$${x', EMPTY: '' };

  const { config } = readConfigText(text, '/etc/n.yaml', env);

  assert.deepEqual(
    { ...config.listeners[0], limits: undefined },
    {
      place: { kind: 'tcp', address: '192.0.2.1', port: 143 },
      allowsCleartext: true,
      trustedProxies: [],
      limits: undefined,
    },
  );
  assert.ok(config.callers[0]?.kind === 'secret');
  assert.equal(config.callers[0].name, '42');
  assert.equal(config.callers[0].secret.reveal().toString(), '{SSHA}$${x');
  assert.ok(config.backends[0]?.type === 'file');
  assert.equal(config.backends[0].path, '/etc/${X}/some/x');
});

test('cuts one line break off a secret from a file, and warns where others can read it', async () => {
  for (const [content, expected] of [
    ['{SSHA}abc', '{SSHA}abc'],
    ['{SSHA}abc\r\n', '{SSHA}abc'],
    ['{SSHA}abc \n\n', '{SSHA}abc \n'],
  ] as const) {
    write('dovecot.hash', content, 0o644);
    const { callers, warnings } = await loadConfig(write('n.yaml', MINIMAL), {});
    assert.ok(callers[0]?.kind === 'secret');
    assert.equal(callers[0].secret.reveal().toString(), expected);
    assert.deepEqual(warnings, [
      {
        file: path.join(folder, 'n.yaml'),
        line: 5,
        column: 21,
        path: 'callers[0].secret.file',
        message: `${path.join(folder, 'dovecot.hash')}: other users of this machine can read it; use mode 0600 or 0640`,
      },
    ]);
  }
});

test('takes a secret that is no hash from the environment or a file only, and whole', () => {
  const schema = Section({ password: SecretText({ description: 'x' }) }, { description: 'x' });
  const inFile = 'password: a secret is not written into this file; give its file as { file: PATH }, or "${NAME}"';
  for (const [text, expected] of [
    ['password: geheim', inFile],
    ['password: "${SECRET}!"', inFile],
    ['password: "${SECRET:-geheim}"', inFile],
    ['password: "$${SECRET}"', inFile],
    ['password: "${SECRET}"', { password: 'geheim' }],
    ['password: { file: x }', { password: { file: 'x' } }],
  ] as const) {
    const source = parseYamlSource(text, { SECRET: 'geheim' });
    assert(source.kind === 'tree');
    const problems: string[] = [];
    const settings = readSettings(source.root, schema, {
      place: () => {},
      problem: (at, _position, message) => problems.push(`${at}: ${message}`),
    });
    assert.deepEqual(problems[0] ?? settings, expected, text);
    assert.deepEqual(shownSettings({ password: 'geheim' }, schema), { password: '[redacted]' });
  }
});

test('says why the file itself cannot be read', async () => {
  for (const [file, expected] of [
    [path.join(folder, 'none.yaml'), 'there is no such file; `nauthilus init` makes one'],
    [folder, 'is a folder; name the file in it'],
    [write('latin1.yaml', Buffer.from('log: \xe4', 'latin1')), 'is not in UTF-8'],
    [write('large.yaml', '#'.repeat(1024 * 1024 + 1)), 'is larger than 1 MiB'],
  ] as const) {
    await assert.rejects(loadConfig(file, {}), { name: 'ConfigError', message: `${file}: ${expected}` });
  }
});

test('warns of a network that is written with bits beyond its prefix', () => {
  const text = MINIMAL.replace('{ file: dovecot.hash }', '"{SSHA}x"').replace('[authenticate, lookup]', '[list]');

  const { config } = readConfigText(`${text}`.replace('scopes:', 'networks: [10.1.2.3/8]\n    scopes:'), 'n.yaml', {});

  assert.deepEqual(config.callers[0]?.networks, ['10.0.0.0/8']);
  assert.deepEqual(
    config.warnings.map(({ path: at, message }) => `${at}: ${message}`),
    ['callers[0].networks[0]: stands for the whole network 10.0.0.0/8'],
  );
});

test('names the place of a setting, or of the nearest part above it that is there', () => {
  const text = `${MINIMAL.replace('{ file: dovecot.hash }', '"{SSHA}x"')}log:\n  names: hashed\n`;
  const { config } = readConfigText(text, 'n.yaml', {});

  assert.deepEqual(config.locate('log.names'), { line: 10, column: 10 });
  assert.deepEqual(config.locate('log.level'), { line: 9, column: 1 });
  assert.deepEqual(config.locate('listeners[0].address'), { line: 2, column: 5 });
  assert.deepEqual(config.locate('http.idle_timeout'), { line: 1, column: 1 });
  assert.equal(ConfigError.at(config, 'listeners[0].tls.key', 'no').message, 'n.yaml:2:41: listeners[0].tls.key: no');
});

const PIECES = [
  ['listeners', 'callers', 'backends', 'log', 'level', 'secret', 'file', 'tls', 'type', '__proto__', 'constructor'],
  [': ', ':\n', '\n', '\n  ', '\n    - ', '- ', '{', '}', '[', ']', ', ', '"', "'", '|', '>', '#', '\t', '%', '@'],
  ['&a ', '*a', '<<: *a', '!!map ', '!!binary ', '? ', '---\n', '...\n', '~', 'null', '.inf', '0x1f', '1e9', '9443'],
  ['${X}', '${', '$${', '\u0000', '\u2028', '\ud800', 'file', 'info', '10s'],
].flat();

test('whatever the text, gives a configuration or a ConfigError with a place in the file', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join('')),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((pieces) => MINIMAL + pieces.join('')),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      const problems = problemsOf(text);
      const lines = text.split(/\r\n|\r|\n/).length;
      for (const { line, column } of problems) assert(line >= 1 && line <= lines + 1 && column >= 1);
    }),
    { numRuns: 2000 },
  );
});

test('whatever the values, gives a configuration or a ConfigError', () => {
  const keys = ['listeners', 'callers', 'backends', 'http', 'log', 'passwords', 'answers', 'list', 'shutdown'];
  const inner = [
    'address',
    'port',
    'tls',
    'name',
    'secret',
    'file',
    'scopes',
    'networks',
    'type',
    'path',
    'attributes',
  ];
  const { anything } = fc.letrec((tie) => ({
    anything: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(
        null,
        true,
        0,
        1,
        -1,
        1e300,
        '',
        'file',
        'list',
        '10s',
        '1KiB',
        '{SSHA}x',
        '127.0.0.1',
        '::/0',
      ),
      fc.string(),
      fc.array(tie('anything'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...inner), tie('anything'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), anything), (tree) => {
      problemsOf(JSON.stringify(tree));
    }),
    { numRuns: 2000 },
  );
});

test('whatever is wrong with a secret, no message holds it', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/);
  const shapes: ((text: string) => string)[] = [
    (text) => `"${text}"`,
    (text) => text,
    (text) => `{SSHA}${text}`,
    (text) => `"{SSHA}${text}`,
    (text) => `!${text}`,
    (text) => `"\\${text}"`,
    (text) => `[${text}]`,
    (text) => `{ ${text}: ${text} }`,
    (text) => `{ file: "/nowhere/x", ${text}: 1 }`,
    (text) => `*${text}`,
    (text) => `\t${text}: - ${text}: x`,
    (text) => `|${text}`,
    (text) => `"{PLAIN}${text}"`,
    () => '"${SECRET}"',
  ];
  fc.assert(
    fc.property(secret, fc.constantFrom(...shapes), (text, shape) => {
      const problems = problemsOf(MINIMAL.replace('{ file: dovecot.hash }', shape(text)), { SECRET: text });
      assert(problems.length > 0);
      assert(!JSON.stringify(problems).includes(text), JSON.stringify(problems));
    }),
    { numRuns: 500 },
  );
});

function problemsOf(text: string, env: NodeJS.ProcessEnv = {}) {
  try {
    readConfigText(text, path.join(folder, 'n.yaml'), env);
    return [];
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    assert(cause.problems.length > 0);
    return cause.problems;
  }
}
