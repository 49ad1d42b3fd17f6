const LONGEST = 256;

/** The text of a header that becomes part of a log line, which holds no more of it; `undefined` where there is none. */
export function textHeader(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST) : undefined;
}
