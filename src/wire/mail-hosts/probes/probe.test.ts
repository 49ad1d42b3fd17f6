import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { before, describe, it } from 'node:test';
import { createSecureContext, type SecureContext } from 'node:tls';
import fc from 'fast-check';
import { probeSettings } from '../../../../test/support/mail-hosts.ts';
import { type HostScript, startScriptedHost } from '../../../../test/support/scripted-host.ts';
import { makeSelfSigned } from '../../../cli/init/self-signed.ts';
import { Secret } from '../../../login/secret.ts';
import { probeHost } from './probe.ts';
import type { ProbeProtocol, ProbeSettings } from './probe-settings.ts';

const PASSWORD = 's3cret "quoted"';
const LOGIN = { name: 'probe@example.test', password: Secret.fromText(PASSWORD) };
const PLAIN = Buffer.from(`\0${LOGIN.name}\0${PASSWORD}`).toString('base64');
const base64 = (text: string) => Buffer.from(text).toString('base64');

let keyPair: { certificate: string; key: string };
let trust: SecureContext;
before(async () => {
  keyPair = await makeSelfSigned(['mail.test'], [], new Date());
  trust = createSecureContext({ ca: keyPair.certificate });
});

async function probe(script: HostScript, changes: Partial<ProbeSettings>) {
  await using host = await startScriptedHost({ keyPair, ...script });
  const target = { address: '127.0.0.1', port: host.port, host: 'mail.test' };
  const result = await probeHost(target, probeSettings({ deadlineMs: 2000, ...changes }));
  return { result, lines: host.lines };
}

interface Spoken {
  readonly protocol: ProbeProtocol;
  readonly greeting: string;
  readonly offers: HostScript['answers'];
  readonly startTls: HostScript['answers'][number];
  readonly greetingOverTls?: string;
  readonly login: HostScript['answers'];
  readonly loginLines: readonly string[];
  readonly refusal: string;
  readonly refused: string;
}

const ehlo = (verb: string): HostScript['answers'][number] => [
  new RegExp(`^${verb} `),
  '250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n',
];
const SMTP = {
  greeting: '220-mail.test\r\n220 ready\r\n',
  startTls: [/^STARTTLS$/, '220 go\r\nTLS'] as const,
  login: [[/^AUTH PLAIN /, '235 in\r\n']] as const,
  loginLines: [`AUTH PLAIN ${PLAIN}`],
  refusal: '535 5.7.8 no\r\n',
  refused: 'login: 535 5.7.8 no',
};
const SIEVE = '"IMPLEMENTATION" "x"\r\n"SASL" "PLAIN"\r\n"STARTTLS"\r\nOK "ready"\r\n';

const PROTOCOLS: readonly Spoken[] = [
  {
    protocol: 'imap',
    greeting: '* OK [CAPABILITY IMAP4rev1] ready\r\n',
    offers: [[/^a CAPABILITY$/, '* CAPABILITY IMAP4rev1 STARTTLS SASL-IR AUTH=PLAIN\r\na OK done\r\n']],
    startTls: [/^a STARTTLS$/, 'a OK go\r\nTLS'],
    login: [[/^a AUTHENTICATE/, 'a OK in\r\n']],
    loginLines: [`a AUTHENTICATE PLAIN ${PLAIN}`],
    refusal: 'a NO [AUTHENTICATIONFAILED] no\r\n',
    refused: 'login: NO [AUTHENTICATIONFAILED] no',
  },
  {
    protocol: 'pop3',
    greeting: '+OK ready\r\n',
    offers: [[/^CAPA$/, '+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n']],
    startTls: [/^STLS$/, '+OK\r\nTLS'],
    login: [[/^AUTH PLAIN /, '+OK in\r\n']],
    loginLines: [`AUTH PLAIN ${PLAIN}`],
    refusal: '-ERR [AUTH] no\r\n',
    refused: 'login: -ERR [AUTH] no',
  },
  { protocol: 'smtp', offers: [ehlo('EHLO')], ...SMTP },
  { protocol: 'lmtp', offers: [ehlo('LHLO')], ...SMTP },
  {
    protocol: 'sieve',
    greeting: SIEVE,
    offers: [],
    startTls: [/^STARTTLS$/, 'OK\r\nTLS'],
    greetingOverTls: SIEVE,
    login: [[/^AUTHENTICATE/, 'OK\r\n']],
    loginLines: [`AUTHENTICATE "PLAIN" "${PLAIN}"`],
    refusal: 'NO (QUOTA) "no"\r\n',
    refused: 'login: NO (QUOTA) "no"',
  },
];

for (const spoken of PROTOCOLS) {
  const { protocol, greeting, offers, startTls, greetingOverTls = '', login, loginLines, refusal, refused } = spoken;
  const whole: HostScript = { greeting, greetingOverTls, answers: [...offers, startTls, ...login] };

  describe(`a probe of ${protocol}`, () => {
    it('finds a host alive that greets', async () => {
      assert.deepEqual((await probe(whole, { protocol })).result, { kind: 'alive' });
    });

    it('finds a host alive that lets its account in, over STARTTLS', async () => {
      const { result, lines } = await probe(whole, { protocol, tls: 'starttls', trust, login: LOGIN });

      assert.deepEqual(result, { kind: 'alive' });
      for (const line of loginLines) assert.ok(lines.includes(line), lines.join('\n'));
    });

    it('finds a host alive that begins with TLS', async () => {
      const script = { ...whole, isTlsFirst: true };

      assert.deepEqual((await probe(script, { protocol, tls: 'implicit', trust })).result, { kind: 'alive' });
    });

    it('tells why its account is not let in, and never its password', async () => {
      const answers = [...offers, [login[0]?.[0] ?? /./, refusal] as const];

      assert.deepEqual((await probe({ greeting, answers }, { protocol, login: LOGIN })).result, {
        kind: 'failed',
        detail: refused,
      });
      const echo = refusal.replace('no', `what is ${PLAIN} or ${PASSWORD}`);
      const told = await probe(
        { greeting, answers: [...offers, [login[0]?.[0] ?? /./, echo]] },
        { protocol, login: LOGIN },
      );
      assert.match(told.result.kind === 'failed' ? told.result.detail : '', /what is \[redacted\] or \[redacted\]/);
    });

    for (const [what, script, changes, detail] of [
      ['says nothing', { greeting: '', answers: [] }, { deadlineMs: 100 }, 'greeting: none in time (100 ms)'],
      ['says something else', { greeting: 'BYE now\r\n', answers: [] }, {}, 'greeting: BYE now'],
      [
        'sends a line without end',
        { greeting: 'x'.repeat(9000), answers: [] },
        {},
        'greeting: a line is longer than 8192 bytes',
      ],
    ] as const)
      it(`finds a host dead that ${what}`, async () => {
        assert.deepEqual((await probe(script, { protocol, ...changes })).result, { kind: 'failed', detail });
      });

    it('finds a host dead whose certificate is not trusted, or has another name', async () => {
      const stranger = await probe(whole, { protocol, tls: 'starttls' });
      const misnamed = await probe(whole, { protocol, tls: 'starttls', trust, serverName: 'other.test' });

      assert.match(stranger.result.kind === 'failed' ? stranger.result.detail : '', /^TLS: .*self.signed/);
      assert.match(misnamed.result.kind === 'failed' ? misnamed.result.detail : '', /^TLS: .*other\.test/);
    });

    it('finds a host dead that sends data in the clear behind its leave for TLS', async () => {
      const early = [startTls[0], startTls[1].replace('TLS', 'injected\r\n')] as const;
      const { result } = await probe({ ...whole, answers: [...offers, early] }, { protocol, tls: 'starttls', trust });

      assert.deepEqual(result, { kind: 'failed', detail: 'it sends data in the clear before TLS' });
    });
  });
}

describe('a probe', () => {
  for (const [what, protocol, script, expected] of [
    [
      'LOGIN of IMAP where there is no SASL',
      'imap',
      [
        [/CAPABILITY/, '* CAPABILITY IMAP4\r\na OK\r\n'],
        [/LOGIN/, 'a OK\r\n'],
      ],
      `a LOGIN "${LOGIN.name}" "s3cret \\"quoted\\""`,
    ],
    [
      'AUTHENTICATE of IMAP without SASL-IR',
      'imap',
      [
        [/CAPABILITY/, '* CAPABILITY IMAP4 AUTH=PLAIN\r\na OK\r\n'],
        [/AUTHENTICATE/, '+ \r\n'],
        [/./, 'a OK\r\n'],
      ],
      PLAIN,
    ],
    [
      'USER and PASS of POP3',
      'pop3',
      [
        [/CAPA/, '-ERR what\r\n'],
        [/USER|PASS/, '+OK\r\n'],
      ],
      `PASS ${PASSWORD}`,
    ],
    [
      'AUTH LOGIN of SMTP',
      'smtp',
      [
        [/EHLO/, '250-x\r\n250 AUTH=LOGIN\r\n'],
        [/AUTH LOGIN/, '334 \r\n'],
        [new RegExp(`^${base64(LOGIN.name)}$`), '334 \r\n'],
        [/./, '235 in\r\n'],
      ],
      base64(PASSWORD),
    ],
  ] as const)
    it(`logs in by ${what}`, async () => {
      const greeting = { imap: '* OK\r\n', pop3: '+OK\r\n', smtp: '220 x\r\n' }[protocol];
      const { result, lines } = await probe({ greeting, answers: script }, { protocol, login: LOGIN });

      assert.deepEqual(result, { kind: 'alive' });
      assert.ok(lines.includes(expected), lines.join('\n'));
    });

  for (const [protocol, greeting, answers] of [
    ['imap', '* OK\r\n', [[/CAPABILITY/, '* CAPABILITY IMAP4 LOGINDISABLED\r\na OK\r\n']]],
    ['smtp', '220 x\r\n', [[/EHLO/, '250 x\r\n']]],
    ['sieve', '"SASL" ""\r\nOK\r\n', []],
  ] as const)
    it(`sends no password over ${protocol} where the host takes none`, async () => {
      const { result, lines } = await probe({ greeting, answers }, { protocol, login: LOGIN });

      assert.match(result.kind === 'failed' ? result.detail : '', /offers neither PLAIN nor LOGIN here/);
      assert.ok(!lines.join('\n').includes(PASSWORD) && !lines.join('\n').includes(PLAIN));
    });

  it('sends no password where the host does not offer the TLS that is wanted', async () => {
    const answers = [[/CAPABILITY/, '* CAPABILITY IMAP4 AUTH=PLAIN\r\na OK\r\n']] as const;
    const settings = { protocol: 'imap', tls: 'starttls', trust, login: LOGIN } as const;
    const { result, lines } = await probe({ greeting: '* OK\r\n', answers }, settings);

    assert.deepEqual(result, { kind: 'failed', detail: 'it does not offer STARTTLS' });
    assert.deepEqual(lines, ['a CAPABILITY']);
  });

  it('sends the header of the PROXY protocol first', async () => {
    const answers = [[/./, '']] as const;
    const { lines } = await probe(
      { greeting: '', answers },
      { protocol: 'imap', sendsProxyHeader: true, deadlineMs: 100 },
    );

    assert.deepEqual(lines, ['', '', '\0', 'QUIT']);
  });

  for (const [answer, wanted, detail] of [
    ['HTTP/1.1 200 OK\r\n\r\n', 200, undefined],
    ['HTTP/1.1 204 None\r\n\r\n', 204, undefined],
    ['HTTP/1.1 503 Away\r\n\r\n', 200, 'GET /up: not 200 but: HTTP/1.1 503 Away'],
    ['SSH-2.0-x\r\n', 200, 'GET /up: not 200 but: SSH-2.0-x'],
  ] as const)
    it(`of HTTP wants the status ${wanted} and gets ${answer.trim()}`, async () => {
      const http = { path: '/up', status: wanted };
      const { result, lines } = await probe(
        { greeting: '', answers: [[/^$/, answer]] },
        { protocol: 'http', http, login: LOGIN },
      );

      assert.deepEqual(result, detail === undefined ? { kind: 'alive' } : { kind: 'failed', detail });
      assert.ok(lines.includes('Host: mail.test'));
      assert.ok(lines.includes(`Authorization: Basic ${base64(`${LOGIN.name}:${PASSWORD}`)}`));
    });

  it('of a port finds it open, with TLS, or closed', async () => {
    const script: HostScript = { greeting: '', answers: [] };
    assert.deepEqual((await probe(script, {})).result, { kind: 'alive' });
    assert.deepEqual((await probe({ ...script, isTlsFirst: true }, { tls: 'implicit', trust })).result, {
      kind: 'alive',
    });
    const host = await startScriptedHost(script);
    await host[Symbol.asyncDispose]();
    const target = { address: '127.0.0.1', port: host.port, host: 'mail.test' };

    assert.deepEqual(await probeHost(target, probeSettings()), { kind: 'failed', detail: 'connection refused' });
  });

  it('never rejects, and never waits beyond its deadline, whatever a host says', async () => {
    const protocols = fc.constantFrom<ProbeProtocol>('imap', 'pop3', 'smtp', 'lmtp', 'sieve', 'http');
    const words = fc.constantFrom(
      '* OK\r\n',
      '+OK\r\n',
      '220 x\r\n',
      '250-x\r\n',
      'a OK\r\n',
      '"SASL" "PLAIN"\r\n',
      'OK\r\n',
      '\n',
    );
    const said = fc.array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 40 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(protocols, said, async (protocol, pieces) => {
        const server = createServer((socket) => socket.on('error', () => undefined).end(pieces.join('')));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const began = performance.now();
        const result = await probeHost(
          { address: '127.0.0.1', port, host: 'mail.test' },
          probeSettings({ protocol, login: LOGIN, deadlineMs: 5000 }),
        );
        server.close();

        assert.ok(performance.now() - began < 5000, 'who closes is not waited for');
        assert.ok(result.kind === 'alive' || !/[\u0000-\u001f]/.test(result.detail));
      }),
      { numRuns: 60 },
    );
  });

  it('is over at its deadline where TLS never begins', async () => {
    const { result } = await probe({ greeting: '', answers: [] }, { tls: 'implicit', trust, deadlineMs: 100 });

    assert.deepEqual(result, { kind: 'failed', detail: 'TLS: not in time (100 ms)' });
  });
});
