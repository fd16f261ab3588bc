// Opens what is compressed inside a run of bytes, wherever it begins. For tests only.

import { constants, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/** More than the stores of a test can hold; beyond it the search fails loudly rather than skip a byte. */
const MAX_OPENED_BYTES = 512 * 1024 * 1024
const GZIP_FLAGS = { headerCrc: 2, extra: 4, name: 8, comment: 16 }

export interface Opened {
  offset: number
  format: string
  bytes: Buffer
}

type Open = (bytes: Buffer, options: object) => unknown

interface Format {
  name: string
  magic: Buffer
  open: Open
  truncated: number
  /** Where the stream's own data begins. */
  headerBytes: (bytes: Buffer) => number
}

const zlibFormat = (level: number): Format => ({
  name: 'zlib',
  magic: Buffer.from([0x78, level]),
  open: inflateSync,
  truncated: constants.Z_SYNC_FLUSH,
  headerBytes: () => 0,
})
const FORMATS: Format[] = [
  {
    name: 'gzip',
    magic: Buffer.from([0x1f, 0x8b, 8]),
    // Raw, since gunzip refuses a stream with other bytes after it.
    open: inflateRawSync,
    truncated: constants.Z_SYNC_FLUSH,
    headerBytes: gzipHeaderBytes,
  },
  {
    name: 'zstd',
    magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    open: zstdDecompressSync,
    truncated: constants.ZSTD_e_flush,
    headerBytes: () => 0,
  },
  ...[0x01, 0x5e, 0x9c, 0xda].map(zlibFormat),
]

/** Every stream of gzip, zstd and zlib in these bytes. @throws RangeError for one that is too large to be searched */
export function* openCompressed(bytes: Buffer): Generator<Opened> {
  for (const format of FORMATS) {
    let offset = bytes.indexOf(format.magic)
    while (offset !== -1) {
      const rest = bytes.subarray(offset)
      const opened = openStream(rest, format)
      if (opened) yield { offset, format: format.name, bytes: opened.bytes }
      // A stream that ended is passed over; one that took all the rest may be a chance hit.
      const length = opened && opened.length < rest.length ? opened.length : 1
      offset = bytes.indexOf(format.magic, offset + length)
    }
  }
}

function openStream(rest: Buffer, format: Format): { bytes: Buffer; length: number } | undefined {
  const start = format.headerBytes(rest)
  for (const truncated of [false, true]) {
    const finish = truncated ? { finishFlush: format.truncated } : {}
    try {
      const answer = format.open(rest.subarray(start), { info: true, maxOutputLength: MAX_OPENED_BYTES, ...finish })
      const { buffer, engine } = answer as { buffer: Buffer; engine: { bytesWritten: number } }
      return { bytes: buffer, length: truncated ? 1 : start + engine.bytesWritten }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ERR_BUFFER_TOO_LARGE') throw new RangeError('a compressed stream is too large to be searched')
      if (code !== 'Z_BUF_ERROR') return undefined
    }
  }
  return undefined
}

/** RFC 1952, 2.3: the optional parts of the header. */
function gzipHeaderBytes(bytes: Buffer): number {
  const flags = bytes[3] ?? 0
  let at = 10
  if (flags & GZIP_FLAGS.extra) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)
  for (const flag of [GZIP_FLAGS.name, GZIP_FLAGS.comment]) {
    if (flags & flag) at = bytes.indexOf(0, at) + 1 || bytes.length
  }
  return flags & GZIP_FLAGS.headerCrc ? at + 2 : at
}
