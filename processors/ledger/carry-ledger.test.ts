import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogRecord, RecordBatch } from '../../storage/event-log/event-log.ts'
import { type LedgerRecord, writeLedgerRecord } from '../../storage/ledger-record.ts'
import { temporaryDocuments } from '../documents-fixture.ts'
import { openCarryLedger } from './carry-ledger.ts'
import { sumsIn } from './ledger-fixture.ts'
import { openLedgerRows } from './ledger-rows.ts'

const MINUTE = '2026-11-21T17:08'
const KEPT_MS = 86_400_000

function receipt(writer: string, number: number): LogRecord {
  const counts = { received: 1, accepted: 1, suppressed: 0, rejected: 0, unanswered: 0 }
  const record: LedgerRecord = { dataset: 'orders', writer, number, minute: MINUTE, counts }
  return writeLedgerRecord(record)
}

function batchOf(first: number, records: LogRecord[], timestampMs = 0): RecordBatch {
  const place = { topic: 'ecluse.orders.ledger', partition: 0 }
  return {
    ...{ ...place, incarnation: 'i' },
    records: records.map((record, i) => ({ ...place, ...record, offset: first + i, timestampMs })),
  }
}

test('a send that was repeated counts once, whoever wrote in between, and whatever batch comes again', async t => {
  const documents = await temporaryDocuments(t)
  const open = () => openCarryLedger({ documents, rows: openLedgerRows(documents) })
  const first = batchOf(0, [receipt('a', 0), receipt('a', 1), receipt('b', 7)])
  // The send of a's two, once more.
  const second = batchOf(3, [receipt('a', 0), receipt('a', 1), receipt('a', 2), receipt('b', 8)])
  const accepted = async () => (await sumsIn(documents, 'orders'))[`${MINUTE} accepted`]

  const ledger = open()
  await ledger.carry('orders', first, KEPT_MS)
  assert.equal(await accepted(), 3)
  await ledger.carry('orders', second, KEPT_MS)
  assert.equal(await accepted(), 5)
  for (const each of [ledger, open()])
    for (const batch of [first, second, first]) await each.carry('orders', batch, KEPT_MS)
  assert.equal(await accepted(), 5)
  await open().carry('orders', batchOf(7, [receipt('b', 8), receipt('b', 9)]), KEPT_MS)
  assert.equal(await accepted(), 6)
})

test('a death between the rows and what is known of their writers changes nothing', async t => {
  const documents = await temporaryDocuments(t)
  let dies = true
  const upsertNewer: typeof documents.upsertNewer = async (collection, written) => {
    if (dies && collection === 'ledger_writers') throw new Error('killed')
    return documents.upsertNewer(collection, written)
  }
  const open = () => {
    const mortal = { get: documents.get, upsertNewer }
    return openCarryLedger({ documents: mortal, rows: openLedgerRows(mortal) })
  }
  const batch = batchOf(0, [receipt('a', 0), receipt('a', 0), receipt('a', 1)])
  await assert.rejects(open().carry('orders', batch, KEPT_MS), /killed/)
  dies = false
  await open().carry('orders', batch, KEPT_MS)
  assert.equal((await sumsIn(documents, 'orders'))[`${MINUTE} accepted`], 2)
})

test('what is no receipt is told and holds up nothing; a writer long silent is forgotten', async t => {
  const documents = await temporaryDocuments(t)
  const ledger = openCarryLedger({ documents, rows: openLedgerRows(documents) })
  const broken = { key: null, value: Buffer.from('{'), headers: {} }
  assert.equal(await ledger.carry('orders', batchOf(0, [broken, receipt('a', 0)]), KEPT_MS), 1)
  await ledger.carry('orders', batchOf(2, [receipt('b', 0)], 2 * 3_600_000), KEPT_MS)
  const [stored] = await documents.find('ledger_writers', { limit: 10 })
  assert.deepEqual(Object.keys(stored!.body.writers as object), ['b'])
})
