import type Type from 'typebox';
import { ByteSize, Choice, Count, Duration, type ResolveContext, Section } from '../config/fields.ts';
import type { NameStyle } from './events.ts';
import type { KeptLinesBounds } from './kept-lines.ts';
import type { LogLevel } from './log.ts';

export const LogSchema = Section(
  {
    level: Choice(['debug', 'info', 'warn', 'error'], {
      description: 'Least important level that is written. Decisions are written at `info`.',
      default: 'info',
      examples: ['warn'],
    }),
    names: Choice(['plain', 'hashed'], {
      description:
        'How login and account names are shown: as they are, or as keyed hashes that tell accounts apart until the next start.',
      default: 'plain',
      examples: ['hashed'],
    }),
  },
  { description: 'What is written to the log: JSON lines on standard output.', default: {} },
);

export interface LogConfig {
  readonly level: LogLevel;
  readonly names: NameStyle;
}

export function resolveLog({ level, names }: Type.Static<typeof LogSchema>): LogConfig {
  return { level, names };
}

export const ExplainSchema = Section(
  {
    keep: Duration({
      description: 'How long `nauthilus explain SESSION` can tell of a decision; `0s` keeps none.',
      default: '1h',
      examples: ['1d'],
    }),
    decisions: Count({
      description: 'How many decisions each process keeps at most; the oldest go first.',
      minimum: 0,
      maximum: 1_000_000,
      default: 10_000,
      examples: [100_000],
    }),
    size: ByteSize({
      description: 'How much text of decisions each process keeps at most; one takes about 700 bytes.',
      default: '8MiB',
      examples: ['64MiB'],
    }),
  },
  {
    description:
      'Which past decisions can be explained. Kept is what the log says of them, in memory; names as `log.names` shows them.',
    default: {},
  },
);

/** Which decisions are kept to be explained. */
export type ExplainConfig = KeptLinesBounds;

export function resolveExplain(
  { keep, decisions, size }: Type.Static<typeof ExplainSchema>,
  context: ResolveContext,
): ExplainConfig {
  return { lifetimeMs: context.durationMs(keep), maxLines: decisions, maxBytes: context.byteSize(size) };
}
