import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';

for (const check of ['bind', 'compare'] as const) {
  describe(`a login proved by ${check}`, () => {
    let slapd: Slapd;
    let tested: TestedBackend;
    before(async () => {
      slapd = await startSlapd({ access: check });
      tested = await openTestBackend(settingsFor([slapd], { password_check: check }));
    });
    after(async () => {
      await tested[Symbol.asyncDispose]();
      await slapd[Symbol.asyncDispose]();
    });

    it('is right with the right password only', async () => {
      assert.equal((await tested.verify('alice@example.test', 'alice-pw')).kind, 'verified');
      assert.equal((await tested.verify('alice@example.test', 'bob-pw')).kind, 'wrong-password');
      assert.equal((await tested.verify('alice@example.test', '')).kind, 'wrong-password');
      assert.equal((await tested.verify('nobody@example.test', 'alice-pw')).kind, 'unknown-user');
    });
    it('looks up and lists', async () => {
      console.log(await tested.lookUp('bob@example.test'), await tested.list(), tested.events, tested.backend.health());
    });
  });
}
