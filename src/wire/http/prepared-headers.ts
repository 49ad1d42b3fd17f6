import { validateHeaderName, validateHeaderValue } from 'node:http';

/** Headers that many answers have, checked and put into their form once. */
export interface PreparedHeaders {
  /** Each with its line end. */
  readonly lines: string;
}

/**
 * @param list flat list of names and values, one character for each byte
 * @throws ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR where a name or a value could end its header
 */
export function prepareHeaders(list: readonly string[]): PreparedHeaders {
  // Through bytes: as it was put together it would take ten times the memory, for as long as it is kept.
  return { lines: Buffer.from(headerLines(list), 'latin1').toString('latin1') };
}

/** The headers as a flat list of names and values. */
export function listOf({ lines }: PreparedHeaders): string[] {
  const list: string[] = [];
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) list.push(line.slice(0, colon), line.slice(colon + 2));
  }
  return list;
}

/** A flat list of names and values as lines. @throws as {@link prepareHeaders} */
export function headerLines(list: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = list[i] as string;
    const value = list[i + 1] as string;
    validateHeaderName(name);
    validateHeaderValue(name, value);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
