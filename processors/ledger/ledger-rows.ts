// Rows of the ledger: what a partition of the log holds of one hour's reception, counted by minute.

import type { Documents } from '../../storage/documents/documents.ts'
import type { StoredLedgerRow } from '../../storage/stored-shapes.ts'
import { type CountedPart, type CountedRecord, type HourlyRows, openHourlyRows } from '../hourly-rows.ts'

/** One partition of one of a dataset's two counted topics. */
export type LedgerPart = CountedPart<StoredLedgerRow['side']>

/** What a record counts as. */
export interface Counted extends CountedRecord {
  counts: Record<string, number>
}

export type LedgerRows = HourlyRows<StoredLedgerRow['side'], Counted>

export function openLedgerRows(documents: Pick<Documents, 'get' | 'upsertNewer'>): LedgerRows {
  return openHourlyRows<StoredLedgerRow, Counted>(documents, {
    collection: 'ledger',
    empty: row => ({ ...row, minutes: {} }),
    add: ({ minutes }, { minute, counts }) => {
      const at = minute.slice(14)
      const sums = minutes[at] ?? {}
      minutes[at] = sums
      for (const [name, count] of Object.entries(counts)) if (count > 0) sums[name] = (sums[name] ?? 0) + count
    },
  })
}
