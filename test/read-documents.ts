// Looks into a running process's document store from outside, as whoever has the disk would.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { JsonObject } from '../storage/json.ts'
import { sqlName } from '../storage/sqlite/sql-name.ts'

export function openDocumentsForReading(dataDir: string) {
  const db = new DatabaseSync(join(dataDir, 'documents.sqlite'), { readOnly: true, timeout: 5_000 })
  return {
    find: (collection: string, id: string): JsonObject | undefined => {
      const row = db.prepare(`SELECT body FROM d_${sqlName(collection)} WHERE id = ?`).get(id)
      return row && (JSON.parse(row.body as string) as JsonObject)
    },
    close: () => db.close(),
  }
}
