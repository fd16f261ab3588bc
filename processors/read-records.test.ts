import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EventRecord, writeEventRecord } from '../storage/event-record.ts'
import { readRecords } from './read-records.ts'

const AT = '2026-11-21T10:00:00.000Z'

/** What becomes of one record: undefined if it can be read, else why not. */
function reasonAgainst(changes: Partial<EventRecord>): string | undefined {
  const record = {
    dataset: 'orders',
    id: 'e1',
    source: 'urn:ecluse:orders',
    type: 'orders',
    time: AT,
    timeAmbiguous: false,
    receivedAt: AT,
    subject: null,
    others: [],
    schema: '1-0-0',
    policy: '0123456789abcdef',
    content: 'same',
    held: false,
    traceparent: '00-0-0-01',
    event: { secret: 1 },
    ...changes,
  }
  const place = { topic: 'ecluse.orders', partition: 0 }
  const stored = { ...writeEventRecord(record, Buffer.alloc(5)), ...place, offset: 0, timestampMs: Date.parse(AT) }
  const { events, unreadable } = readRecords({ ...place, incarnation: 'i', records: [stored] })
  assert.equal(events.length + unreadable.length, 1)
  return unreadable[0]?.reason
}

test('what the gateway writes can be read, whatever the year of the event', () => {
  for (const time of [AT, '0000-01-01T00:00:00.000Z', '-000001-12-31T23:00:00.000Z', '+010000-01-01T00:59:59.999Z'])
    assert.equal(reasonAgainst({ time }), undefined, time)
})

test('a time that no store can hold is set aside, so that it holds up nothing', () => {
  for (const time of [
    'yesterday',
    '',
    '2026',
    '2026-13-01T00:00:00Z',
    '2026-11-21T10:00:00',
    '+999999-01-01T00:00:00Z',
  ])
    assert.equal(reasonAgainst({ time }), 'the record does not say when its event was', time)
})

test('a reception at a time that cannot be is set aside', () => {
  for (const receivedAt of ['+275760-09-13T00:00:00.000Z', '1969-12-31T00:00:00Z', '9999-01-01T00:00:00Z'])
    assert.equal(reasonAgainst({ receivedAt }), 'the record was received at no time that can be', receivedAt)
  assert.equal(reasonAgainst({ receivedAt: 'yesterday' }), 'the record does not say when it was received')
})

test('a record of another dataset is set aside: it must not take the ids of events there', () => {
  assert.equal(reasonAgainst({ dataset: 'payments' }), 'the record is of another dataset')
})
