import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as jose from 'jose';
import type { TokenConfig } from './caller-proof-config.ts';
import { KeySource } from './key-source.ts';
import { TokenCallers, type TokenProof } from './token-callers.ts';

const NOW = 1_800_000_000;
const CONFIG: TokenConfig = {
  issuer: 'https://id.example.test/',
  audience: 'nauthilus',
  subject: 'webmail',
  keys: { kind: 'file', file: 'keys' },
  algorithms: ['RS256', 'ES256'],
  leewayMs: 30_000,
};
const CLAIMS = { iss: CONFIG.issuer, aud: 'nauthilus', sub: 'webmail', exp: NOW + 300 };

type Pair = Awaited<ReturnType<typeof jose.generateKeyPair>>;
let rsa: Pair;
let other: Pair;
let elliptic: Pair;
let edwards: Pair;
let set: jose.JSONWebKeySet;

before(async () => {
  const extractable = { extractable: true };
  rsa = await jose.generateKeyPair('RS256', extractable);
  other = await jose.generateKeyPair('RS256', extractable);
  elliptic = await jose.generateKeyPair('ES256', extractable);
  edwards = await jose.generateKeyPair('EdDSA', extractable);
  const keys = await Promise.all(
    Object.entries({ rsa, elliptic, edwards }).map(async ([kid, pair]) => ({
      ...(await jose.exportJWK(pair.publicKey)),
      kid,
      use: 'sig',
    })),
  );
  // What must never be taken for a key of ours, should an issuer publish it.
  set = { keys: [...keys, { kty: 'oct', k: 'c2VjcmV0', kid: 'shared', alg: 'HS256' }] };
});

function openCallers(config: Partial<TokenConfig> = {}) {
  const keys = new KeySource({
    load: async () => jose.createLocalJWKSet(set),
    now: () => 0,
    onLoaded: () => undefined,
  });
  const callers = [{ name: 'webmail', token: { ...CONFIG, ...config }, keys }];
  return new TokenCallers({ callers, jose, now: () => new Date(NOW * 1000) });
}

interface TokenParts {
  readonly claims?: object;
  readonly alg?: string;
  readonly kid?: string;
  readonly key?: jose.CryptoKey | Uint8Array;
  readonly header?: object;
}

function sign({ claims = {}, alg = 'RS256', kid = 'rsa', key = rsa.privateKey, header = {} }: TokenParts = {}) {
  return new jose.SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ alg, kid, ...header }).sign(key);
}

function unsigned(header: object, claims: object = CLAIMS): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.`;
}

function summary(proof: TokenProof): string {
  return proof.kind === 'mismatch' ? proof.reason : proof.kind;
}

async function prove(token: string, config: Partial<TokenConfig> = {}): Promise<string> {
  return summary(await openCallers(config).read(token).prove());
}

describe('a token', () => {
  it('proves the caller that it was issued for, until it and its leeway end', async () => {
    const claim = openCallers().read(await sign());
    assert.equal(claim.caller, 'webmail');
    assert.deepEqual(await claim.prove(), { kind: 'match', scopes: undefined, untilMs: (NOW + 330) * 1000 });
  });

  it('may be for several, be signed in any way that is allowed, and narrow what its caller may do', async () => {
    assert.equal(await prove(await sign({ claims: { aud: ['x', 'nauthilus'] } })), 'match');
    assert.equal(await prove(await sign({ alg: 'ES256', kid: 'elliptic', key: elliptic.privateKey })), 'match');
    const signed = await sign({ alg: 'EdDSA', kid: 'edwards', key: edwards.privateKey });
    assert.equal(await prove(signed, { algorithms: ['EdDSA'] }), 'match');
    for (const [scope, scopes] of [
      ['list nauthilus:authenticate', ['list', 'nauthilus:authenticate']],
      ['', ['']],
      [['list'], []],
    ] as const) {
      const proof = await openCallers()
        .read(await sign({ claims: { scope } }))
        .prove();
      assert.ok(proof.kind === 'match');
      assert.deepEqual([...(proof.scopes ?? ['none'])], scopes);
    }
  });

  it('proves nothing that its issuer did not say', async () => {
    const publicPem = Buffer.from(await jose.exportSPKI(rsa.publicKey));
    const { n = '' } = await jose.exportJWK(rsa.publicKey);
    const signed = await sign();
    const [head = '', body = '', signature = ''] = signed.split('.');
    const changed = Buffer.from(JSON.stringify({ ...CLAIMS, admin: true })).toString('base64url');
    const ownKey = { jwk: await jose.exportJWK(other.publicKey) };
    for (const [what, token] of Object.entries({
      'another key of the same name': await sign({ key: other.privateKey }),
      'a key that it brings along': await sign({ key: other.privateKey, header: ownKey }),
      'a place for keys that it names': await sign({ key: other.privateKey, header: { jku: 'https://evil.test/' } }),
      'a key that the issuer has not': await sign({ key: other.privateKey, kid: 'unknown' }),
      'other claims': `${head}.${changed}.${signature}`,
      'no signature': `${head}.${body}.`,
      'no algorithm': unsigned({ alg: 'none' }),
      'no algorithm, with the name of a key': unsigned({ alg: 'None', kid: 'rsa' }),
      'the public key as a shared secret': await sign({ alg: 'HS256', key: publicPem }),
      'its modulus as a shared secret': await sign({ alg: 'HS256', key: Buffer.from(n, 'base64url') }),
      'a shared secret that the issuer publishes': await sign({
        alg: 'HS256',
        kid: 'shared',
        key: Buffer.from('secret'),
      }),
      'an algorithm that is not allowed': await sign({ alg: 'RS512', key: rsa.privateKey }).catch(() => 'x.y.z'),
      'a key of another kind': await sign({ alg: 'EdDSA', kid: 'edwards', key: edwards.privateKey }),
      'what must be understood': await sign({ header: { crit: ['exp'], exp: 1 } }).catch(() => 'x.y.z'),
      'no end': await sign({ claims: { exp: undefined } }),
      'an end that is no number': unsigned({ alg: 'RS256', kid: 'rsa' }, { ...CLAIMS, exp: 'never' }),
      'another issuer': await sign({ claims: { iss: 'https://id.example.test' } }),
      'another audience': await sign({ claims: { aud: 'other' } }),
      'no audience': await sign({ claims: { aud: undefined } }),
      'another subject': await sign({ claims: { sub: 'root' } }),
      'nothing that can be read': 'abc',
      'five parts': 'a.b.c.d.e',
      'more than anybody sends': await sign({ claims: { filler: 'x'.repeat(10_000) } }),
    })) {
      assert.equal(await prove(token), 'wrong-token', what);
    }
  });

  it('counts from its first to its last moment, with the leeway that is set', async () => {
    const cases: readonly (readonly [object, Partial<TokenConfig>, string])[] = [
      [{ exp: NOW - 29 }, {}, 'match'],
      [{ exp: NOW - 31 }, {}, 'expired-token'],
      [{ exp: NOW - 1 }, { leewayMs: 0 }, 'expired-token'],
      [{ nbf: NOW + 29 }, {}, 'match'],
      [{ nbf: NOW + 31 }, {}, 'expired-token'],
      [{ nbf: 'later' }, {}, 'wrong-token'],
    ];
    for (const [claims, config, expected] of cases)
      assert.equal(await prove(await sign({ claims }), config), expected, JSON.stringify(claims));
  });

  it('that is over is told so only where its signature is right', async () => {
    const claims = { exp: NOW - 300 };
    assert.equal(await prove(await sign({ claims, key: other.privateKey })), 'wrong-token');
  });
});

describe('the keys of tokens', () => {
  it('that cannot be had prove nothing, and refuse nothing', async () => {
    const keys = new KeySource<ReturnType<typeof jose.createLocalJWKSet>>({
      load: () => Promise.reject(new Error('away')),
      now: () => 0,
      onLoaded: () => undefined,
    });
    const callers = new TokenCallers({
      callers: [{ name: 'webmail', token: CONFIG, keys }],
      jose,
      now: () => new Date(),
    });
    assert.equal(summary(await callers.read(await sign()).prove()), 'unavailable');
    assert.equal(summary(await callers.read('abc').prove()), 'wrong-token');
  });

  it('are had anew when a token is signed by one that is not among them', async () => {
    let now = 0;
    const old = { keys: set.keys.filter(({ kid }) => kid !== 'rsa') };
    const sets = [old, set];
    const keys = new KeySource({
      load: async () => jose.createLocalJWKSet(sets.shift() ?? set),
      now: () => now,
      onLoaded: () => undefined,
    });
    const callers = new TokenCallers({
      callers: [{ name: 'webmail', token: CONFIG, keys }],
      jose,
      now: () => new Date(NOW * 1000),
    });
    assert.equal(summary(await callers.read(await sign()).prove()), 'wrong-token');
    now = 31_000;
    assert.equal(summary(await callers.read(await sign()).prove()), 'match');
  });
});
