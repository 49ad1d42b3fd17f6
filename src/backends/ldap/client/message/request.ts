import { contextTag, TAG } from '../ber/ber-tags.ts';
import {
  encodeBoolean,
  encodeElement,
  encodeInteger,
  encodeText,
  headerLength,
  integerLength,
  writeHeader,
} from '../ber/ber-writer.ts';

const LDAP_VERSION = encodeInteger(3);
const START_TLS = encodeElement(TAG.extendedRequest, encodeText('1.3.6.1.4.1.1466.20037', contextTag(0)));
const UNBIND = encodeElement(TAG.unbindRequest);
const SCOPES = { base: 0, one: 1, subtree: 2 } as const;
const NEVER_DEREFERENCE = 0;

export type SearchScope = keyof typeof SCOPES;

/** What a search asks for, but for its filter. */
export interface SearchShape {
  readonly baseDn: string;
  readonly scope: SearchScope;
  /** Attributes to send; `['1.1']` for none, `[]` for all user attributes. */
  readonly attributes: readonly string[];
  /** Most entries the server is to send; 0 or absent: its own limit. */
  readonly sizeLimit?: number;
  /** Longest time the server is to search, in seconds; 0 or absent: its own limit. */
  readonly timeLimitSeconds?: number;
}

/** A search shape as the bytes before and after the filter: made once, sent any number of times. */
export interface PreparedSearch {
  readonly head: Buffer;
  readonly tail: Buffer;
}

export function prepareSearch(shape: SearchShape): PreparedSearch {
  const head = Buffer.concat([
    encodeText(shape.baseDn),
    encodeInteger(SCOPES[shape.scope], TAG.enumerated),
    encodeInteger(NEVER_DEREFERENCE, TAG.enumerated),
    encodeInteger(shape.sizeLimit ?? 0),
    encodeInteger(shape.timeLimitSeconds ?? 0),
    encodeBoolean(false),
  ]);
  const tail = encodeElement(TAG.sequence, ...shape.attributes.map((name) => encodeText(name)));
  return { head, tail };
}

/** @param control one encoded control, where the search needs one */
export function encodeSearch(id: number, search: PreparedSearch, filter: Buffer, control?: Buffer): Buffer {
  const { head, tail } = search;
  const length = head.length + filter.length + tail.length;
  const target = beginMessage(id, headerLength(length) + length, control);
  let at = target.length - headerLength(length) - length - controlsLength(control);
  at = writeHeader(target, at, TAG.searchRequest, length);
  target.set(head, at);
  target.set(filter, at + head.length);
  target.set(tail, at + head.length + filter.length);
  writeControls(target, control);
  return target;
}

/** A simple bind. `control` is one encoded control. */
export function encodeSimpleBind(id: number, dn: string, password: Buffer, control?: Buffer): Buffer {
  const dnLength = Buffer.byteLength(dn);
  const names = LDAP_VERSION.length + headerLength(dnLength) + dnLength;
  const length = names + headerLength(password.length) + password.length;
  const target = beginMessage(id, headerLength(length) + length, control);
  let at = target.length - headerLength(length) - length - controlsLength(control);
  at = writeHeader(target, at, TAG.bindRequest, length);
  target.set(LDAP_VERSION, at);
  at = writeHeader(target, at + LDAP_VERSION.length, TAG.octetString, dnLength);
  at = writeHeader(target, at + target.write(dn, at), contextTag(0), password.length);
  target.set(password, at);
  writeControls(target, control);
  return target;
}

/** A bind as whom the transport says: the owner of a certificate or of a process (RFC 4422 appendix A). */
export function encodeExternalBind(id: number): Buffer {
  // Without the empty text servers ask for it first, which would take a second message (RFC 4513 5.2.1.4).
  const credentials = encodeElement(contextTag(3, true), encodeText('EXTERNAL'), encodeText(''));
  return encodeMessage(id, encodeElement(TAG.bindRequest, LDAP_VERSION, encodeText(''), credentials));
}

export function encodeUnbind(id: number): Buffer {
  return encodeMessage(id, UNBIND);
}

/** Tells the server that nobody waits for an operation any more. It does not answer. */
export function encodeAbandon(id: number, abandonedId: number): Buffer {
  return encodeMessage(id, encodeInteger(abandonedId, TAG.abandonRequest));
}

export function encodeStartTls(id: number): Buffer {
  return encodeMessage(id, START_TLS);
}

function encodeMessage(id: number, operation: Buffer, control?: Buffer): Buffer {
  const target = beginMessage(id, operation.length, control);
  target.set(operation, target.length - operation.length - controlsLength(control));
  writeControls(target, control);
  return target;
}

/** A message of the right size with its head written and its operation and controls left open. */
function beginMessage(id: number, operationLength: number, control: Buffer | undefined): Buffer {
  const idOctets = integerLength(id);
  const length = 2 + idOctets + operationLength + controlsLength(control);
  const target = Buffer.allocUnsafe(headerLength(length) + length);
  const at = writeHeader(target, 0, TAG.sequence, length);
  target[at] = TAG.integer;
  target[at + 1] = idOctets;
  target.writeIntBE(id, at + 2, idOctets);
  return target;
}

function controlsLength(control: Buffer | undefined): number {
  return control === undefined ? 0 : headerLength(control.length) + control.length;
}

function writeControls(target: Buffer, control: Buffer | undefined): void {
  if (control === undefined) return;
  const at = writeHeader(target, target.length - controlsLength(control), TAG.controls, control.length);
  target.set(control, at);
}
