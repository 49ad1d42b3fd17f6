import type Type from 'typebox';
import { DurationAboveZero, type ResolveContext, Section } from '../config/fields.ts';

export const DecisionSchema = Section(
  {
    deadline: DurationAboveZero({
      description:
        'Time within which a login or a lookup is decided; what takes longer is answered as a temporary failure. Keep it below the time after which the mail server gives up.',
      default: '8s',
      examples: ['3s'],
    }),
  },
  { description: 'How logins and lookups are decided.', default: {} },
);

export const ListSchema = Section(
  {
    deadline: DurationAboveZero({
      description: 'Time within which the list of all accounts must be there.',
      default: '60s',
      examples: ['5m'],
    }),
  },
  { description: 'How the list of accounts is made.', default: {} },
);

export interface DeadlineConfig {
  readonly deadlineMs: number;
}

export function resolveDeadline(
  { deadline }: Type.Static<typeof DecisionSchema | typeof ListSchema>,
  context: ResolveContext,
): DeadlineConfig {
  return { deadlineMs: context.durationMs(deadline) };
}
