import { availableParallelism } from 'node:os';
import Type from 'typebox';
import { Count, type ResolveContext } from '../config/fields.ts';

const DESCRIPTION =
  'Processes that answer; `auto` takes as many as the machine has processor cores. More than one needs `state.redis`, because what is counted, blocked and remembered has to be the same for all of them.';

export const WorkersSchema = Type.Union(
  [
    Type.Literal('auto', { description: 'As many as the machine has processor cores.' }),
    Count({ description: DESCRIPTION, minimum: 1, maximum: 64 }),
  ],
  { description: DESCRIPTION, default: 1, examples: ['auto', 4] },
);

/** How many processes answer. One is today's program itself; more are looked after by one beside them. */
export function resolveWorkers(
  raw: Type.Static<typeof WorkersSchema>,
  hasSharedState: boolean,
  context: ResolveContext,
): number {
  const workers = raw === 'auto' ? availableParallelism() : raw;
  if (workers > 1 && !hasSharedState)
    context.problem(
      'workers',
      `${raw === 'auto' ? `auto, which is ${workers} on this machine,` : workers} needs state.redis: each process would ` +
        'count wrong passwords for itself; a Valkey or Redis on a local unix socket will do. Else use 1',
    );
  return workers;
}
