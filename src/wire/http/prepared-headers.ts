import { validateHeaderName, validateHeaderValue } from 'node:http';

/** Headers that many answers have, checked and put into their form once. */
export interface PreparedHeaders {
  /** A flat list of names and values. */
  readonly list: readonly string[];
  /** The same as lines. */
  readonly lines: string;
}

/** @throws ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR where a name or a value could end its header */
export function prepareHeaders(list: readonly string[]): PreparedHeaders {
  return { list, lines: headerLines(list) };
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
