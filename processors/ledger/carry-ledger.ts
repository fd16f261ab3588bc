// Sums what gateways counted. A gateway numbers its receipts in the order in which it appends them, so a number that is
// not higher than the last one of its writer is a copy: a send that was repeated.

import { partOf } from '../../storage/aggregate-rows.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { RecordBatch } from '../../storage/event-log/event-log.ts'
import type { JsonObject } from '../../storage/json.ts'
import { readLedgerRecord } from '../../storage/ledger-record.ts'
import type { Counted, LedgerRows } from './ledger-rows.ts'

const COLLECTION = 'ledger_writers'
/** A writer that said nothing for so long is forgotten: its last send has ended long ago. */
const SILENT_MS = 3_600_000

/** The last number of each writer, by writer, and when it came. */
type Writers = Record<string, { number: number; atMs: number }>

interface Passed {
  /** The offset after the last record that these numbers, and the rows, include. */
  next: number
  writers: Writers
}

export interface CarryLedgerDeps {
  documents: Pick<Documents, 'get' | 'upsertNewer'>
  rows: LedgerRows
}

export interface CarryLedger {
  /** One batch of a dataset's ledger topic; how many records of it were none. Idempotent. */
  carry(dataset: string, batch: RecordBatch, keptMs: number | undefined): Promise<number>
}

export function openCarryLedger({ documents, rows }: CarryLedgerDeps): CarryLedger {
  const passed = new Map<string, Passed>()

  async function load(id: string, from: number): Promise<Passed> {
    const known = passed.get(id)
    if (known?.next === from) return known
    const stored = await documents.get(COLLECTION, id)
    return (stored?.body as unknown as Passed | undefined) ?? { next: 0, writers: {} }
  }

  return {
    carry: async (dataset, batch, keptMs) => {
      const id = `${dataset}/${partOf(batch)}`
      const from = batch.records[0]!.offset
      const next = batch.records.at(-1)!.offset + 1
      const before = await load(id, from)
      passed.delete(id)
      // What somebody else has brought further than this batch is in the rows.
      const { counted, writers, unreadable } = sumUp(dataset, batch, before)
      const part = { dataset, side: 'gateways' as const, ...batch }
      await rows.add(part, { from, next }, counted, keptMs)
      const after = { next: Math.max(next, before.next), writers }
      // After the rows: should it be done again, the copies are told by what was known before.
      const body = { dataset, ...after } as unknown as JsonObject
      await documents.upsertNewer(COLLECTION, [{ id, version: after.next, expiresAtMs: null, body }])
      passed.set(id, after)
      return unreadable
    },
  }
}

function sumUp(dataset: string, { records }: RecordBatch, before: Passed) {
  const writers = { ...before.writers }
  const counted: Counted[] = []
  let unreadable = 0
  for (const stored of records.filter(({ offset }) => offset >= before.next)) {
    const record = readLedgerRecord(dataset, stored)
    if (!record) {
      unreadable++
      continue
    }
    const { writer, number, minute, counts } = record
    if (number <= (writers[writer]?.number ?? -1)) continue
    writers[writer] = { number, atMs: stored.timestampMs }
    counted.push({ offset: stored.offset, minute, counts })
  }
  const oldestMs = records.at(-1)!.timestampMs - SILENT_MS
  const heard = Object.entries(writers).filter(([, { atMs }]) => atMs >= oldestMs)
  return { counted, writers: Object.fromEntries(heard), unreadable }
}
