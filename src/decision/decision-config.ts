import type Type from 'typebox';
import { Duration, DurationAboveZero, type ResolveContext, Section } from '../config/fields.ts';

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
    lifetime: Duration({
      description:
        'Time for which the list of all accounts is given again without asking the backends; `0s` asks each time. A flush ends it, and an accounts file that changes.',
      default: '0s',
      examples: ['1m'],
    }),
  },
  { description: 'How the list of accounts is made.', default: {} },
);

export const VerifiedLoginsSchema = Section(
  {
    lifetime: Duration({
      description:
        'Time for which a login that a backend has proven serves without asking it again; `0s` asks every time. A password that is not remembered always goes to the backend, and a wrong one ends all that is remembered of the account.',
      default: '5m',
      examples: ['30s', '0s'],
    }),
    memory_lifetime: Duration({
      description:
        'Time for which a login that is remembered in `state.redis` serves from the memory of a process without asking there again, and so the longest an old password serves where an announcement is lost; `0s` asks there every time. Without `state.redis` memory is all there is, and `lifetime` holds.',
      default: '10s',
      examples: ['2s', '0s'],
    }),
    outage_lifetime: Duration({
      description:
        'Age up to which a remembered login serves while its backend cannot answer. `0s` never lets anybody in whom no backend has proven within `lifetime`.',
      default: '1h',
      examples: ['8h', '0s'],
    }),
  },
  {
    description: 'Logins that are remembered, so that a costly password hash is not computed for each of them.',
    default: {},
  },
);

/** In milliseconds. */
export interface VerifiedLoginsConfig {
  readonly lifetimeMs: number;
  readonly memoryLifetimeMs: number;
  readonly outageLifetimeMs: number;
}

export function resolveVerifiedLogins(
  raw: Type.Static<typeof VerifiedLoginsSchema>,
  context: ResolveContext,
): VerifiedLoginsConfig {
  return {
    lifetimeMs: context.durationMs(raw.lifetime),
    memoryLifetimeMs: context.durationMs(raw.memory_lifetime),
    outageLifetimeMs: context.durationMs(raw.outage_lifetime),
  };
}

export interface DeadlineConfig {
  readonly deadlineMs: number;
}

export interface ListConfig extends DeadlineConfig {
  /** In milliseconds; 0 where no list is remembered. */
  readonly lifetimeMs: number;
}

export function resolveList(raw: Type.Static<typeof ListSchema>, context: ResolveContext): ListConfig {
  return { ...resolveDeadline(raw, context), lifetimeMs: context.durationMs(raw.lifetime) };
}

export function resolveDeadline({ deadline }: { readonly deadline: string }, context: ResolveContext): DeadlineConfig {
  return { deadlineMs: context.durationMs(deadline) };
}
