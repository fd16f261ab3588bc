// For tests of the ledger alone.

import type { Documents } from '../../storage/documents/documents.ts'
import type { StoredLedgerRow } from '../../storage/stored-shapes.ts'

/** What stands in the rows of a dataset: `<minute> <name>`, over all partitions. */
export async function sumsIn(documents: Documents, dataset: string): Promise<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const { body } of await documents.find('ledger', { where: { dataset }, limit: 1_000 })) {
    const { hour, minutes } = body as unknown as StoredLedgerRow
    for (const [minute, counts] of Object.entries(minutes))
      for (const [name, count] of Object.entries(counts)) {
        const key = `${hour.slice(0, 14)}${minute} ${name}`
        sums[key] = (sums[key] ?? 0) + count
      }
  }
  return sums
}
