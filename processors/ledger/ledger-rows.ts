// Rows of the ledger: what a partition of the log holds of one hour's reception, counted by minute. A row is written
// whole, with the offset it includes, so that a batch that comes again counts nothing twice.

import { partOf } from '../../storage/aggregate-rows.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { Position } from '../../storage/event-log/event-log.ts'
import { asBody, type StoredLedgerRow } from '../../storage/stored-shapes.ts'
import type { BatchRange } from '../windows/add-to-windows.ts'

const COLLECTION = 'ledger'
/** Rows of one partition kept in memory between batches: hours in which events come in now. */
const MAX_ROWS = 4

/** One partition of one of a dataset's two counted topics. */
export interface LedgerPart extends Pick<Position, 'incarnation' | 'partition'>, Pick<StoredLedgerRow, 'side'> {
  dataset: string
}

/** What a record counts as. */
export interface Counted {
  offset: number
  /** Of its reception. */
  minute: string
  counts: Record<string, number>
}

export interface LedgerRows {
  /**
   * Adds one batch's counts, in the log's order. Idempotent.
   * @param keptMs how long after its hour a row is kept; undefined where nobody says
   */
  add(part: LedgerPart, batch: BatchRange, counted: Counted[], keptMs: number | undefined): Promise<void>
}

interface OpenPart {
  /** The offset after the last batch: another one means that somebody else had the partition meanwhile. */
  nextOffset: number
  /** By hour, the one used last at the end. */
  rows: Map<string, StoredLedgerRow>
}

export function openLedgerRows(documents: Pick<Documents, 'get' | 'upsertNewer'>): LedgerRows {
  const parts = new Map<string, OpenPart>()

  async function read({ dataset, side, ...place }: LedgerPart, hour: string): Promise<StoredLedgerRow> {
    const empty = { dataset, hour, side, part: partOf(place), offset: -1, minutes: {} }
    const stored = await documents.get(COLLECTION, rowId(empty))
    return (stored?.body as unknown as StoredLedgerRow | undefined) ?? empty
  }

  return {
    add: async (part, { from, next }, counted, keptMs) => {
      const name = `${part.side} ${part.dataset} ${partOf(part)}`
      const known = parts.get(name)
      const rows = known?.nextOffset === from ? known.rows : new Map<string, StoredLedgerRow>()
      // Should anything fail, the rows are read again.
      parts.delete(name)
      const changed = new Set<StoredLedgerRow>()
      for (const each of counted) {
        const hour = hourOf(each.minute)
        const row = rows.get(hour) ?? (await read(part, hour))
        rows.delete(hour)
        rows.set(hour, row)
        if (addTo(row, each)) changed.add(row)
      }
      const written = [...changed].map(row => ({
        id: rowId(row),
        version: row.offset + 1,
        expiresAtMs: keptMs === undefined ? null : Date.parse(row.hour) + keptMs,
        body: asBody(row),
      }))
      if (written.length > 0) await documents.upsertNewer(COLLECTION, written)
      parts.set(name, { nextOffset: next, rows: new Map([...rows].slice(-MAX_ROWS)) })
    },
  }
}

/** @returns whether it was not counted before */
function addTo(row: StoredLedgerRow, { offset, minute, counts }: Counted): boolean {
  if (offset <= row.offset) return false
  row.offset = offset
  const at = minute.slice(14)
  const sums = row.minutes[at] ?? {}
  row.minutes[at] = sums
  for (const [name, count] of Object.entries(counts)) if (count > 0) sums[name] = (sums[name] ?? 0) + count
  return true
}

/** Start of a minute's hour, RFC 3339. */
export function hourOf(minute: string): string {
  return `${minute.slice(0, 13)}:00:00.000Z`
}

function rowId({ dataset, hour, side, part }: Omit<StoredLedgerRow, 'offset' | 'minutes'>): string {
  return `${dataset}/${hour}/${side}/${part}`
}
