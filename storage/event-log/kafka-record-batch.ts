// Kafka's record batch (https://kafka.apache.org/documentation/#recordbatch), written in one pass. kafkajs makes a
// growing buffer for each header of each record, which costs more than all that Écluse does to an event.

import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { crc32c } from './crc32c.ts'
import type { LogRecord } from './event-log.ts'

const MAGIC = 2
const GZIP = 1
const NO_PRODUCER = -1n
/** First offset, length; and up to the checksum: leader epoch, magic, checksum itself. */
const PREFIX_BYTES = 8 + 4
const CHECKED_FROM = PREFIX_BYTES + 4 + 1 + 4
/** What is checked, up to the records: attributes, last offset delta, two times, producer and its epoch and sequence. */
const RECORDS_FROM = CHECKED_FROM + 2 + 4 + 8 + 8 + 8 + 2 + 4 + 4
const MAX_VARINT_BYTES = 5
/** UTF-8 of one UTF-16 unit, at most. */
const MAX_UNIT_BYTES = 3
/** A record's length, attributes, time and offset deltas, lengths of key and value, number of headers. */
const RECORD_BYTES = 7 * MAX_VARINT_BYTES

/** The batch of one partition, with all records received `atMs`, ms since the epoch. */
export async function encodeRecordBatch(records: LogRecord[], atMs: number, compressed: boolean): Promise<Buffer> {
  const roomBytes = records.reduce((sum, record) => sum + roomFor(record), 0)
  const buffer = Buffer.allocUnsafe(RECORDS_FROM + roomBytes)
  let end = RECORDS_FROM
  for (let i = 0; i < records.length; i++) end = writeRecord(buffer, end, records[i]!, i)
  if (!compressed) return finish(buffer.subarray(0, end), { records: records.length, atMs, attributes: 0 })
  const packed = await promisify(gzip)(buffer.subarray(RECORDS_FROM, end))
  const batch = Buffer.concat([buffer.subarray(0, RECORDS_FROM), packed])
  return finish(batch, { records: records.length, atMs, attributes: GZIP })
}

function finish(
  batch: Buffer,
  { records, atMs, attributes }: { records: number; atMs: number; attributes: number },
): Buffer {
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - PREFIX_BYTES, 8)
  batch.writeInt32BE(0, 12)
  batch.writeInt8(MAGIC, 16)
  batch.writeInt16BE(attributes, CHECKED_FROM)
  batch.writeInt32BE(records - 1, CHECKED_FROM + 2)
  batch.writeBigInt64BE(BigInt(atMs), CHECKED_FROM + 6)
  batch.writeBigInt64BE(BigInt(atMs), CHECKED_FROM + 14)
  batch.writeBigInt64BE(NO_PRODUCER, CHECKED_FROM + 22)
  batch.writeInt16BE(0, CHECKED_FROM + 30)
  batch.writeInt32BE(0, CHECKED_FROM + 32)
  batch.writeInt32BE(records, CHECKED_FROM + 36)
  batch.writeUInt32BE(crc32c(batch.subarray(CHECKED_FROM)), 17)
  return batch
}

function roomFor({ key, value, headers }: LogRecord): number {
  let units = key?.length ?? 0
  let texts = 0
  for (const name in headers) {
    units += name.length + headers[name]!.length
    texts += 2
  }
  return RECORD_BYTES + value.length + units * MAX_UNIT_BYTES + texts * MAX_VARINT_BYTES
}

/** @returns where the next one begins */
function writeRecord(buffer: Buffer, start: number, { key, value, headers }: LogRecord, offsetDelta: number): number {
  const from = start + MAX_VARINT_BYTES
  let at = from
  buffer[at++] = 0 // attributes
  buffer[at++] = 0 // time delta
  at = writeVarint(buffer, at, offsetDelta)
  at = key === null ? writeVarint(buffer, at, -1) : writeText(buffer, at, key)
  at = writeVarint(buffer, at, value.length)
  buffer.set(value, at)
  at += value.length
  at = writeVarint(buffer, at, Object.keys(headers).length)
  for (const name in headers) {
    at = writeText(buffer, at, name)
    at = writeText(buffer, at, headers[name]!)
  }
  // The length stands before, in as many bytes as it needs.
  const bodyFrom = writeVarint(buffer, start, at - from)
  buffer.copyWithin(bodyFrom, from, at)
  return bodyFrom + at - from
}

/** Its length in bytes, zigzag, and the text. */
function writeText(buffer: Buffer, start: number, text: string): number {
  let at = writeVarint(buffer, start, text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return writeBeyondAscii(buffer, start, text)
    buffer[at++] = unit
  }
  return at
}

function writeBeyondAscii(buffer: Buffer, start: number, text: string): number {
  const at = writeVarint(buffer, start, Buffer.byteLength(text))
  return at + buffer.write(text, at)
}

function writeVarint(buffer: Buffer, start: number, value: number): number {
  let at = start
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80
  buffer[at++] = rest
  return at
}

/** Marks the messages of a send that are to be written here. */
export const IN_ONE_PASS = Symbol('in one pass')

interface BatchRequest {
  compression: number
  firstTimestamp: number
  records: (LogRecord | object)[]
}

/**
 * Has kafkajs 2.2.4 write the batches of marked messages by this page: its own writers are loaded when it first sends.
 * Marked messages have no times of their own, and their producer is not idempotent. Others are written as ever.
 */
export function writeBatchesInOnePass(): void {
  const require = createRequire(import.meta.url)
  const loaded = (module: string) => {
    require(module)
    return require.cache[require.resolve(module)]!
  }
  const record = loaded('kafkajs/src/protocol/recordBatch/record/v0')
  const batch = loaded('kafkajs/src/protocol/recordBatch/v0')
  if (IN_ONE_PASS in batch.exports) return
  const { exports: encodeRecord } = record
  const { exports: original } = batch
  record.exports = (message: object) => (IN_ONE_PASS in message ? message : encodeRecord(message))
  batch.exports = {
    ...original,
    [IN_ONE_PASS]: true,
    RecordBatch: (request: BatchRequest) =>
      request.records.every(each => IN_ONE_PASS in each) ? batchForKafkajs(request) : original.RecordBatch(request),
  }
}

/** As one of kafkajs's encoders. */
async function batchForKafkajs({ compression, firstTimestamp, records }: BatchRequest) {
  const buffer = await encodeRecordBatch(records as LogRecord[], firstTimestamp, compression === GZIP)
  return { buf: buffer, buffer, size: () => buffer.length }
}
