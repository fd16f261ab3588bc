// For tests: a document store of its own, with all collections.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Documents } from '../storage/documents/documents.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import { collections } from '../storage/stored-shapes.ts'

export async function temporaryDocuments(t: TestContext): Promise<Documents> {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-documents-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  t.after(async () => {
    await documents.close()
    rmSync(dir, { recursive: true })
  })
  return documents
}
