import { type Counted, type Counter, type Counters, EXACT_MEMBERS, WINDOW_SLICES } from '../counters.ts';
import { type Unavailable, WITHDRAWN } from '../outcome.ts';
import type { Sweep, Sweepable, Swept } from '../sweep.ts';
import { type Condition, type InTurn, NOT_ITS_TURN, type Place, type Turn } from '../turn.ts';
import { type Argument, notAsked, type RedisConnection } from './redis-connection.ts';
import { COUNT } from './script.ts';
import { TurnNumbers } from './turn-numbers.ts';
import { TickBatch } from './tick-batch.ts';

const RING = Array.from({ length: WINDOW_SLICES + 1 }, (_, index) => index);
const MEMBERS_SUFFIX = ':members';
/** The server serves nobody else while a script runs. */
const MOST_AT_ONCE = 64;

/** Room for what is asked together of turns with conditions; more is taken where there is more by chance. */
const MOST_WITH_CONDITIONS = 32;

interface Question {
  readonly counter: Counter;
  readonly action: 'count' | 'look' | 'undo';
  readonly inTurn?: InTurn | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

/** Whether nothing is kept at some keys that outlasts a time. */
interface Vacancy {
  readonly action: 'vacant';
  readonly keys: readonly string[];
  readonly restMs: number;
  readonly turns: readonly Turn[];
}

/**
 * Counters in Redis, for all processes that share it. Each is checked and counted in one step, by a script that takes all which are
 * asked in one turn of the event loop; in a Cluster those of one owner.
 */
export class RedisCounters implements Counters, Sweepable {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #batch: TickBatch<Question | Vacancy, Counted | Unavailable>;

  /** `prefix` is what all keys begin with, their version included. */
  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#batch = new TickBatch({
      ask: (questions) => this.#ask(questions),
      withdrawn: WITHDRAWN,
      failed: notAsked,
      most: MOST_AT_ONCE,
      groupOf: (question) => (connection.hasSlots && 'counter' in question ? question.counter.owner : ''),
    });
  }

  hit(counter: Counter, signal: AbortSignal, inTurn?: InTurn): Promise<Counted | Unavailable> {
    if (inTurn === undefined) return this.#batch.ask({ counter, action: 'count' }, signal);
    const { turn, isLater } = inTurn;
    if (turn.isConditional) {
      if (turn.isVoidFor(this.#batch.current)) return Promise.resolve(NOT_ITS_TURN);
      return this.#batch.ask({ counter, action: 'count', inTurn }, signal);
    }
    const isTogether = turn.join(this.#batch.current) && !this.#connection.hasSlots;
    const asked =
      isTogether || !isLater
        ? this.#batch.ask({ counter, action: 'count', inTurn }, signal)
        : this.#hitLater(counter, turn, signal);
    const answered = asked.then((answer) => {
      turn.learn(answer, counter.limit, inTurn);
      return answer;
    });
    turn.add(answered);
    return answered;
  }

  peek(counter: Counter, signal: AbortSignal, conditions?: readonly Condition[]): Promise<Counted | Unavailable> {
    for (const { turn } of conditions ?? []) turn.test(this.#batch.current, true);
    return this.#batch.ask({ counter, action: 'look', conditions }, signal);
  }

  requireVacant(places: readonly Place[], turns: readonly Turn[], signal: AbortSignal): boolean {
    if (this.#connection.hasSlots || signal.aborted) return false;
    if (turns.every((turn) => turn.isVoidFor(this.#batch.current))) this.#batch.makeRoom(MOST_WITH_CONDITIONS);
    const byRest = places.length === 0 ? [[0, places] as const] : Map.groupBy(places, ({ restMs }) => restMs);
    for (const [restMs, ofRest] of byRest) {
      for (const turn of turns) turn.open(this.#batch.current, true);
      void this.#batch.ask({ action: 'vacant', keys: ofRest.map(({ key }) => key), restMs, turns }, signal);
    }
    return true;
  }

  async takeBack(counter: Counter, signal: AbortSignal): Promise<Unavailable | undefined> {
    if (counter.member === undefined) return undefined;
    const answer = await this.#batch.ask({ counter, action: 'undo' }, signal);
    return answer.kind === 'unavailable' ? answer : undefined;
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

  /** What it depends on is asked elsewhere. */
  async #hitLater(counter: Counter, turn: Turn, signal: AbortSignal): Promise<Counted | Unavailable> {
    await turn.whenAnswered();
    return turn.isEnded ? NOT_ITS_TURN : this.#batch.ask({ counter, action: 'count' }, signal);
  }

  async #ask(questions: readonly (Question | Vacancy)[]): Promise<readonly (Counted | Unavailable)[]> {
    const keys: string[] = [];
    const args: Argument[] = [WINDOW_SLICES, EXACT_MEMBERS];
    const numbers = new TurnNumbers();
    for (const question of questions) args.push(this.#argumentOf(question, keys, numbers));
    const answer = await this.#connection.run(COUNT, keys, args);
    if (answer.kind !== 'reply') return questions.map(() => answer);
    const results: readonly unknown[] = Array.isArray(answer.value) ? answer.value : [];
    return questions.map((question, i) =>
      this.#counted(results[i], 'counter' in question ? question.counter.limit : 0),
    );
  }

  #argumentOf(question: Question | Vacancy, keys: string[], numbers: TurnNumbers): string {
    if (question.action === 'vacant') {
      keys.push(...question.keys);
      return `${question.keys.length} vacant ${numbers.vacancyOf(question.turns)} 0 ${question.restMs} 0 `;
    }
    const { counter, action } = question;
    const { owner, windowMs, limit, member } = counter;
    const sliceMs = Math.max(1, Math.ceil(windowMs / WINDOW_SLICES));
    const field = member === undefined ? fieldOf(counter) : fieldOf(counter) + MEMBERS_SUFFIX;
    const before = keys.length;
    keys.push(this.#ownerKey(owner));
    if (member !== undefined) {
      if (limit > EXACT_MEMBERS) keys.push(...this.#memberKeys(owner, field));
      else keys.push(this.#membersKey(owner, field));
    }
    const place = numbers.placeOf(question);
    return `${keys.length - before} ${action} ${place} ${sliceMs} ${limit} ${Buffer.byteLength(field)} ${field}${member ?? ''}`;
  }

  #counted(result: unknown, limit: number): Counted | Unavailable {
    if (typeof result === 'number') return NOT_ITS_TURN;
    const [count, isOver, isKnown] = Array.isArray(result) ? (result as unknown[]) : [];
    if (typeof count === 'number')
      return { kind: 'counted', count: Math.min(count, limit), isOver: isOver === 1, isKnown: isKnown === 1 };
    const detail = Buffer.isBuffer(count) ? count.toString() : 'the server did not say what it counted';
    this.#connection.noteError(detail);
    return { kind: 'unavailable', overloaded: false, detail };
  }

  #ownerKey(owner: string): string {
    return `${this.#prefix}counters:{${slotText(owner)}}`;
  }

  #membersKey(owner: string, field: string): string {
    return `${this.#prefix}members:{${slotText(owner)}}:${field}`;
  }

  #memberKeys(owner: string, field: string): readonly string[] {
    const tag = slotText(owner);
    return [
      this.#membersKey(owner, field),
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
