import { describeAccountNames } from '../conformance/account-names-suite.ts';
import { describeAnnouncements } from '../conformance/announcements-suite.ts';
import { describeBlocks } from '../conformance/blocks-suite.ts';
import { describeCounters } from '../conformance/counters-suite.ts';
import { describeJobs } from '../conformance/jobs-suite.ts';
import type { StateHarness } from '../conformance/harness.ts';
import { describeVerifiedLogins } from '../conformance/verified-logins-suite.ts';
import { MemoryAccountNames } from './memory-account-names.ts';
import { MemoryAnnouncements } from './memory-announcements.ts';
import { MemoryBlocks } from './memory-blocks.ts';
import { MemoryCounters } from './memory-counters.ts';
import { MemoryJobs } from './memory-jobs.ts';
import { MemoryVerifiedLogins } from './memory-verified-logins.ts';

const BOUNDS = { maxEntries: 10_000, maxBytes: 64 << 20 };

/** Lifetimes in milliseconds. */
const kept = new Map<string, number>();

function inMemory<Port>(port: Port): StateHarness<Port> {
  return { open: () => ({ port, other: port, [Symbol.asyncDispose]: async () => {} }) };
}

describeVerifiedLogins('memory', inMemory(new MemoryVerifiedLogins(BOUNDS)));
describeAccountNames('memory', inMemory(new MemoryAccountNames(BOUNDS)));
describeCounters('memory', inMemory(new MemoryCounters(64 << 20)));
describeCounters(
  'memory with something beside them',
  inMemory(new MemoryCounters(64 << 20, undefined, ({ key, restMs }) => (kept.get(key) ?? 0) <= restMs)),
  (name, lifetimeMs) => {
    kept.set(name, lifetimeMs);
    return name;
  },
);
describeBlocks('memory', inMemory(new MemoryBlocks(10_000)));
describeJobs('memory', inMemory(new MemoryJobs(100)));
describeAnnouncements('memory', inMemory(new MemoryAnnouncements()));
