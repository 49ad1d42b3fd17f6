import { type Counted, type Counter, type Counters, EXACT_MEMBERS, WINDOW_SLICES } from '../counters.ts';
import type { Unavailable } from '../outcome.ts';
import type { Sweep, Sweepable, Swept } from '../sweep.ts';
import type { RedisConnection, Reply } from './redis-connection.ts';
import { COUNT_HIT, COUNT_MEMBER } from './script.ts';

const RING = Array.from({ length: WINDOW_SLICES + 1 }, (_, index) => index);
const MEMBERS_SUFFIX = ':members';

/** Counters in Redis, for all processes that share it. Each is checked and counted by one script. */
export class RedisCounters implements Counters, Sweepable {
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  /** `prefix` is what all keys begin with, their version included. */
  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  hit(counter: Counter, signal: AbortSignal): Promise<Counted | Unavailable> {
    return this.#count(counter, 1, signal);
  }

  peek(counter: Counter, signal: AbortSignal): Promise<Counted | Unavailable> {
    return this.#count(counter, 0, signal);
  }

  async takeBack(counter: Counter, signal: AbortSignal): Promise<Unavailable | undefined> {
    const { owner, member } = counter;
    if (member === undefined) return undefined;
    const [membersKey = ''] = this.#memberKeys(owner, fieldOf(counter) + MEMBERS_SUFFIX);
    const answer = await this.#connection.send('zrem', [membersKey, member], signal);
    return answer.kind === 'reply' ? undefined : answer;
  }

  async clear(owner: string, signal: AbortSignal): Promise<Unavailable | undefined> {
    const ownerKey = this.#ownerKey(owner);
    const fields = await this.#texts('hkeys', [ownerKey], signal);
    if ('kind' in fields) return fields;
    const ofMembers = fields.filter((field) => field.endsWith(MEMBERS_SUFFIX));
    const keys = ofMembers.flatMap((field) => this.#memberKeys(owner, field));
    const answer = await this.#connection.send('unlink', [ownerKey, ...keys], signal);
    return answer.kind === 'reply' ? undefined : answer;
  }

  async sweep(sweep: Sweep, signal: AbortSignal, owners?: readonly string[]): Promise<Swept | Unavailable> {
    if (owners !== undefined) return this.#sweepOwners(owners, sweep, signal);
    const prefix = `${this.#prefix}counters:{o`;
    let forgotten = 0;
    for await (const page of this.#connection.scan(`${globText(prefix)}*}`, signal)) {
      if (page.kind === 'unavailable') return page;
      const swept = await this.#sweepOwners(
        page.keys.map((key) => ownerIn(key.slice(prefix.length, -1))),
        sweep,
        signal,
      );
      if (swept.kind === 'unavailable') return swept;
      forgotten += swept.forgotten;
    }
    return { kind: 'swept', forgotten };
  }

  async #sweepOwners(owners: readonly string[], sweep: Sweep, signal: AbortSignal): Promise<Swept | Unavailable> {
    let forgotten = 0;
    for (const count of await Promise.all(owners.map((owner) => this.#sweepOwner(owner, sweep, signal)))) {
      if (typeof count !== 'number') return count;
      forgotten += count;
    }
    return { kind: 'swept', forgotten };
  }

  async #sweepOwner(owner: string, sweep: Sweep, signal: AbortSignal): Promise<number | Unavailable> {
    const what = sweep.ofOwner(owner);
    if (what === 'none') return 0;
    if (what === 'all') return (await this.clear(owner, signal)) ?? 1;
    const fields = await this.#texts('hkeys', [this.#ownerKey(owner)], signal);
    if ('kind' in fields) return fields;
    let forgotten = 0;
    for (const field of fields) {
      const count = sweep.ofCounter(nameIn(field))
        ? ((await this.#drop(owner, field, signal)) ?? 1)
        : await this.#sweepMembers(owner, field, sweep, signal);
      if (typeof count !== 'number') return count;
      forgotten += count;
    }
    return forgotten;
  }

  async #sweepMembers(owner: string, field: string, sweep: Sweep, signal: AbortSignal): Promise<number | Unavailable> {
    if (!field.endsWith(MEMBERS_SUFFIX)) return 0;
    const [membersKey = ''] = this.#memberKeys(owner, field);
    const members = await this.#texts('zrange', [membersKey, 0, -1], signal);
    if ('kind' in members) return members;
    const meant = members.filter((member) => sweep.ofMember(member));
    if (meant.length === 0) return 0;
    if (meant.length === members.length) return (await this.#drop(owner, field, signal)) ?? meant.length;
    const answer = await this.#connection.send('zrem', [membersKey, ...meant], signal);
    return answer.kind === 'reply' ? meant.length : answer;
  }

  /** Forgets one counter. */
  async #drop(owner: string, field: string, signal: AbortSignal): Promise<Unavailable | undefined> {
    const keys = field.endsWith(MEMBERS_SUFFIX) ? this.#memberKeys(owner, field) : [];
    const unlinked = keys.length === 0 ? undefined : await this.#connection.send('unlink', keys, signal);
    const answer = await this.#connection.send('hdel', [this.#ownerKey(owner), field], signal);
    if (unlinked?.kind === 'unavailable') return unlinked;
    return answer.kind === 'reply' ? undefined : answer;
  }

  async #texts(
    name: string,
    args: readonly (string | number)[],
    signal: AbortSignal,
  ): Promise<readonly string[] | Unavailable> {
    const answer = await this.#connection.send(name, args, signal);
    if (answer.kind !== 'reply') return answer;
    return Array.isArray(answer.value) ? answer.value.map(String) : [];
  }

  async #count(counter: Counter, counts: 0 | 1, signal: AbortSignal): Promise<Counted | Unavailable> {
    const { owner, limit, member } = counter;
    const sliceMs = Math.max(1, Math.ceil(counter.windowMs / WINDOW_SLICES));
    const field = fieldOf(counter);
    const ownerKey = this.#ownerKey(owner);
    if (member === undefined) {
      const args = [field, sliceMs, WINDOW_SLICES, limit, counts];
      return countedBy(await this.#connection.run(COUNT_HIT, [ownerKey], args, signal), limit);
    }
    const memberField = field + MEMBERS_SUFFIX;
    const keys = [ownerKey, ...this.#memberKeys(owner, memberField)];
    const args = [memberField, sliceMs, limit, member, EXACT_MEMBERS, counts];
    return countedBy(await this.#connection.run(COUNT_MEMBER, keys, args, signal), limit);
  }

  #ownerKey(owner: string): string {
    return `${this.#prefix}counters:{${slotText(owner)}}`;
  }

  #memberKeys(owner: string, field: string): readonly string[] {
    const tag = slotText(owner);
    return [
      `${this.#prefix}members:{${tag}}:${field}`,
      ...RING.map((place) => `${this.#prefix}estimate:{${tag}}:${place}:${field}`),
    ];
  }
}

// A counter whose window was changed is another one, since its slices are.
function fieldOf({ name, windowMs }: Counter): string {
  return `${name}:${windowMs}`;
}

function nameIn(field: string): string {
  return field.replace(/:\d+(:members)?$/, '');
}

function globText(text: string): string {
  return text.replaceAll(/[*?[\]\\^]/g, '\\$&');
}

// The text in braces decides on the slot, so that it holds no brace itself and is never empty.
function slotText(owner: string): string {
  return `o${owner.replaceAll(/[{}%]/g, encodeURIComponent)}`;
}

function ownerIn(slot: string): string {
  return slot.replaceAll(/%7[bBdD]|%25/g, decodeURIComponent);
}

function countedBy(answer: Reply | Unavailable, limit: number): Counted | Unavailable {
  if (answer.kind !== 'reply') return answer;
  const [count, isOver, resetsInMs, isKnown] = Array.isArray(answer.value) ? (answer.value as unknown[]) : [];
  if (typeof count !== 'number' || typeof resetsInMs !== 'number') {
    return { kind: 'unavailable', overloaded: false, detail: 'the server did not say what it counted' };
  }
  return {
    kind: 'counted',
    count: Math.min(count, limit),
    isOver: isOver === 1,
    isKnown: isKnown === 1,
    resetsInMs: Math.max(0, resetsInMs),
  };
}
