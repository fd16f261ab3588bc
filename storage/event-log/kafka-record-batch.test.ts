import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from './crc32c.ts'
import type { LogRecord } from './event-log.ts'
import { encodeRecordBatch, IN_ONE_PASS, writeBatchesInOnePass } from './kafka-record-batch.ts'

const require = createRequire(import.meta.url)
const Record = require('kafkajs/src/protocol/recordBatch/record/v0')
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0')

/** The same batch by kafkajs itself. */
async function byKafkajs(records: LogRecord[], atMs: number, compression: number): Promise<Buffer> {
  const encoded = records.map((record, offsetDelta) => Record({ ...record, offsetDelta }))
  const lastOffsetDelta = records.length - 1
  const times = { firstTimestamp: atMs, maxTimestamp: atMs }
  const batch = await RecordBatch({ compression, records: encoded, ...times, lastOffsetDelta, producerId: -1 })
  return batch.buffer
}

const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 200 }))
const record: fc.Arbitrary<LogRecord> = fc.record({
  key: fc.option(text),
  value: fc.uint8Array({ maxLength: 20_000 }).map(bytes => Buffer.from(bytes)),
  headers: fc.dictionary(text, text, { maxKeys: 15, noNullPrototype: true }),
})

test('a batch is, byte for byte, what kafkajs writes', async () => {
  const records = fc.array(record, { minLength: 1, maxLength: 80 })
  const atMs = fc.integer({ min: 0, max: 8_640_000_000_000_000 })
  await fc.assert(
    fc.asyncProperty(records, atMs, async (some, time) => {
      assert.deepEqual(await encodeRecordBatch(some, time, false), await byKafkajs(some, time, 0))
    }),
    { numRuns: 60 },
  )
})

test('a compressed batch too', async () => {
  const records = [1, 2, 3].map(n => ({ key: `k${n}`, value: Buffer.alloc(2_000, n), headers: { é: 'à' } }))
  assert.deepEqual(
    await encodeRecordBatch(records, 1_700_000_000_000, true),
    await byKafkajs(records, 1_700_000_000_000, 1),
  )
})

test('CRC-32C of what RFC 3720 gives', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i)
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
  assert.equal(crc32c(ascending), 0x46dd794e)
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
})

test('kafkajs sends marked messages as this page writes them, and others as ever', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
  const plain = { key: 'a', value: Buffer.from('one'), headers: { h: 'x' } }
  const byTimes = { ...plain, timestamp: '1600000000000' }
  writeBatchesInOnePass()
  writeBatchesInOnePass()
  const request = require('kafkajs/src/protocol/requests/produce/v7/request')
  const encode = (message: object) => {
    const topicData = [{ topic: 't', partitions: [{ partition: 0, messages: [message], firstSequence: 0 }] }]
    return request({ acks: -1, timeout: 1_000, producerId: -1, compression: 0, topicData }).encode()
  }
  const marked = await encode({ ...plain, [IN_ONE_PASS]: true })
  assert.ok(marked.buffer.includes(await encodeRecordBatch([plain], Date.now(), false)))
  assert.deepEqual(marked.buffer, (await encode(plain)).buffer)
  assert.ok((await encode(byTimes)).buffer.includes(await byKafkajs([plain], 1_600_000_000_000, 0)))
})
