import type Type from 'typebox';
import { Choice, Section } from '../config/fields.ts';
import type { NameStyle } from './events.ts';
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
