import type { Block, BlockPage, Blocks, FoundBlocks } from '../blocks.ts';
import type { Place } from '../turn.ts';
import type { Unavailable } from '../outcome.ts';
import { isRecord } from './account-json.ts';
import type { RedisConnection } from './redis-connection.ts';
import { isUnavailable, type RedisReads } from './redis-reads.ts';
import { PUT_BLOCK, REMOVE_BLOCK } from './script.ts';

const PARTS = 16;

/** Blocks in Redis, for all processes that share it: in parts, each in one slot with the lists of its blocks. */
export class RedisBlocks implements Blocks {
  readonly #connection: RedisConnection;
  readonly #reads: RedisReads;
  readonly #prefix: string;

  /** `prefix` is what all keys begin with, their version included. */
  constructor(connection: RedisConnection, reads: RedisReads, prefix: string) {
    this.#connection = connection;
    this.#reads = reads;
    this.#prefix = prefix;
  }

  async put(block: Block, signal: AbortSignal): Promise<Unavailable | undefined> {
    const ends = Math.floor(block.untilMs);
    const args = [block.key, ends, JSON.stringify(block)];
    const answer = await this.#connection.run(PUT_BLOCK, this.#keysOf(block.key), args, signal);
    return answer.kind === 'reply' ? undefined : answer;
  }

  async find(keys: readonly string[], signal: AbortSignal): Promise<FoundBlocks | Unavailable> {
    if (keys.length === 0) return { kind: 'found', blocks: [] };
    const keyOf = (key: string) => this.#blockKey(partOf(key), key);
    if (!this.#connection.hasSlots) return this.#read(keys.map(keyOf), signal);
    const parts = Map.groupBy(keys, partOf);
    const found = new Map<string, Block>();
    for (const blocks of await Promise.all(
      [...parts.values()].map((ofPart) => this.#read(ofPart.map(keyOf), signal)),
    )) {
      if (blocks.kind === 'unavailable') return blocks;
      for (const block of blocks.blocks) found.set(block.key, block);
    }
    return { kind: 'found', blocks: keys.flatMap((key) => found.get(key) ?? []) };
  }

  placesOf(keys: readonly string[]): readonly Place[] {
    return keys.map((key) => ({ key: this.#blockKey(partOf(key), key), restMs: 0 }));
  }

  async list(
    { after, limit }: { readonly after?: string | undefined; readonly limit: number },
    signal: AbortSignal,
  ): Promise<BlockPage | Unavailable> {
    const { part, key } = placeOf(after);
    const start = key === undefined ? '-' : `(${key}`;
    const names = this.#namesKey(part);
    const answer = await this.#connection.send('zrangebylex', [names, start, '+', 'LIMIT', 0, limit], signal);
    if (answer.kind !== 'reply') return answer;
    const keys = (Array.isArray(answer.value) ? answer.value : []).map(String);
    const blocks =
      keys.length === 0
        ? undefined
        : await this.#read(
            keys.map((one) => this.#blockKey(part, one)),
            signal,
          );
    if (blocks?.kind === 'unavailable') return blocks;
    const last = keys.length < limit ? undefined : keys.at(-1);
    return { kind: 'page', blocks: blocks?.blocks ?? [], next: nextPlace(part, last) };
  }

  async remove(key: string, signal: AbortSignal): Promise<Unavailable | undefined> {
    const answer = await this.#connection.run(REMOVE_BLOCK, this.#keysOf(key), [key], signal);
    return answer.kind === 'reply' ? undefined : answer;
  }

  async #read(blockKeys: readonly string[], signal: AbortSignal): Promise<FoundBlocks | Unavailable> {
    const values = await this.#reads.read(blockKeys, signal);
    if (isUnavailable(values)) return values;
    return { kind: 'found', blocks: values.flatMap((value) => parseBlock(value) ?? []) };
  }

  #keysOf(key: string): readonly string[] {
    const part = partOf(key);
    return [this.#blockKey(part, key), this.#namesKey(part), `${this.#prefix}block-ends:{b${part}}`];
  }

  #blockKey(part: number, key: string): string {
    return `${this.#prefix}block:{b${part}}:${key}`;
  }

  #namesKey(part: number): string {
    return `${this.#prefix}block-names:{b${part}}`;
  }
}

/** By FNV-1a, which costs next to nothing: each login asks for many keys. */
function partOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 16) % PARTS;
}

function placeOf(after: string | undefined): { readonly part: number; readonly key: string | undefined } {
  const [, part = '0', key] = /^(\d{1,2})(?::(.*))?$/s.exec(after ?? '') ?? [];
  return { part: Number(part) % PARTS, key };
}

function nextPlace(part: number, last: string | undefined): string | undefined {
  if (last !== undefined) return `${part}:${last}`;
  return part + 1 < PARTS ? String(part + 1) : undefined;
}

function parseBlock(value: unknown): Block | undefined {
  if (!Buffer.isBuffer(value)) return undefined;
  const block = parseJson(value.toString());
  if (!isRecord(block)) return undefined;
  const { key, network, rule, scope, sinceMs, untilMs, reason, by } = block;
  const texts = { key, rule, scope, reason, by };
  if (typeof untilMs !== 'number' || !areTexts(texts)) return undefined;
  return {
    ...texts,
    untilMs,
    ...(typeof sinceMs === 'number' ? { sinceMs } : {}),
    ...(typeof network === 'string' ? { network } : {}),
  };
}

function areTexts<Name extends string>(
  values: Readonly<Record<Name, unknown>>,
): values is Readonly<Record<Name, string>> {
  return Object.values(values).every((value) => typeof value === 'string');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
