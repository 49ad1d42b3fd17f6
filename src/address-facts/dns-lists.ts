/**
 * Asks lists of addresses in the DNS. All lists are asked about an address at once, and no longer than their answers can change
 * something; logins from one address share one question, and answers are remembered. Whatever fails is an answer that is missing.
 *
 * @module
 */
import { Resolver } from 'node:dns/promises';
import { LRUCache } from 'lru-cache';
import type { ClientAddress } from '../login/client-address.ts';
import {
  type AddressLists,
  type DnsList,
  isDecided,
  type ListAnswer,
  type ListQuestions,
  listedName,
  type Standing,
  standingOf,
} from '../protection/login-rules/address-lists.ts';
import { answerOf, answerOfError } from './list-answers.ts';
import { ListPauses } from './list-pauses.ts';

export interface ListEvents {
  /** A list was asked; not told of questions that were withdrawn. */
  answered(list: string, answer: ListAnswer): void;
  /** A list fails to answer and is left alone for a while; or answers again. */
  changed(list: string, isAway: boolean): void;
}

const NOBODY_ASKED: Standing = { score: 0, listedOn: [], unanswered: [], isOver: false, mayBeOver: false };
/** Time to the next try within the deadline, for packets that get lost. */
const TRIES = 2;
const MAX_FAILURE_LIFETIME_MS = 10_000;
const SPARE_RESOLVERS = 32;

type Answers = Map<string, ListAnswer>;

export class DnsLists implements AddressLists, Disposable {
  readonly #config: ListQuestions;
  readonly #events: ListEvents;
  readonly #pauses: ListPauses;
  readonly #known: LRUCache<ClientAddress, Standing>;
  readonly #underWay = new Map<ClientAddress, Promise<Standing>>();
  readonly #closing = new Set<() => void>();
  /** Resolvers that ask nothing now. */
  readonly #spare: Resolver[] = [];

  constructor(config: ListQuestions, events: ListEvents, ticks: () => number = () => performance.now()) {
    this.#config = config;
    this.#events = events;
    this.#pauses = new ListPauses(ticks, (list, isAway) => events.changed(list, isAway));
    this.#known = new LRUCache({ max: config.maxAddresses, perf: { now: ticks }, ttlResolution: 0 });
  }

  /** Addresses whose answers are remembered. */
  get remembered(): number {
    return this.#known.size;
  }

  /** Addresses that are being asked about. */
  get asking(): number {
    return this.#underWay.size;
  }

  ask(address: ClientAddress): Standing | Promise<Standing> {
    const known = this.#known.get(address) ?? this.#underWay.get(address);
    if (known !== undefined) return known;
    const isV6 = address.includes(':');
    const lists = this.#config.lists.filter(({ ipv4, ipv6 }) => (isV6 ? ipv6 : ipv4));
    if (lists.length === 0) return NOBODY_ASKED;
    const asked = lists.filter(({ name }) => !this.#pauses.isPaused(name));
    const nothing = standingOf(lists, new Map(), this.#config.threshold);
    if (isDecided(nothing) || asked.length === 0 || this.#underWay.size >= this.#config.maxLookups) return nothing;
    const question = this.#question(address, lists, asked).finally(() => this.#underWay.delete(address));
    this.#underWay.set(address, question);
    return question;
  }

  /** Ends all questions as unanswered. */
  [Symbol.dispose](): void {
    for (const end of this.#closing) end();
    this.#known.clear();
  }

  async #question(address: ClientAddress, lists: readonly DnsList[], asked: readonly DnsList[]): Promise<Standing> {
    const { threshold, lifetimeMs } = this.#config;
    const answers: Answers = new Map();
    await this.#untilDecided(address, asked, answers, () => isDecided(standingOf(lists, answers, threshold)));
    const standing = standingOf(lists, answers, threshold);
    const ttl = isDecided(standing) ? lifetimeMs : Math.min(lifetimeMs, MAX_FAILURE_LIFETIME_MS);
    if (ttl > 0) this.#known.set(address, standing, { ttl });
    return standing;
  }

  /** Asks until nothing can change any more, all have answered, or the deadline has passed. */
  async #untilDecided(
    address: ClientAddress,
    asked: readonly DnsList[],
    answers: Answers,
    isEnough: () => boolean,
  ): Promise<void> {
    const resolver = this.#spare.pop() ?? this.#openResolver();
    const ended = Promise.withResolvers<void>();
    let isOpen = true;
    const end = (): void => {
      isOpen = false;
      ended.resolve();
    };
    const timer = setTimeout(() => {
      for (const { name } of asked) if (!answers.has(name)) this.#note(name, 'unanswered');
      end();
    }, this.#config.deadlineMs);
    this.#closing.add(end);
    for (const list of asked) {
      void ask(resolver, address, list).then((answer) => {
        if (!isOpen) return;
        answers.set(list.name, answer);
        this.#note(list.name, answer);
        if (answers.size === asked.length || isEnough()) end();
      });
    }
    await ended.promise;
    clearTimeout(timer);
    this.#closing.delete(end);
    resolver.cancel();
    if (this.#spare.length < SPARE_RESOLVERS) this.#spare.push(resolver);
  }

  #note(list: string, answer: ListAnswer): void {
    this.#events.answered(list, answer);
    this.#pauses.note(list, answer !== 'unanswered');
  }

  #openResolver(): Resolver {
    const { deadlineMs, servers } = this.#config;
    const timeout = Math.max(1, Math.ceil(deadlineMs / TRIES));
    const resolver = new Resolver({ timeout, tries: TRIES, maxTimeout: timeout });
    if (servers.length > 0) resolver.setServers(servers);
    return resolver;
  }
}

async function ask(resolver: Resolver, address: ClientAddress, list: DnsList): Promise<ListAnswer> {
  try {
    return answerOf(await resolver.resolve4(listedName(address, list.zone)), list);
  } catch (cause) {
    return answerOfError(cause);
  }
}
