import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReadFrom, type RecordBatch } from '../../storage/event-log/event-log.ts'
import type { LakeManifest } from '../../storage/lake-manifest.ts'
import { openLakeBuffer } from './lake-buffer.ts'

const place = { topic: 't', incarnation: 'i', partition: 0 }

function batch(...offsets: number[]): RecordBatch {
  const records = offsets.map(offset => ({
    topic: 't',
    partition: 0,
    offset,
    timestampMs: 0,
    key: null,
    value: Buffer.alloc(10),
    headers: { ce_id: `e${offset}` },
  }))
  return { ...place, records }
}

const at = (offset: number) => ({ positions: [{ incarnation: 'i', partition: 0, offset }] }) as unknown as LakeManifest
const opened = (position: { at: number }) => openLakeBuffer(async () => position.at, Date.now)

test('what is in the lake, or was added before, is passed by', async () => {
  const buffer = opened({ at: 2 })
  await buffer.add(batch(0, 1, 2, 3))
  await buffer.add(batch(2, 3, 4))
  const [range] = buffer.ranges()
  assert.deepEqual(
    [range!.from, range!.next, range!.records.map(({ id }) => id), buffer.bytes(), buffer.records()],
    [2, 5, ['e2', 'e3', 'e4'], 30, 3],
  )
})

test('what is missing is asked for; if it is no more, what comes then is taken', async () => {
  const buffer = opened({ at: 3 })
  await assert.rejects(buffer.add(batch(7, 8)), (error: Error) => error instanceof ReadFrom && error.offset === 3)
  await buffer.add(batch(5, 7, 8))
  assert.deepEqual(
    buffer.ranges().map(({ from, next, records }) => [from, next, records.length]),
    [[3, 9, 3]],
  )
})

test('what others took in meanwhile is not asked for', async () => {
  const position = { at: 0 }
  const buffer = opened(position)
  await buffer.add(batch(0, 1))
  position.at = 6
  await buffer.add(batch(6, 7))
  assert.deepEqual(
    buffer.ranges().map(({ from, next, records }) => [from, next, records.length]),
    [[6, 8, 2]],
  )
})

test('the group’s position follows the manifest’s, once', async () => {
  const buffer = opened({ at: 0 })
  await buffer.add(batch(0, 1, 2))
  assert.deepEqual(buffer.uncommitted(), [])
  buffer.settle(at(2))
  assert.deepEqual([buffer.records(), buffer.bytes()], [1, 10])
  const ends = [{ ...place, offset: 2 }]
  assert.deepEqual(buffer.uncommitted(), ends)
  buffer.committed(ends)
  assert.deepEqual(buffer.uncommitted(), [])
  buffer.settle(at(3))
  assert.equal(buffer.sinceMs(), undefined)
  assert.deepEqual(buffer.uncommitted(), [{ ...place, offset: 3 }])
})
