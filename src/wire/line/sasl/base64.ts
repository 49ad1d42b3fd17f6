const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes that base64 (RFC 4648 4) stands for, one character for each; `=` alone stands for none, as in SMTP (RFC 4954 4). */
export function decodeBase64(text: string): string | undefined {
  if (text === '=') return '';
  return BASE64.test(text) ? Buffer.from(text, 'base64').toString('latin1') : undefined;
}

/** @param bytes one character for each */
export function encodeBase64(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('base64');
}
