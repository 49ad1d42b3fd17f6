import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startSlapd } from '../daemons/slapd.ts';
import { openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';

for (const check of ['bind', 'compare'] as const) {
  describe(`a login proved by ${check}`, () => {
    const opened = new AsyncDisposableStack();
    let tested: TestedBackend;
    before(async () => {
      const slapd = opened.use(await startSlapd({ access: check }));
      tested = opened.use(await openTestBackend(settingsFor([slapd], { password_check: check })));
    });
    after(() => opened.disposeAsync());

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
