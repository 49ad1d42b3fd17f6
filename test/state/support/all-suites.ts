import { describeAccountNames } from '../../../src/state/conformance/account-names-suite.ts';
import { describeAnnouncements } from '../../../src/state/conformance/announcements-suite.ts';
import { describeBlocks } from '../../../src/state/conformance/blocks-suite.ts';
import { describeHostOrders } from '../../../src/state/conformance/host-orders-suite.ts';
import { describeCounters } from '../../../src/state/conformance/counters-suite.ts';
import { describeJobs } from '../../../src/state/conformance/jobs-suite.ts';
import { describeVerifiedLogins } from '../../../src/state/conformance/verified-logins-suite.ts';
import type { RedisConfig } from '../../../src/state/redis/redis-settings.ts';
import { harnessFor } from './shared-state.ts';

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
