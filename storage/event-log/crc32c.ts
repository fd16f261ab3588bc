// CRC-32C (Castagnoli), the checksum of Kafka's record batches, eight bytes at a time: https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4

const POLYNOMIAL = 0x82f63b78
/** What one byte does to the checksum when it is followed by 0 to 7 others: eight tables of 256. */
const TABLES = makeTables()

/** @returns an unsigned 32-bit number */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  let at = 0
  for (const last = bytes.length - 7; at < last; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      TABLES[0x700 + (crc & 0xff)]! ^
      TABLES[0x600 + ((crc >>> 8) & 0xff)]! ^
      TABLES[0x500 + ((crc >>> 16) & 0xff)]! ^
      TABLES[0x400 + (crc >>> 24)]! ^
      TABLES[0x300 + bytes[at + 4]!]! ^
      TABLES[0x200 + bytes[at + 5]!]! ^
      TABLES[0x100 + bytes[at + 6]!]! ^
      TABLES[bytes[at + 7]!]!
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ TABLES[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256]!
    tables[i] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}
