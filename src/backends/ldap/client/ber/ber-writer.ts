import { TAG } from './ber-tags.ts';

/** Octets that the tag and the length of an element take. */
export function headerLength(contentLength: number): number {
  if (contentLength < 0x80) return 2;
  if (contentLength < 0x100) return 3;
  if (contentLength < 0x10000) return 4;
  return contentLength < 0x1000000 ? 5 : 6;
}

/** Writes a tag and a length in their shortest form; gives where the content begins. */
export function writeHeader(target: Buffer, at: number, tag: number, contentLength: number): number {
  target[at] = tag;
  if (contentLength < 0x80) {
    target[at + 1] = contentLength;
    return at + 2;
  }
  const octets = headerLength(contentLength) - 2;
  target[at + 1] = 0x80 | octets;
  return target.writeUIntBE(contentLength, at + 2, octets);
}

/** An element whose content is the parts, one after the other. */
export function encodeElement(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const target = Buffer.allocUnsafe(headerLength(length) + length);
  let at = writeHeader(target, 0, tag, length);
  for (const part of parts) {
    target.set(part, at);
    at += part.length;
  }
  return target;
}

export function encodeText(text: string | Uint8Array, tag: number = TAG.octetString): Buffer {
  return encodeElement(tag, typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
}

/** @param value a signed integer of up to 32 bits */
export function encodeInteger(value: number, tag: number = TAG.integer): Buffer {
  const octets = integerLength(value);
  const target = Buffer.allocUnsafe(2 + octets);
  target[0] = tag;
  target[1] = octets;
  target.writeIntBE(value, 2, octets);
  return target;
}

export function encodeBoolean(value: boolean, tag: number = TAG.boolean): Buffer {
  return Buffer.of(tag, 1, value ? 0xff : 0);
}

/** Content octets of an integer in its shortest form. */
export function integerLength(value: number): number {
  if (value >= -0x80 && value < 0x80) return 1;
  if (value >= -0x8000 && value < 0x8000) return 2;
  return value >= -0x800000 && value < 0x800000 ? 3 : 4;
}
