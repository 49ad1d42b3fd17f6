import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';

const BURST = 10;
const REFILL_EVERY_MS = 6000;
const TRACKED = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * Bounds how often credentials of callers may be guessed: ten wrong ones at once from one address for one name, then one every
 * six seconds. A bucket is an address (IPv6: its /64) and a caller's name, so that guessing at one name, or from one address,
 * stops nobody else; all names that no caller has share one bucket per address.
 */
export class CallerThrottle {
  readonly #buckets = new LRUCache<string, Bucket>({ max: TRACKED });
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes one try: 0 where it may be made now, else the seconds to wait. A try that is not wrong is to be given back. */
  take(address: string, name: string): number {
    const bucket = this.#bucket(address, name);
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * REFILL_EVERY_MS) / 1000);
    bucket.tokens -= 1;
    return 0;
  }

  /** Gives a try back that turned out not to be a wrong guess. */
  giveBack(address: string, name: string): void {
    const bucket = this.#bucket(address, name);
    bucket.tokens = Math.min(BURST, bucket.tokens + 1);
  }

  #bucket(address: string, name: string): Bucket {
    const key = `${network(address)} ${name}`;
    const now = this.#now();
    const known = this.#buckets.get(key);
    if (known === undefined) {
      const bucket = { tokens: BURST, at: now };
      this.#buckets.set(key, bucket);
      return bucket;
    }
    known.tokens = Math.min(BURST, known.tokens + (now - known.at) / REFILL_EVERY_MS);
    known.at = now;
    return known;
  }
}

function network(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right];
  return groups.slice(0, 4).join(':');
}
