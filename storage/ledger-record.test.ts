import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LedgerRecord, minuteOf, readLedgerRecord, writeLedgerRecord } from './ledger-record.ts'

const record: LedgerRecord = {
  dataset: 'orders',
  writer: 'w',
  number: 0,
  minute: '2026-11-21T17:08',
  counts: { received: 3, accepted: 1, suppressed: 1, rejected: 1, unanswered: 0 },
}

test('a record is read as it was written, for its own dataset alone', () => {
  assert.deepEqual(readLedgerRecord('orders', writeLedgerRecord(record)), record)
  assert.equal(readLedgerRecord('profiles', writeLedgerRecord(record)), undefined)
})

test('what is no record, or could not be summed, is told apart', () => {
  const { counts } = record
  const damaged = [
    { ...record, number: -1 },
    { ...record, minute: '2026-13-21T17:08' },
    { ...record, minute: '2026-11-21' },
    { ...record, writer: '\ud800' },
    { ...record, counts: { ...counts, accepted: 1.5 } },
    { ...record, counts: { received: 1 } },
    { ...record, counts: null },
  ]
  for (const each of damaged) {
    const value = Buffer.from(JSON.stringify(each))
    assert.equal(readLedgerRecord('orders', { key: null, value, headers: {} }), undefined, JSON.stringify(each))
  }
  for (const text of ['', 'null', '[]', '{'])
    assert.equal(readLedgerRecord('orders', { key: null, value: Buffer.from(text), headers: {} }), undefined)
})

test('a minute is named the same from a text and from a number', () => {
  for (const time of ['2026-11-21T17:08:59.999Z', '2026-11-21T17:08:00Z', Date.parse('2026-11-21T17:08:01Z')])
    assert.equal(minuteOf(time), '2026-11-21T17:08')
  assert.equal(minuteOf('+002026-11-21T17:08:00Z'), '2026-11-21T17:08')
})
