import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredDocument } from '../../storage/documents/documents.ts'
import type { Position, StoredRecord } from '../../storage/event-log/event-log.ts'
import type { EventRecord } from '../../storage/event-record.ts'
import type { EffectiveEvent } from '../archive-events.ts'
import { temporaryDocuments } from '../documents-fixture.ts'
import { countEvents, type HandledBatch } from './count-events.ts'
import { noteRemovals } from './note-removals.ts'

const APPENDED_MS = Date.parse('2026-11-21T17:10:00Z')

const positionOf = (offset: number): Position => ({ incarnation: 'i', partition: 0, offset })

function placed(offset: number, changes: Partial<EventRecord> = {}): EffectiveEvent {
  const record = { receivedAt: '2026-11-21T17:08:59.999Z', held: false, ...changes } as EventRecord
  return { record, position: positionOf(offset), rectifiedBy: null }
}

function recordOf(offset: number, headers: Record<string, string>): StoredRecord {
  const place = { topic: 'ecluse.orders', partition: 0, offset, timestampMs: APPENDED_MS }
  return { ...place, key: null, value: Buffer.alloc(0), headers }
}

const nothing: HandledBatch = {
  dataset: 'orders',
  ...{ records: [], effective: [], duplicates: [], conflicts: [], passedOver: [], unreadable: [] },
}

test('each record of a batch counts once, in the log’s order, in the minute of its reception', async t => {
  const documents = await temporaryDocuments(t)
  const correction = placed(4, { rectification: { event: 'e', at: '2026-11-21T17:30:00Z' } })
  const counted = await countEvents(documents, {
    ...nothing,
    effective: [placed(0), placed(3, { held: true }), correction],
    duplicates: [{ ...placed(1, { receivedAt: '2026-11-21T17:09:00Z' }), copyOf: placed(0).position }],
    conflicts: [placed(5)],
    passedOver: [placed(2)],
  })
  assert.deepEqual(
    counted.map(({ minute, counts }) => [minute.slice(11), counts]),
    [
      ['17:08', { effective: 1 }],
      ['17:09', { duplicates: 1 }],
      ['17:08', { erased: 1 }],
      ['17:08', { held: 1 }],
      ['17:08', { effective: 1, corrections: 1 }],
      ['17:08', { conflicts: 1 }],
    ],
  )
})

test('what nobody can read counts when it says it was received, if that can be, else when it was appended', async t => {
  const documents = await temporaryDocuments(t)
  const said = ['2026-11-21T17:09:59Z', 'secret', '2199-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', undefined]
  const records = said.map((text, i) => recordOf(i, text === undefined ? {} : { ecluse_received: text }))
  const unreadable = records.map(({ offset }) => ({ position: positionOf(offset), reason: '' }))
  const counted = await countEvents(documents, { ...nothing, records, unreadable })
  assert.deepEqual(
    counted.map(({ minute, counts }) => [minute.slice(11), counts.unreadable]),
    [['17:09', 1], ...[1, 2, 3, 4].map(() => ['17:10', 1])],
  )
})

test('an event that was archived before its person was erased stays what it was, should its batch come again', async t => {
  const documents = await temporaryDocuments(t)
  const archived = (offset: number, receivedIn?: string) => {
    const body = { dataset: 'orders', receivedAt: '2026-11-21T17:08:00Z', position: { ...positionOf(offset) } }
    return { id: '', version: 0, expiresAtMs: null, body: { ...body, ...(receivedIn && { receivedIn }) } }
  }
  const before: StoredDocument = archived(2)
  await noteRemovals(documents, [archived(0, 'orders/2026-11-21T17:08'), before])
  const counted = await countEvents(documents, { ...nothing, passedOver: [placed(0), placed(1), placed(2)] })
  // The last was archived before there was a ledger, and is in no count.
  assert.deepEqual(
    counted.map(({ counts }) => counts),
    [{ effective: 1 }, { erased: 1 }, { erased: 1 }],
  )
})
