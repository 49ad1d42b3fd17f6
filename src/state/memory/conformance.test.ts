import { describeAnnouncements } from '../conformance/announcements-suite.ts';
import { describeLookUps } from '../conformance/look-ups-suite.ts';
import { describeVerifiedLogins } from '../conformance/verified-logins-suite.ts';
import { MemoryAnnouncements } from './memory-announcements.ts';
import { MemoryLookUps } from './memory-look-ups.ts';
import { MemoryVerifiedLogins } from './memory-verified-logins.ts';

const BOUNDS = { maxEntries: 10_000, maxBytes: 64 << 20 };

function inMemory<Port>(create: () => Port) {
  return {
    open: () => {
      const port = create();
      return { port, other: port, [Symbol.asyncDispose]: async () => {} };
    },
  };
}

describeVerifiedLogins(
  'memory',
  inMemory(() => new MemoryVerifiedLogins(BOUNDS)),
);
describeLookUps(
  'memory',
  inMemory(() => new MemoryLookUps(BOUNDS)),
);
describeAnnouncements(
  'memory',
  inMemory(() => new MemoryAnnouncements()),
);
