import type { CallerGate } from '../wire/http/caller-gate.ts';
import type { Door } from '../wire/http/exchange.ts';
import { openApiDoors } from '../wire/http/openapi/openapi-doors.ts';
import { OPERATIONS } from '../wire/http/openapi/operations.ts';
import type { Frame } from './frame.ts';

/** Doors by their paths, with those that describe them. */
export function describedDoors(
  { version }: Frame,
  gate: CallerGate,
  doors: readonly (readonly [path: string, door: Door])[],
): ReadonlyMap<string, Door> {
  const paths = doors.map(([path]) => path);
  return new Map([...doors, ...openApiDoors({ version, operations: OPERATIONS, paths }, gate)]);
}
