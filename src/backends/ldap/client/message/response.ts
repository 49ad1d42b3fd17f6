import { BerError } from '../ber/ber-error.ts';
import { BerReader } from '../ber/ber-reader.ts';
import { contextTag, TAG } from '../ber/ber-tags.ts';
import { type ResponseControls, readControls } from './controls.ts';
import { SearchEntry } from './search-entry.ts';

const NOTICE_OF_DISCONNECTION = '1.3.6.1.4.1.1466.20036';
const MAX_URIS = 1000;

/** How an operation ended, in the server's words. A result code is never an exception. */
export interface LdapResult {
  readonly resultCode: number;
  readonly matchedDn: string;
  /** The server's text, for operators. */
  readonly diagnostic: string;
  readonly controls: ResponseControls;
}

export type AnsweredOperation = 'bind' | 'search' | 'extended';

export type LdapResponse =
  | { readonly kind: 'entry'; readonly id: number; readonly entry: SearchEntry }
  | { readonly kind: 'reference'; readonly id: number; readonly uris: readonly string[] }
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly operation: AnsweredOperation;
      readonly result: LdapResult;
    }
  /** The server is about to close the connection (RFC 4511 4.4.1). */
  | { readonly kind: 'disconnection'; readonly id: number; readonly result: LdapResult }
  /** Intermediate answers and unsolicited notices that mean nothing here. */
  | { readonly kind: 'ignored'; readonly id: number };

/** Reads one whole message. @throws {BerError} and nothing else */
export function readResponse(bytes: Buffer, start: number, end: number): LdapResponse {
  const reader = new BerReader(bytes, start, end);
  reader.enter(TAG.sequence);
  const id = reader.readInteger();
  const tag = reader.peekTag();
  switch (tag) {
    case TAG.searchEntry:
      return { kind: 'entry', id, entry: SearchEntry.read(reader) };
    case TAG.searchDone:
      return { kind: 'result', id, operation: 'search', result: readResult(reader, tag) };
    case TAG.bindResponse:
      return { kind: 'result', id, operation: 'bind', result: readResult(reader, tag) };
    case TAG.searchReference:
      return { kind: 'reference', id, uris: readUris(reader, tag) };
    case TAG.extendedResponse:
      return readExtended(reader, id);
    case TAG.intermediateResponse:
      return { kind: 'ignored', id };
    default:
      throw new BerError(tag === -1 ? 'truncated' : 'unexpected-tag', reader.position);
  }
}

function readExtended(reader: BerReader, id: number): LdapResponse {
  let name = '';
  const result = readResult(reader, TAG.extendedResponse, () => {
    if (reader.peekTag() === contextTag(10)) name = reader.readText(contextTag(10));
  });
  if (id !== 0) return { kind: 'result', id, operation: 'extended', result };
  return name === NOTICE_OF_DISCONNECTION ? { kind: 'disconnection', id, result } : { kind: 'ignored', id };
}

function readResult(reader: BerReader, tag: number, readRest?: () => void): LdapResult {
  const outer = reader.enter(tag);
  const resultCode = reader.readInteger(TAG.enumerated);
  const matchedDn = reader.readText();
  const diagnostic = reader.readText();
  if (reader.peekTag() === contextTag(3, true)) reader.skip();
  readRest?.();
  reader.leave(outer);
  return { resultCode, matchedDn, diagnostic, controls: readControls(reader) };
}

function readUris(reader: BerReader, tag: number): string[] {
  const outer = reader.enter(tag);
  const uris: string[] = [];
  while (!reader.isAtEnd) {
    if (uris.length === MAX_URIS) throw new BerError('too-many', reader.position);
    uris.push(reader.readText());
  }
  reader.leave(outer);
  return uris;
}
