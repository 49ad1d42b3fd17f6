/** Identifier octets of LDAP's BER subset (RFC 4511 5.1). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchEntry: 0x64,
  searchDone: 0x65,
  searchReference: 0x73,
  abandonRequest: 0x50,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
  intermediateResponse: 0x79,
  controls: 0xa0,
} as const;

/** The tag `[number]` of a context, for plain and for nested content. */
export function contextTag(number: number, isConstructed = false): number {
  return (isConstructed ? 0xa0 : 0x80) | number;
}
