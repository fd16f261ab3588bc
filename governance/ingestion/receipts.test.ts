import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogEntry } from '../../storage/event-log/event-log.ts'
import { type LedgerRecord, readLedgerRecord } from '../../storage/ledger-record.ts'
import { openReceipts } from './receipts.ts'

const AT_MS = Date.parse('2026-11-21T17:08:30Z')
const chunk = { dataset: 'orders', receivedAtMs: AT_MS, received: 2, accepted: 1, suppressed: 0, rejected: 1 }
const event: LogEntry = { topic: 'ecluse.orders', record: { key: 'k', value: Buffer.alloc(0), headers: {} } }

/** A log that notes what stands in it, and may fail before or after that. */
function noting() {
  const appended: LogEntry[] = []
  const fails = { at: undefined as 'events' | 'receipt' | undefined }
  const append = async (entries: LogEntry[], receipt?: () => LogEntry[]) => {
    if (fails.at === 'events') throw new Error('the log is down')
    const receipts = receipt!()
    if (fails.at === 'receipt') throw new Error('the log is down')
    appended.push(...entries, ...receipts)
    return []
  }
  const receipts = (): LedgerRecord[] =>
    appended
      .filter(({ topic }) => topic === 'ecluse.orders.ledger')
      .map(({ record }) => readLedgerRecord('orders', record)!)
  return { append, fails, appended, receipts }
}

test('a receipt goes with its chunk, also where the chunk leaves nothing else; numbers grow', async () => {
  const log = noting()
  const receipts = openReceipts(log)
  await receipts.append(chunk, [event])
  await receipts.append({ ...chunk, accepted: 0, suppressed: 2, rejected: 0 }, [])
  assert.equal(log.appended.length, 3)
  const [first, second] = log.receipts()
  assert.deepEqual(first!.counts, { received: 2, accepted: 1, suppressed: 0, rejected: 1, unanswered: 0 })
  assert.equal(first!.minute, '2026-11-21T17:08')
  assert.deepEqual([second!.writer, second!.number], [first!.writer, 1])
})

test('what was owed is counted once, in its own minute, with the next receipt that stands', async () => {
  const log = noting()
  const receipts = openReceipts(log)
  for (const at of ['events', 'receipt'] as const) {
    log.fails.at = at
    receipts.owe('orders', AT_MS - 60_000, 3)
    await assert.rejects(receipts.append(chunk, [event]), /the log is down/)
  }
  receipts.owe('orders', AT_MS, 5)
  receipts.owe('profiles', AT_MS, 9)
  log.fails.at = undefined
  await receipts.append(chunk, [event])
  await receipts.append(chunk, [event])
  const owed = log.receipts().filter(({ counts }) => counts.unanswered > 0)
  assert.deepEqual(
    owed.map(({ minute, counts }) => [minute, counts.received, counts.unanswered]),
    [
      ['2026-11-21T17:07', 6, 6],
      ['2026-11-21T17:08', 5, 5],
    ],
  )
  assert.equal(log.receipts().length, 4)
})

test('an outage of days takes no more memory than one of a day', async () => {
  const log = noting()
  const receipts = openReceipts(log)
  for (let minute = 0; minute < 2_000; minute++) receipts.owe('orders', AT_MS + minute * 60_000, 1)
  await receipts.append(chunk, [])
  const owed = log.receipts().slice(1)
  assert.equal(owed.length, 1_440)
  assert.equal(
    owed.reduce((sum, { counts }) => sum + counts.unanswered, 0),
    2_000,
  )
})
