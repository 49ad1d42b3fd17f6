const NOT_PLAIN = /[^!-$&-~]/g;
const ENCODED = /%([0-9A-Fa-f]{2})/g;
const BROKEN = /%(?![0-9A-Fa-f]{2})|[\u0000-\u001f]/;

/** Reads what has bytes written as percent and two hex digits; `undefined` where a percent is followed by something else. */
export function decodePercent(text: string): string | undefined {
  if (BROKEN.test(text)) return undefined;
  return text.replace(ENCODED, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** @param bytes one character for each */
export function encodePercent(bytes: string): string {
  return bytes.replace(NOT_PLAIN, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
