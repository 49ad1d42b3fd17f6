/** What an LDAP server says, for scripts of servers that misbehave and for tests of the decoder. */
import { TAG } from '../../src/backends/ldap/client/ber/ber-tags.ts';
import {
  encodeBoolean,
  encodeElement,
  encodeInteger,
  encodeText,
} from '../../src/backends/ldap/client/ber/ber-writer.ts';

export type Attributes = Readonly<Record<string, readonly (string | Uint8Array)[]>>;

export function serverMessage(id: number, ...parts: readonly Buffer[]): Buffer {
  return encodeElement(TAG.sequence, encodeInteger(id), ...parts);
}

export function resultOf(tag: number, code: number, ...rest: readonly Buffer[]): Buffer {
  return encodeElement(tag, encodeInteger(code, TAG.enumerated), encodeText('dc=test'), encodeText('because'), ...rest);
}

export function entryOf(dn: string, attributes: Attributes): Buffer {
  const list = Object.entries(attributes).map(([name, values]) =>
    encodeElement(TAG.sequence, encodeText(name), encodeElement(TAG.set, ...values.map((value) => encodeText(value)))),
  );
  return encodeElement(TAG.searchEntry, encodeText(dn), encodeElement(TAG.sequence, ...list));
}

export function responseControl(oid: string, value: Buffer): Buffer {
  return encodeElement(TAG.sequence, encodeText(oid), encodeBoolean(false), encodeText(value));
}

export function searchDone(id: number, code = 0): Buffer {
  return serverMessage(id, resultOf(TAG.searchDone, code));
}

export function bindDone(id: number, code = 0): Buffer {
  return serverMessage(id, resultOf(TAG.bindResponse, code));
}

export function startTlsDone(id: number, code = 0): Buffer {
  return serverMessage(id, resultOf(TAG.extendedResponse, code));
}

export function foundEntry(id: number, dn = 'uid=a,dc=test', attributes: Attributes = { uid: ['a'] }): Buffer {
  return serverMessage(id, entryOf(dn, attributes));
}

export function noticeOfDisconnection(code = 52): Buffer {
  return serverMessage(0, resultOf(TAG.extendedResponse, code, encodeText('1.3.6.1.4.1.1466.20036', 0x8a)));
}
