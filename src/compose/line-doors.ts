import type { Config } from '../config/config.ts';
import { type LineParts, Work } from '../wire/line/line-session.ts';
import { type LineMapsParts, openMaps } from './line-maps.ts';

/** What one configuration makes for listeners of lines. */
export interface LineDoors {
  /** Whom the sessions of each listener ask, by its place in the configuration. */
  readonly parts: readonly LineParts[];
  readonly work: Work;
}

export async function openLineDoors(config: Config, parts: LineMapsParts): Promise<LineDoors> {
  const { decide, events } = parts;
  const maps = await openMaps(config.maps, parts);
  const work = new Work(config.line.maxRequests);
  const masterSeparator = masterSeparatorOf(config);
  const listeners = config.lineListeners.map((listener) => ({
    name: listener.name,
    decide,
    events,
    work,
    masterSeparator,
    hangsUpForNow: listener.temporaryFailures === 'hang_up',
    clientsHaveTls: listener.clientsHaveTls,
    maps: new Map([...maps].filter(([name]) => listener.maps.includes(name))),
  }));
  return { parts: listeners, work };
}

/** How a master login is written for the first backend that knows masters; a login that another reads otherwise is refused. */
function masterSeparatorOf({ backends }: Config): string | undefined {
  for (const backend of backends)
    if (backend.type === 'ldap' && backend.master !== undefined) return backend.master.separator;
  return undefined;
}
