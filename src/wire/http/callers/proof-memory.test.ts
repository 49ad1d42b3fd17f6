import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { type CallerOutcome, Callers, type OtherProofs, type ProvenCaller } from '../callers.ts';
import type { CertificateFinding } from './certificate-callers.ts';
import type { TokenProof } from './token-callers.ts';

const HERE = '192.0.2.1';
const WEBMAIL = { name: 'webmail', scopes: new Set(['authenticate', 'lookup'] as const), networks: ['192.0.2.0/24'] };
const LASTING: TokenProof = { kind: 'match', scopes: undefined, untilMs: Number.MAX_SAFE_INTEGER };

function openCallers(prove: () => TokenProof, others: OtherProofs = {}) {
  const proofs: string[] = [];
  const told: ProvenCaller[] = [];
  const tokens = {
    read: (token: string) => ({
      caller: token.startsWith('webmail') ? 'webmail' : undefined,
      prove: () => {
        proofs.push(token);
        return Promise.resolve(prove());
      },
    }),
  };
  const callers = new Callers(
    [WEBMAIL],
    () => 'mismatch',
    () => 0,
    {
      tokens,
      onProven: (proven) => told.push(proven),
      ...others,
    },
  );
  return { callers, proofs, told };
}

async function summary(outcome: CallerOutcome | Promise<CallerOutcome>): Promise<string> {
  const found = await outcome;
  if (found.kind === 'caller') return [...found.caller.scopes].join(' ');
  return found.kind === 'rejected' ? found.reason : found.kind;
}

describe('a token that was proven', () => {
  it('is remembered, and told once with how it was proven', async () => {
    const { callers, proofs, told } = openCallers(() => LASTING);
    for (let i = 0; i < 3; i += 1)
      assert.equal(await summary(callers.identify('Bearer webmail.1', HERE)), 'authenticate lookup');
    assert.deepEqual(proofs, ['webmail.1']);
    assert.deepEqual(told, [{ caller: 'webmail', proof: 'token', address: HERE }]);
  });

  it('is never remembered beyond its end, however often it is recalled', async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    try {
      const { callers, proofs } = openCallers(() => ({ ...LASTING, untilMs: 1_060_000 }));
      await callers.identify('Bearer webmail.1', HERE);
      for (let i = 0; i < 59; i += 1) {
        mock.timers.setTime(1_000_000 + i * 1000);
        await callers.identify('Bearer webmail.1', HERE);
      }
      assert.equal(proofs.length, 1);
      mock.timers.setTime(1_060_000);
      await callers.identify('Bearer webmail.1', HERE);
      assert.equal(proofs.length, 2);
    } finally {
      mock.timers.reset();
    }
  });

  it('is proven anew after ten minutes, for its key may be taken back', async () => {
    mock.timers.enable({ apis: ['Date'], now: 0 });
    try {
      const { callers, proofs } = openCallers(() => LASTING);
      for (let minute = 0; minute <= 10; minute += 1) {
        mock.timers.setTime(minute * 60_000);
        await callers.identify('Bearer webmail.1', HERE);
      }
      assert.equal(proofs.length, 2);
    } finally {
      mock.timers.reset();
    }
  });

  it('is proven once for all that send it at the same time, when it must be proven anew', async () => {
    mock.timers.enable({ apis: ['Date'], now: 0 });
    try {
      const { callers, proofs } = openCallers(() => LASTING);
      const together = () =>
        Promise.all(Array.from({ length: 30 }, () => summary(callers.identify('Bearer webmail.1', HERE))));
      for (let i = 0; i < 3; i += 1) {
        mock.timers.setTime(i * 600_000);
        assert.deepEqual(new Set(await together()), new Set(['authenticate lookup']));
        assert.equal(proofs.length, i + 1);
      }
    } finally {
      mock.timers.reset();
    }
  });

  it('lets its caller in from its networks only', async () => {
    const { callers } = openCallers(() => LASTING);
    assert.equal(await summary(callers.identify('Bearer webmail.1', '198.51.100.1')), 'wrong-network');
  });

  it('gives the scopes that both its caller and itself name', async () => {
    for (const [named, expected] of [
      [['authenticate', 'admin'], 'authenticate'],
      [['nauthilus:lookup_identity', 'openid'], 'lookup'],
      [['openid'], ''],
      [['Authenticate'], ''],
    ] as const) {
      const { callers } = openCallers(() => ({ ...LASTING, scopes: new Set(named) }));
      assert.equal(await summary(callers.identify('Bearer webmail.1', HERE)), expected, named.join(' '));
    }
  });
});

describe('a token that proves nothing', () => {
  it('is throttled as wrong secrets are, for its caller or for all that are nobody’s', async () => {
    const { callers, proofs } = openCallers(() => ({ kind: 'mismatch', reason: 'wrong-token', detail: '' }));
    for (const whose of ['webmail', 'nobody']) {
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, i) => summary(callers.identify(`Bearer ${whose}.${i}`, HERE))),
      );
      assert.deepEqual(outcomes.slice(9), ['wrong-token', 'throttled', 'throttled'], whose);
    }
    assert.equal(proofs.length, 20);
  });

  it('is no guess where it is only over, and where it could not be checked', async () => {
    for (const proof of [{ kind: 'mismatch', reason: 'expired-token', detail: '' }, { kind: 'unavailable' }] as const) {
      const { callers } = openCallers(() => proof);
      for (let i = 0; i < 30; i += 1)
        assert.notEqual(await summary(callers.identify(`Bearer webmail.${i}`, HERE)), 'throttled');
    }
  });

  it('is none where no caller has tokens', async () => {
    const { callers } = openCallers(() => LASTING, { tokens: undefined });
    assert.equal(await summary(callers.identify('Bearer webmail.1', HERE)), 'no-credentials');
  });
});

describe('who may ask is told what proofs there are', () => {
  const tokens = {
    read: () => ({ caller: undefined, prove: () => Promise.resolve<TokenProof>({ kind: 'unavailable' }) }),
  };
  const certificates = { find: (): CertificateFinding => ({ kind: 'none' }) };
  for (const [others, schemes, demand] of [
    [{}, ['Basic'], 'authenticate with HTTP Basic'],
    [{ tokens }, ['Basic', 'Bearer'], 'authenticate with HTTP Basic, or send a token as Bearer'],
    [{ tokens, hasSecrets: false }, ['Bearer'], 'send a token as Bearer'],
    [{ certificates, hasSecrets: false }, ['Basic'], 'show a certificate'],
  ] as const) {
    it(demand, () => {
      const callers = new Callers(
        [],
        () => 'mismatch',
        () => 0,
        others,
      );
      const named = callers.challenges.filter((_, i) => i % 2 === 1).map((value) => value.split(' ')[0]);
      assert.deepEqual(named, schemes);
      assert.equal(callers.demand, `the caller must ${demand}`);
    });
  }
});
