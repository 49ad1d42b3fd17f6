import { stat } from 'node:fs/promises';
import { DnsLists } from '../address-facts/dns-lists.ts';
import { PlaceFile, PlaceFileError, placesOf } from '../address-facts/place-files.ts';
import { FileWatch, type SeenFile } from '../backends/file/file-watch.ts';
import { stampOf } from '../backends/file/passwd-file.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Protection } from '../decision/authenticate.ts';
import type { Places } from '../protection/login-rules/places.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What is asked elsewhere about addresses; nothing where no rule wants to know it. */
export type AddressFacts = Pick<Protection, 'lists' | 'places'>;

export interface AddressFactsParts {
  readonly events: Events;
  readonly metrics: Metrics;
  /** Takes over what is opened. */
  readonly building: AsyncDisposableStack;
}

/** @throws {ConfigError} where a file cannot be used */
export async function openAddressFacts(config: Config, parts: AddressFactsParts): Promise<AddressFacts> {
  return { lists: openLists(config, parts), places: await openPlaces(config, parts) };
}

function openLists(
  { protection: { listQuestions } }: Config,
  { events, metrics, building }: AddressFactsParts,
): DnsLists | undefined {
  if (listQuestions.lists.length === 0) return undefined;
  const lists = building.use(
    new DnsLists(listQuestions, {
      answered: (list, answer) => metrics.countListAnswer(list, answer),
      changed: (list, isAway) => events.addressListChanged(list, isAway),
    }),
  );
  const gauges = [
    ['address_lists_remembered', 'Addresses whose listings are remembered.', () => lists.remembered],
    ['address_lists_asking', 'Addresses that lists are being asked about.', () => lists.asking],
  ] as const;
  for (const [name, help, read] of gauges) building.use(metrics.addGauge(name, help, read));
  return lists;
}

async function openPlaces(config: Config, parts: AddressFactsParts): Promise<Places | undefined> {
  const { placeDatabases } = config.protection;
  if (placeDatabases.length === 0) return undefined;
  const files: PlaceFile[] = [];
  for (const [i, path] of placeDatabases.entries()) {
    const seen = await lookAt(path);
    files.push(watched(await openFile(path, `protection.places.databases[${i}]`, config), seen, parts));
  }
  return placesOf(files);
}

async function openFile(path: string, place: string, config: Config): Promise<PlaceFile> {
  try {
    return await PlaceFile.open(path);
  } catch (cause) {
    throw cause instanceof PlaceFileError ? ConfigError.at(config, place, `${path}: ${cause.message}`) : cause;
  }
}

function watched(file: PlaceFile, seen: SeenFile, { events, building }: AddressFactsParts): PlaceFile {
  const onChange = async (): Promise<void> => {
    try {
      await file.reload();
      events.reloaded('place database', { file: file.path, ...file.detail });
    } catch (cause) {
      events.reloadRefused('place database', { file: file.path, error: (cause as Error).message });
    }
  };
  building.use(new FileWatch(file.path, seen, onChange));
  return file;
}

async function lookAt(path: string): Promise<SeenFile> {
  try {
    return stampOf(await stat(path, { bigint: true }));
  } catch {
    return undefined;
  }
}
