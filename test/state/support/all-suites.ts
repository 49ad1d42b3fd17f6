import assert from 'node:assert/strict';
import { accountOf, named, noHurry } from '../../../src/state/conformance/harness.ts';
import { describeAccountNames } from '../../../src/state/conformance/account-names-suite.ts';
import { describeAnnouncements } from '../../../src/state/conformance/announcements-suite.ts';
import { describeBlocks } from '../../../src/state/conformance/blocks-suite.ts';
import { describeHostOrders } from '../../../src/state/conformance/host-orders-suite.ts';
import { describeCounters } from '../../../src/state/conformance/counters-suite.ts';
import { describeJobs } from '../../../src/state/conformance/jobs-suite.ts';
import { describeVerifiedLogins } from '../../../src/state/conformance/verified-logins-suite.ts';
import type { RedisConfig } from '../../../src/state/redis/redis-settings.ts';
import { harnessFor, openReadyState } from './shared-state.ts';

/**
 * Declares the suite of every port for the state that is kept in these servers.
 * @param order in which announcements come
 */
export function describeAllState(name: string, config: () => RedisConfig, order: 'kept' | 'any' = 'kept'): void {
  describeVerifiedLogins(
    name,
    harnessFor(config, (state) => state.verifiedLogins),
  );
  describeAccountNames(
    name,
    harnessFor(config, (state) => state.accountNames),
  );
  describeCounters(
    name,
    harnessFor(config, (state) => state.counters),
    (beside, lifetimeMs) => keepLogin(config(), beside, lifetimeMs),
  );
  describeBlocks(
    name,
    harnessFor(config, (state) => state.blocks),
  );
  describeJobs(
    name,
    harnessFor(config, (state) => state.jobs),
  );
  describeHostOrders(
    name,
    harnessFor(config, (state) => state.hostOrders),
  );
  describeAnnouncements(
    name,
    harnessFor(config, (state) => state.announcements),
    order,
  );
}

/** Keeps a login beside the counters, and gives the key under which it is. */
async function keepLogin(config: RedisConfig, name: string, lifetimeMs: number): Promise<string> {
  await using state = await openReadyState(config);
  const key = { loginName: named(`${name.replaceAll(' ', '-')}@beside.test`), scope: 'imap', passwordTag: 'tag' };
  const login = { account: accountOf(key.loginName), provenAtMs: Date.now() };
  assert.equal(await state.verifiedLogins.remember(key, login, lifetimeMs, noHurry), undefined);
  return state.verifiedLogins.storeKeyOf(key);
}
