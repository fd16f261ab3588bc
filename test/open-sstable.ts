// Opens what Cassandra flushed to disk: the chunks of an SSTable, which are compressed with LZ4. For tests only.

import { readFile } from 'node:fs/promises'

/**
 * The data of an SSTable as it was before compression.
 * @param dataPath `…/nb-1-big-Data.db`; its `CompressionInfo.db` stands beside it
 * @throws RangeError for what is no SSTable compressed with LZ4
 */
export async function openSstable(dataPath: string): Promise<Buffer> {
  const info = readCompressionInfo(await readFile(dataPath.replace(/Data\.db$/, 'CompressionInfo.db')))
  const data = await readFile(dataPath)
  const chunks = info.offsets.map((offset, i) => {
    // Behind each chunk stand four bytes of CRC.
    const end = (info.offsets[i + 1] ?? data.length) - 4
    const chunk = data.subarray(offset, end)
    return chunk.length >= info.maxCompressedLength ? chunk : openChunk(chunk)
  })
  return Buffer.concat(chunks)
}

interface CompressionInfo {
  /** Chunks that would be longer are kept as they are. */
  maxCompressedLength: number
  offsets: number[]
}

/** Compressor, its options, lengths, and where each chunk begins. */
function readCompressionInfo(bytes: Buffer): CompressionInfo {
  let at = 0
  const next = (length: number) => {
    at += length
    return at - length
  }
  const text = () => {
    const length = bytes.readUInt16BE(next(2))
    return bytes.toString('utf8', next(length), at)
  }
  const compressor = text()
  if (compressor !== 'LZ4Compressor') throw new RangeError('this SSTable is not compressed with LZ4')
  for (let options = bytes.readInt32BE(next(4)); options > 0; options--) {
    text()
    text()
  }
  next(4)
  const maxCompressedLength = bytes.readInt32BE(next(4))
  next(8)
  const chunks = bytes.readInt32BE(next(4))
  return { maxCompressedLength, offsets: Array.from({ length: chunks }, () => Number(bytes.readBigInt64BE(next(8)))) }
}

/** The length when opened, little-endian, then one block of LZ4. */
function openChunk(chunk: Buffer): Buffer {
  return openLz4Block(chunk.subarray(4), chunk.readUInt32LE(0))
}

const LEAST_MATCH = 4
const LONG = 15

/**
 * One block of LZ4: runs of literal bytes, each but the last followed by a match further back.
 * @throws RangeError when it does not open to exactly this length
 */
export function openLz4Block(block: Buffer, length: number): Buffer {
  const opened = Buffer.alloc(length)
  let [at, to] = [0, 0]
  /** Four bits of the token; the highest value goes on in bytes, up to the first that is not 255. */
  const count = (bits: number) => {
    let total = bits
    if (bits === LONG) {
      let byte: number
      do {
        byte = block.readUInt8(at++)
        total += byte
      } while (byte === 255)
    }
    return total
  }
  while (at < block.length) {
    const token = block[at++]!
    const literals = count(token >> 4)
    to += block.copy(opened, to, at, at + literals)
    at += literals
    if (at >= block.length) break
    const from = to - block.readUInt16LE(at)
    at += 2
    const matched = count(token & LONG) + LEAST_MATCH
    if (from < 0 || to + matched > length) throw new RangeError('this is no block of LZ4')
    // Byte by byte: a match may reach into what it is just writing.
    for (let i = 0; i < matched; i++) opened[to++] = opened[from + i]!
  }
  if (to !== length) throw new RangeError('this is no block of LZ4')
  return opened
}
