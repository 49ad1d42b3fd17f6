import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Secret } from '../../login/secret.ts';
import { type CallerEntry, type CallerOutcome, Callers, type Proof } from './callers.ts';

const MX: CallerEntry = { name: 'mx', scopes: new Set(['authenticate']), networks: [] };
const NEAR: CallerEntry = {
  name: 'near',
  scopes: new Set(['lookup']),
  networks: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.9'],
};
const HERE = '192.0.2.1';

function basic(name: string, secret: string | Uint8Array): string {
  return `Basic ${Buffer.concat([Buffer.from(`${name}:`), Buffer.from(secret as string)]).toString('base64')}`;
}

/** Callers whose secrets are `<name>-secret`, with a count of the proofs that were made. */
function openCallers(prove?: (name: string, secret: Secret) => Proof | Promise<Proof>) {
  const proofs: string[] = [];
  const callers = new Callers(
    [MX, NEAR],
    (name, secret) => {
      proofs.push(name);
      if (prove !== undefined) return prove(name, secret);
      return secret.reveal().equals(Buffer.from(`${name}-secret`)) ? 'match' : 'mismatch';
    },
    () => 0,
  );
  return { callers, proofs };
}

function summary(outcome: CallerOutcome): string {
  switch (outcome.kind) {
    case 'caller':
      return outcome.caller.name;
    case 'rejected':
      return outcome.reason;
    case 'throttled':
    case 'unavailable':
      return outcome.kind;
  }
}

describe('a caller', () => {
  it('is known by its name and secret, and has its scopes', async () => {
    const outcome = await openCallers().callers.identify(basic('mx', 'mx-secret'), HERE);

    assert.equal(outcome.kind, 'caller');
    assert.equal(outcome.caller.name, 'mx');
    assert.deepEqual([...outcome.caller.scopes], ['authenticate']);
  });

  it('may write its header in any way that RFC 7617 allows', async () => {
    const encoded = Buffer.from('mx:mx-secret').toString('base64');
    for (const header of [
      `basic ${encoded}`,
      `BASIC ${encoded}`,
      `Basic   ${encoded}`,
      `Basic ${encoded.replace(/=+$/, '')}`,
    ]) {
      assert.equal(summary(await openCallers().callers.identify(header, HERE)), 'mx', header);
    }
  });

  it('that shows no credentials costs no proof', async () => {
    const { callers, proofs } = openCallers();
    for (const header of [
      undefined,
      '',
      'Basic',
      'Basic ',
      'Bearer abc',
      'Basic !!!',
      `Basic ${btoa('mx')}`,
      `Basic ${btoa(':x')}`,
      'Basic a b',
    ]) {
      assert.equal(summary(await callers.identify(header, HERE)), 'no-credentials', header);
    }
    assert.deepEqual(proofs, []);
  });

  it('is proven at the same cost whether its name is known or not', async () => {
    const { callers, proofs } = openCallers();

    assert.equal(summary(await callers.identify(basic('mx', 'no'), HERE)), 'wrong-credentials');
    assert.equal(summary(await callers.identify(basic('nobody', 'nobody-secret'), HERE)), 'wrong-credentials');
    assert.deepEqual(proofs, ['mx', 'nobody']);
  });

  it('may have a secret with colons, and with bytes that are no UTF-8', async () => {
    const secrets: string[] = [];
    const { callers } = openCallers((_, secret) => {
      secrets.push(...secret.revealForms().map((form) => form.toString('latin1')));
      return 'match';
    });
    await callers.identify(basic('mx', 'a:b:c'), HERE);
    await callers.identify(basic('mx', Uint8Array.of(0xe4, 0xff)), HERE);

    assert.ok(secrets.includes('a:b:c'));
    assert.ok(secrets.includes('\u00e4\u00ff'));
  });

  it('is let in from its networks only', async () => {
    const { callers } = openCallers();
    for (const [address, expected] of [
      ['10.255.0.1', 'near'],
      ['192.0.2.9', 'near'],
      ['2001:db8:1::1', 'near'],
      ['11.0.0.1', 'wrong-network'],
      ['192.0.2.8', 'wrong-network'],
      ['2001:db9::1', 'wrong-network'],
      ['', 'wrong-network'],
    ] as const) {
      assert.equal(summary(await callers.identify(basic('near', 'near-secret'), address)), expected, address);
    }
  });
});

describe('a proven header', () => {
  it('is remembered: the next request is answered at once, without a proof', async () => {
    const { callers, proofs } = openCallers();
    await callers.identify(basic('mx', 'mx-secret'), HERE);

    const again = callers.identify(basic('mx', 'mx-secret'), HERE);
    assert.equal(again instanceof Promise, false);
    assert.equal(summary(await again), 'mx');
    assert.deepEqual(proofs, ['mx']);
  });

  it('counts for its address and its exact text only', async () => {
    const { callers, proofs } = openCallers();
    await callers.identify(basic('mx', 'mx-secret'), HERE);

    assert.equal(summary(await callers.identify(basic('mx', 'mx-secret'), '192.0.2.2')), 'mx');
    assert.equal(summary(await callers.identify(basic('mx', 'mx-secreT'), HERE)), 'wrong-credentials');
    assert.equal(summary(await callers.identify(basic('near', 'mx-secret'), HERE)), 'wrong-credentials');
    assert.deepEqual(proofs, ['mx', 'mx', 'mx', 'near']);
  });

  it('is forgotten with the callers that knew it: a changed secret lets nobody in by the old one', async () => {
    const before = openCallers().callers;
    await before.identify(basic('mx', 'mx-secret'), HERE);
    const after = openCallers((_, secret) =>
      secret.reveal().equals(Buffer.from('new')) ? 'match' : 'mismatch',
    ).callers;

    assert.equal(summary(await after.identify(basic('mx', 'mx-secret'), HERE)), 'wrong-credentials');
    assert.equal(summary(await after.identify(basic('mx', 'new'), HERE)), 'mx');
  });

  it('is proven once for all identical ones in flight', async () => {
    const { promise, resolve } = Promise.withResolvers<Proof>();
    const { callers, proofs } = openCallers(() => promise);
    const many = Array.from({ length: 50 }, async () => callers.identify(basic('mx', 'mx-secret'), HERE));
    resolve('match');

    assert.deepEqual(new Set((await Promise.all(many)).map(summary)), new Set(['mx']));
    assert.deepEqual(proofs, ['mx']);
  });

  it('is one of 1,024 at most', async () => {
    const { callers, proofs } = openCallers(() => 'match');
    const address = (i: number) => `198.18.${i >> 8}.${i & 255}`;
    for (let i = 0; i < 1500; i += 1) await callers.identify(basic('mx', 'x'), address(i));
    proofs.length = 0;

    await callers.identify(basic('mx', 'x'), address(1499));
    assert.deepEqual(proofs, []);
    await callers.identify(basic('mx', 'x'), address(0));
    assert.deepEqual(proofs, ['mx']);
  });

  it('is never one that was wrong', async () => {
    const { callers, proofs } = openCallers();
    await callers.identify(basic('mx', 'no'), HERE);
    await callers.identify(basic('mx', 'no'), HERE);

    assert.deepEqual(proofs, ['mx', 'mx']);
  });
});

describe('wrong credentials', () => {
  it('are throttled for their name and address, and nobody else is', async () => {
    const { callers, proofs } = openCallers();
    const outcomes: string[] = [];
    for (let i = 0; i < 12; i += 1) outcomes.push(summary(await callers.identify(basic('mx', `no ${i}`), HERE)));

    assert.deepEqual(outcomes.slice(9), ['wrong-credentials', 'throttled', 'throttled']);
    assert.equal(proofs.length, 10);
    assert.equal(summary(await callers.identify(basic('mx', 'mx-secret'), '192.0.2.2')), 'mx');
    assert.equal(summary(await callers.identify(basic('near', 'near-secret'), '10.0.0.1')), 'near');
    assert.equal(summary(await callers.identify(basic('invented', 'x'), HERE)), 'wrong-credentials');
  });

  it('of names that no caller has are throttled together', async () => {
    const { callers } = openCallers();
    for (let i = 0; i < 10; i += 1) await callers.identify(basic(`invented-${i}`, 'x'), HERE);

    const outcome = await callers.identify(basic('invented-10', 'x'), HERE);
    assert.deepEqual(outcome, { kind: 'throttled', name: 'invented-10', retryAfterSeconds: 6 });
    assert.equal(summary(await callers.identify(basic('mx', 'mx-secret'), HERE)), 'mx');
  });

  it('are not counted where the secret was right or could not be checked', async () => {
    let proof: Proof = { kind: 'unavailable' };
    const { callers } = openCallers(() => proof);
    for (let i = 0; i < 30; i += 1)
      assert.equal(summary(await callers.identify(basic('mx', `${i}`), HERE)), 'unavailable');
    proof = 'match';
    for (let i = 0; i < 30; i += 1) assert.equal(summary(await callers.identify(basic('mx', `${i}`), HERE)), 'mx');
  });
});

describe('proofs', () => {
  it('are bounded: beyond 256 in flight callers are told to come again, and none is counted as wrong', async () => {
    const { promise, resolve } = Promise.withResolvers<Proof>();
    const { callers } = openCallers(() => promise);
    const waiting = Array.from({ length: 256 }, async (_, i) => callers.identify(basic('mx', 'x'), `198.18.0.${i}`));
    for (let i = 0; i < 20; i += 1)
      assert.equal(summary(await callers.identify(basic('mx', `y${i}`), HERE)), 'unavailable');
    resolve('match');
    await Promise.all(waiting);

    assert.equal(summary(await callers.identify(basic('mx', 'y'), HERE)), 'mx');
  });

  it('that fail by a bug do so once, and leave nothing in flight', async () => {
    let isBroken = true;
    const { callers } = openCallers(() => {
      if (isBroken) throw new TypeError('a bug');
      return 'match';
    });
    await assert.rejects(async () => callers.identify(basic('mx', 'mx-secret'), HERE), TypeError);
    isBroken = false;

    assert.equal(summary(await callers.identify(basic('mx', 'mx-secret'), HERE)), 'mx');
  });
});
