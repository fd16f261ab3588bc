import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CountsByMinute, StoredLedgerRow } from '../../storage/stored-shapes.ts'
import { type LedgerHour, linesOf, mismatchesOf } from './ledger-line.ts'

const HOUR = '2026-11-21T17:00:00.000Z'
const NEVER = Number.NEGATIVE_INFINITY

function row(side: StoredLedgerRow['side'], part: string, minutes: CountsByMinute): StoredLedgerRow {
  return { dataset: 'orders', hour: HOUR, side, part, offset: 0, minutes }
}

function hourOf(rows: StoredLedgerRow[], archived?: CountsByMinute): LedgerHour {
  const check = { dataset: 'orders', hour: HOUR, minutes: archived ?? {}, checkedAt: '2026-11-21T18:00:00.000Z' }
  return { dataset: 'orders', hour: HOUR, rows, check: archived && check }
}

const gateways = row('gateways', 'a/0', { '08': { received: 10, accepted: 7, suppressed: 1, rejected: 2 } })
const processors = [
  row('processors', 'b/0', { '08': { effective: 3, duplicates: 1 }, '09': { effective: 1, corrections: 1 } }),
  row('processors', 'b/1', { '08': { effective: 1, held: 1, erased: 1 } }),
]

test('partitions add up to a line for each minute, oldest first', () => {
  const lines = linesOf(hourOf([gateways, ...processors], { '08': { events: 4, erased: 1 } }), NEVER)
  assert.deepEqual(
    lines.map(({ window }) => window.start),
    ['2026-11-21T17:08:00.000Z', '2026-11-21T17:09:00.000Z'],
  )
  const [first, second] = lines
  assert.deepEqual(
    [first!.appended, first!.effective, first!.unacknowledged, first!.pending, first!.window.end],
    [7, 4, 0, 0, '2026-11-21T17:09:00.000Z'],
  )
  assert.deepEqual(mismatchesOf(first!), [])
  // A correction is appended, and accepted by nobody.
  assert.deepEqual([second!.appended, second!.unacknowledged, second!.archive.events], [1, 0, null])
  assert.deepEqual(mismatchesOf(second!), [])
})

test('each equation that does not hold is told with its two numbers', () => {
  const broken = row('gateways', 'a/0', { '08': { received: 11, accepted: 9, suppressed: 1 } })
  const [line] = linesOf(hourOf([broken, ...processors], { '08': { events: 6, erased: 0 } }), NEVER)
  assert.deepEqual(mismatchesOf(line!), [
    { equation: 'received', expected: 10, found: 11 },
    { equation: 'accepted', expected: 9, found: 7 },
    { equation: 'archive', expected: 5, found: 6 },
  ])
  assert.equal(line!.pending, 2)
})

test('what stands in the log beyond what was accepted is unacknowledged, and no mismatch', () => {
  const fewer = row('gateways', 'a/0', { '08': { received: 5, accepted: 5 } })
  const [line] = linesOf(hourOf([fewer, ...processors], { '08': { events: 5, erased: 0 } }), NEVER)
  assert.equal(line!.unacknowledged, 2)
  assert.deepEqual(mismatchesOf(line!), [])
})

test('what a window lost once its retention has ended is expired; more than there was never is', () => {
  const endedMs = Date.parse('2026-11-21T17:08:30Z')
  const lineAt = (events: number) =>
    linesOf(hourOf([gateways, ...processors], { '08': { events, erased: 0 } }), endedMs)[0]!
  assert.deepEqual([lineAt(2).archive.expired, mismatchesOf(lineAt(2))], [3, []])
  assert.deepEqual(mismatchesOf(lineAt(6)), [{ equation: 'archive', expected: 5, found: 6 }])
})
