import { setTimeout as sleep } from 'node:timers/promises';
import type { Backend } from '../backends/backend.ts';
import type { Decide } from '../decision/authenticate.ts';
import { ListedDomains } from '../decision/listed-domains.ts';
import type { Events } from '../telemetry/events.ts';
import { AccountMap, DomainMap, type MapLookUps } from '../wire/line/maps/map-look-up.ts';
import type { DomainMapConfig, MapConfig } from '../wire/line/maps/maps-config.ts';

export interface LineMapsParts {
  readonly decide: Decide;
  readonly events: Events;
  readonly backends: readonly Backend[];
  /** Takes over what is opened. */
  readonly building: AsyncDisposableStack;
}

/** Lists that take longer are gone on with; until they are there, what is not known is a temporary failure. */
const FIRST_LISTS_MS = 5000;

/** The maps that mail servers may look keys up in, by their names. */
export async function openMaps(
  maps: readonly MapConfig[],
  parts: LineMapsParts,
): Promise<ReadonlyMap<string, MapLookUps>> {
  const { decide, events } = parts;
  const open = async (map: MapConfig): Promise<[string, MapLookUps]> => [
    map.name,
    map.kind === 'accounts' ? new AccountMap(map, decide, events) : new DomainMap(map, await openDomains(map, parts)),
  ];
  return new Map(await Promise.all(maps.map(open)));
}

async function openDomains(
  map: DomainMapConfig,
  { backends, events, building }: LineMapsParts,
): Promise<ListedDomains | undefined> {
  if (map.from.length === 0) return undefined;
  const what = 'domains of a map';
  const domains = new ListedDomains({
    sources: backends.filter(({ name }) => map.from.includes(name)),
    refreshMs: map.refreshMs,
    onRead: (read) => {
      const record = { map: map.name, ...read };
      if ('error' in read) events.reloadRefused(what, record);
      else events.reloaded(what, record);
    },
  });
  building.use(domains);
  await Promise.race([domains.read(), sleep(FIRST_LISTS_MS, undefined, { ref: false })]);
  return domains;
}
