import { availableParallelism } from 'node:os';
import Type from 'typebox';
import { Count, Section } from '../config/fields.ts';

const CONCURRENCY =
  'Costly password hashes that are computed at a time; `auto` takes as many as the machine has processor cores.';

export const PasswordsSchema = Section(
  {
    concurrency: Type.Union(
      [
        Type.Literal('auto', { description: 'As many as the machine has processor cores.' }),
        Count({ description: CONCURRENCY, minimum: 1, maximum: 256 }),
      ],
      { description: CONCURRENCY, default: 'auto', examples: [4] },
    ),
    queue: Count({
      description:
        'Password checks that may wait for their turn; beyond it the answer is a temporary failure. A waiting check also ends at the deadline of its decision.',
      minimum: 0,
      maximum: 100_000,
      default: 256,
      examples: [64],
    }),
  },
  { description: 'How many costly password hashes are computed.', default: {} },
);

export interface PasswordsConfig {
  readonly concurrency: number;
  readonly maxQueue: number;
}

export function resolvePasswords(raw: Type.Static<typeof PasswordsSchema>): PasswordsConfig {
  const concurrency = raw.concurrency === 'auto' ? availableParallelism() : raw.concurrency;
  return { concurrency, maxQueue: raw.queue };
}
