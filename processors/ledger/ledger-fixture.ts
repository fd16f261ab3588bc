// For tests of the ledger alone: a document store of its own, with all collections.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Documents } from '../../storage/documents/documents.ts'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import { collections, type StoredLedgerRow } from '../../storage/stored-shapes.ts'

export async function temporaryDocuments(t: TestContext): Promise<Documents> {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-ledger-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  t.after(async () => {
    await documents.close()
    rmSync(dir, { recursive: true })
  })
  return documents
}

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
