/** What a header of version 2 begins with: bytes that no other protocol begins with. */
export const PROXY_V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** Signature, version and command, family and transport, length of the rest. */
export const PROXY_V2_START_BYTES = 16;
/** Bytes of both addresses with their ports. */
export const PROXY_V2_ADDRESS_BYTES = { inet: 12, inet6: 36, unix: 216 } as const;
/** Type of the field that holds a checksum. */
export const PROXY_V2_CRC32C = 0x03;
