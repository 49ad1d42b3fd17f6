import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountName } from '../../../../test/support/accounts.ts';
import { parseLoginName } from './master-name.ts';

describe('a login name', () => {
  it('is taken apart at its first separator, where something is on both sides', () => {
    for (const [name, separator, account, master] of [
      ['alice@a.test*admin', '*', 'alice@a.test', 'admin'],
      ['alice@a.test*admin*x', '*', 'alice@a.test', 'admin*x'],
      ['alice@a.test--admin@b.test', '--', 'alice@a.test', 'admin@b.test'],
      ['alice@a.test*', '*', 'alice@a.test*', undefined],
      ['*admin', '*', '*admin', undefined],
      ['*', '*', '*', undefined],
      ['alice@a.test', '*', 'alice@a.test', undefined],
      ['alice@a.test*admin', undefined, 'alice@a.test*admin', undefined],
    ] as const) {
      const read = parseLoginName(accountName(name), separator);

      assert.equal(read.account, account, name);
      assert.equal(read.master, master, name);
    }
  });
});
