import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountName } from '../../src/login/account-name.ts';
import { ListedDomains } from '../../src/decision/listed-domains.ts';
import { Instance } from '../operating/support/instance.ts';
import { accountName } from '../support/accounts.ts';
import { lineOf } from './support/log-lines.ts';

function listing(names: () => readonly string[]) {
  return {
    name: 'x',
    async *listAccounts(): AsyncGenerator<readonly AccountName[]> {
      yield names().map(accountName);
    },
  };
}

describe('domains that backends have', () => {
  it('are those of all names in their lists, and all are served until these are read', async () => {
    const sources = [listing(() => ['a@One.test', 'plain']), listing(() => ['b@two.test', 'c@two.test'])];
    const records: object[] = [];
    using domains = new ListedDomains({ sources, refreshMs: 1e6, onRead: (record) => void records.push(record) });

    assert.equal(domains.has('other.test'), undefined);
    await domains.read();
    assert.deepEqual(
      ['one.test', 'two.test', 'other.test', 'plain'].map((one) => domains.has(one)),
      [true, true, false, false],
    );
    assert.deepEqual(records, [{ domains: 2 }]);
  });

  it('stay as they were where a list cannot be read, and are told', async () => {
    let isAway = false;
    const names = (): readonly string[] => {
      if (isAway) throw new Error('the server is away');
      return ['a@one.test'];
    };
    const records: object[] = [];
    using domains = new ListedDomains({
      sources: [listing(names)],
      refreshMs: 1e6,
      onRead: (record) => void records.push(record),
    });
    await domains.read();
    isAway = true;
    await domains.read();

    assert.deepEqual([domains.has('one.test'), domains.has('two.test')], [true, false]);
    assert.deepEqual(records.at(-1), { error: 'the server is away' });
  });
});

describe('a list that has changed and cannot be read', () => {
  it('is not asked for again at each login', async () => {
    let edition = '1';
    let asked = 0;
    const source = {
      name: 'x',
      edition: () => edition,
      async *listAccounts(): AsyncGenerator<readonly AccountName[]> {
        asked += 1;
        if (edition !== '1') throw new Error('the server is away');
        yield [accountName('a@one.test')];
      },
    };
    using domains = new ListedDomains({ sources: [source], refreshMs: 1e6, onRead: () => {} });
    await domains.read();
    edition = '2';
    for (let i = 0; i < 20; i += 1) {
      assert.equal(domains.has('two.test'), undefined);
      await sleep(1);
    }

    assert.equal(asked, 2);
  });
});

describe('logins by the domains that backends have', () => {
  it('are refused for other domains, and let in for a new one as soon as the file has it', async () => {
    await using instance = await Instance.start(['protection: { relay_domains: { from: [accounts] } }']);
    await lineOf(instance, ({ what }) => what === 'served domains');

    assert.equal((await instance.logIn({ username: 'alice@example.test', password: 'alice-pw' })).status, 200);
    assert.equal((await instance.logIn({ username: 'carol@example.org', password: 'x' })).status, 403);
    const line = await lineOf(instance, ({ login_name }) => login_name === 'carol@example.org');
    assert.deepEqual([line['reason'], line['rule']], ['foreign-domain', 'relay-domain']);

    await appendFile(join(instance.folder, 'accounts.passwd'), 'carol@example.org:{PLAIN}carol-pw\n');
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(100))
      if ((await instance.logIn({ username: 'carol@example.org', password: 'carol-pw' })).status === 200) return;
    assert.fail('carol was not let in');
  });

  it('cannot be judged by a backend that there is not', async () => {
    await assert.rejects(
      Instance.start(['protection: { relay_domains: { from: [directory] } }']),
      /protection\.relay_domains\.from\[0\]: directory is no backend; there are accounts/,
    );
  });
});
