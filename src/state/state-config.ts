import Type from 'typebox';
import { ByteSize, Count, type ResolveContext, Section } from '../config/fields.ts';
import type { MemoryBounds } from './memory/remembered-answers.ts';
import { RedisSchema, resolveRedis } from './redis-config.ts';
import type { RedisConfig } from './redis/redis-settings.ts';

const BOUND = 'beyond it what was not used for longest is forgotten.';

function Entries(what: string, atMost: number) {
  return Count({
    description: `How many ${what} are kept in the memory of each process; ${BOUND}`,
    minimum: 100,
    maximum: 10_000_000,
    default: atMost,
    examples: [1_000_000],
  });
}

function Size(what: string, atMost: string) {
  return ByteSize({
    description: `About how much memory ${what} may take in each process; ${BOUND}`,
    default: atMost,
    examples: ['512MiB'],
  });
}

export const StateMemorySchema = Section(
  {
    logins: Entries('verified logins', 200_000),
    logins_size: Size('verified logins', '128MiB'),
    look_ups: Entries('answers to lookups', 100_000),
    look_ups_size: Size('answers to lookups', '64MiB'),
    names: Entries('login names with their accounts', 100_000),
    counters_size: Size('counters of networks', '64MiB'),
    account_counters_size: Size('counters of accounts and the networks they are known in', '128MiB'),
    blocks: Entries('blocks', 100_000),
  },
  { description: 'Bounds of what each process keeps in its memory.', default: {} },
);

export const StateSchema = Section(
  { memory: StateMemorySchema, redis: Type.Optional(RedisSchema) },
  {
    description:
      'Where short-lived knowledge is kept: verified logins, counters, blocks. In the memory of the one process, unless there is a `redis` section.',
    default: {},
  },
);

/** Bounds of each process. */
export interface StateMemoryConfig {
  readonly logins: MemoryBounds;
  readonly lookUps: MemoryBounds;
  readonly names: MemoryBounds;
  readonly countersMaxBytes: number;
  readonly accountCountersMaxBytes: number;
  readonly maxBlocks: number;
}

export interface StateConfig {
  readonly memory: StateMemoryConfig;
  /** Absent where everything is in the memory of one process. */
  readonly redis: RedisConfig | undefined;
}

const BYTES_OF_A_NAME = 1024;
const LEAST_BYTES = 1 << 20;

export function resolveState(raw: Type.Static<typeof StateSchema>, context: ResolveContext): StateConfig {
  const { memory, redis } = raw;
  const size = (key: 'logins_size' | 'look_ups_size' | 'counters_size' | 'account_counters_size') => {
    const bytes = context.byteSize(memory[key]);
    if (bytes < LEAST_BYTES) context.problem(`memory.${key}`, 'must be at least 1MiB');
    return bytes;
  };
  return {
    memory: {
      logins: { maxEntries: memory.logins, maxBytes: size('logins_size') },
      lookUps: { maxEntries: memory.look_ups, maxBytes: size('look_ups_size') },
      names: { maxEntries: memory.names, maxBytes: memory.names * BYTES_OF_A_NAME },
      countersMaxBytes: size('counters_size'),
      accountCountersMaxBytes: size('account_counters_size'),
      maxBlocks: memory.blocks,
    },
    redis: redis === undefined ? undefined : resolveRedis(redis, context.at('redis')),
  };
}
