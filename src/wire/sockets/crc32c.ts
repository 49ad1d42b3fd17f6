const POLYNOMIAL = 0x82f6_3b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

export const CRC32C_BYTES = 4;

/** The CRC of Castagnoli (RFC 9260, appendix A), which is another than that of zip files. */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffff_ffff;
  for (const byte of bytes) rest = (TABLE[(rest ^ byte) & 255] as number) ^ (rest >>> 8);
  return (rest ^ 0xffff_ffff) >>> 0;
}
