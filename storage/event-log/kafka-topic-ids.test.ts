import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeResponse, encodeRequest } from './kafka-topic-ids.ts'

const id = '00112233445566778899aabbccddeeff'
/** As a broker of Kafka 4.3 writes it: one broker, two topics, of which one is unknown. */
const answer = Buffer.concat([
  Buffer.from('00', 'hex'),
  Buffer.from('00000000', 'hex'),
  Buffer.from('02', 'hex'),
  Buffer.from('00000001', 'hex'),
  Buffer.from('0a3132372e302e302e31', 'hex'),
  Buffer.from('00002384', 'hex'),
  Buffer.from('00', 'hex'),
  Buffer.from('00', 'hex'),
  Buffer.from('0278', 'hex'),
  Buffer.from('00000001', 'hex'),
  Buffer.from('03', 'hex'),
  Buffer.from('0000', 'hex'),
  Buffer.from('0261', 'hex'),
  Buffer.from(id, 'hex'),
  Buffer.from('00', 'hex'),
  Buffer.from('02', 'hex'),
  Buffer.from('0000000000000000000100000000', 'hex'),
  Buffer.from('02000000010200000001', 'hex'),
  Buffer.from('01', 'hex'),
  Buffer.from('00', 'hex'),
  Buffer.from('80000000', 'hex'),
  Buffer.from('00', 'hex'),
  Buffer.from('0003', 'hex'),
  Buffer.from('0262', 'hex'),
  Buffer.alloc(16),
  Buffer.from('00', 'hex'),
  Buffer.from('01', 'hex'),
  Buffer.from('80000000', 'hex'),
  Buffer.from('00', 'hex'),
  Buffer.from('80000000', 'hex'),
  // A tag from a later version.
  Buffer.from('0107020000', 'hex'),
])

test('a broker’s answer is read, also with tags nobody knows yet', () => {
  assert.deepEqual(decodeResponse(answer), [
    { errorCode: 0, topic: 'a', id, partitions: 1 },
    { errorCode: 3, topic: 'b', id: '0'.repeat(32), partitions: 0 },
  ])
})

test('an answer that is cut short is an error, never half an answer', () => {
  for (let length = 0; length < answer.length - 9; length++)
    assert.throws(() => decodeResponse(answer.subarray(0, length)), RangeError, `${length} bytes`)
})

test('a long topic name is asked for by its length in two bytes', () => {
  const request = encodeRequest(['x'.repeat(200)])
  assert.deepEqual([...request.subarray(0, 2)], [0, 2])
  assert.deepEqual([...request.subarray(18, 20)], [0xc9, 0x01])
  assert.equal(request.length, 2 + 16 + 2 + 200 + 1 + 4)
})
