/**
 * Where addresses are, by files in MaxMind DB form. They are held in memory, and looked through when they are read, so that a
 * broken one is found before it is used.
 *
 * @module
 */
import { open } from 'node:fs/promises';
import { type AsnResponse, type CountryResponse, Reader } from 'mmdb-lib';
import type { ClientAddress } from '../login/client-address.ts';
import type { Place, Places } from '../protection/login-rules/places.ts';

const MAX_FILE_BYTES = 1024 * 1024 * 1024;
/** What is looked up in a file before it is taken. */
const SAMPLES = 512;
const NOWHERE: Place = { country: undefined, asn: undefined };
const COUNTRY = /^[A-Z]{2}$/;
const ASN = /^AS(\d{1,10})$/;

/** A file cannot be used; its message says why, without the path. */
export class PlaceFileError extends Error {
  override readonly name = 'PlaceFileError';
}

type PlaceReader = Reader<CountryResponse | AsnResponse>;

export class PlaceFile implements Places {
  readonly path: string;
  #reader: PlaceReader;

  private constructor(path: string, reader: PlaceReader) {
    this.path = path;
    this.#reader = reader;
  }

  /** @throws {PlaceFileError} */
  static async open(path: string): Promise<PlaceFile> {
    return new PlaceFile(path, await read(path));
  }

  /** Which file it is, for operators. */
  get detail(): { readonly type: string; readonly built: string } {
    const { databaseType, buildEpoch } = this.#reader.metadata;
    return { type: databaseType, built: buildEpoch.toISOString() };
  }

  /** Reads the file anew; the last good state stays where it cannot be used. @throws {PlaceFileError} */
  async reload(): Promise<void> {
    this.#reader = await read(this.path);
  }

  placeOf(address: ClientAddress): Place {
    try {
      return placeIn(this.#reader.get(address));
    } catch {
      // Data that no sample has hit: as if the file knew nothing of it.
      return NOWHERE;
    }
  }
}

/** Several files as one: the first that knows the country or the system counts. */
export function placesOf(files: readonly Places[]): Places {
  return {
    placeOf(address) {
      const places = files.map((file) => file.placeOf(address));
      return {
        country: places.find(({ country }) => country !== undefined)?.country,
        asn: places.find(({ asn }) => asn !== undefined)?.asn,
      };
    },
  };
}

async function read(path: string): Promise<PlaceReader> {
  try {
    const reader = new Reader<CountryResponse | AsnResponse>(await contentOf(path));
    probe(reader);
    return reader;
  } catch (cause) {
    if (cause instanceof PlaceFileError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new PlaceFileError('the file does not exist');
    if (code === 'EACCES') throw new PlaceFileError('the file must not be read by this user');
    throw new PlaceFileError('it is no file in MaxMind DB form, or a broken one');
  }
}

async function contentOf(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  const stats = await file.stat();
  // Reading a pipe or device could take for ever.
  if (!stats.isFile()) throw new PlaceFileError('it is not a regular file');
  if (stats.size > MAX_FILE_BYTES) throw new PlaceFileError('the file is larger than 1 GiB');
  return file.readFile();
}

/** Looks addresses up from all over the tree. @throws where it leads out of the file */
function probe(reader: PlaceReader): void {
  const { ipVersion, nodeCount, searchTreeSize } = reader.metadata;
  if (ipVersion !== 4 && ipVersion !== 6) throw new PlaceFileError('it is of no known version of IP');
  if (!(nodeCount > 0) || !(searchTreeSize > 0)) throw new PlaceFileError('it holds nothing');
  for (let i = 0; i < SAMPLES; i += 1) {
    reader.get(`${Math.floor((i * 256) / SAMPLES)}.${(i * 37) % 256}.${(i * 11) % 256}.1`);
    if (ipVersion === 6) reader.get(`${(0x2000 + i * 16).toString(16)}:${(i * 911).toString(16).slice(-4)}::1`);
  }
}

interface Fields {
  readonly [key: string]: unknown;
}

/** Reads what the makers of such files call country and system: MaxMind, DB-IP, IPinfo. */
function placeIn(found: unknown): Place {
  if (typeof found !== 'object' || found === null) return NOWHERE;
  const data = found as Fields;
  const country =
    countryIn(data['country']) ?? countryIn(data['country_code']) ?? countryIn(data['registered_country']);
  return { country, asn: asnIn(data['autonomous_system_number'] ?? data['asn']) };
}

function countryIn(value: unknown): string | undefined {
  const code = typeof value === 'object' && value !== null ? (value as Fields)['iso_code'] : value;
  return typeof code === 'string' && COUNTRY.test(code) ? code : undefined;
}

function asnIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const [, digits] = ASN.exec(typeof value === 'string' ? value : '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}
