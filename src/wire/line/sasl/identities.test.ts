import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountName, anAccount } from '../../../../test/support/accounts.ts';
import { chooseLoginName, onlyAsMaster } from './identities.ts';

describe('who may log in as somebody else', () => {
  for (const [what, own, other, separator, name] of [
    ['nobody else', 'alice', undefined, '*', { kind: 'own', text: 'alice' }],
    ['the same name', 'alice', 'alice', '*', { kind: 'own', text: 'alice' }],
    ['another, where there are masters', 'admin', 'alice', '*', { kind: 'master', text: 'alice*admin' }],
    ['another, where there are none', 'admin', 'alice', undefined, { kind: 'foreign', text: 'admin' }],
    ['another with the separator in it', 'admin', 'a*b', '*', { kind: 'foreign', text: 'admin' }],
    ['another, by a name with the separator in it', 'a*b', 'alice', '*', { kind: 'foreign', text: 'a*b' }],
    ['another whose end makes a separator', '*b', 'a', '**', { kind: 'foreign', text: '*b' }],
    ['another whose beginning makes a separator', 'b', 'a*', '**', { kind: 'foreign', text: 'b' }],
  ] as const)
    it(`is decided for ${what}`, () => {
      assert.deepEqual(chooseLoginName({ authenticationId: own, authorizationId: other }, separator), name);
    });

  it('takes an accepted login that is no master login for refused', () => {
    const account = anAccount({ name: 'alice*admin' });
    const decision = { verdict: { kind: 'accept', account }, trail: [], ms: 0 } as const;
    const asMaster = { ...decision, verdict: { ...decision.verdict, master: accountName('admin') } };

    assert.equal(onlyAsMaster(decision).verdict.kind, 'refuse');
    assert.equal(onlyAsMaster(asMaster), asMaster);
  });
});
