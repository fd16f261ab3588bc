// A page of a list, newest first: what every list of documents answers with.

import type { Documents, Filter } from '../storage/documents/documents.ts'
import type { JsonObject } from '../storage/json.ts'
import { readCursor, writeCursor } from './cursor.ts'

const DEFAULT_LIMIT = 100

export interface PageOptions<Item> {
  collection: string
  where: Filter
  /** An indexed member that holds an RFC 3339 time. */
  sortBy: string
  limit: number | undefined
  cursor: string | undefined
  /** What is shown of a document. */
  show: (body: JsonObject, expiresAtMs: number | null) => Item
}

/** @throws RequestRefused 400 for a cursor that is none of ours */
export async function findPage<Item>(
  documents: Documents,
  { collection, where, sortBy, limit = DEFAULT_LIMIT, cursor, show }: PageOptions<Item>,
): Promise<{ items: Item[]; next: string | null }> {
  const after = readCursor(cursor)
  const sort = { by: sortBy, order: 'descending' as const }
  const found = await documents.find(collection, { where, sort, limit, ...(after ? { after } : {}) })
  const last = found.at(-1)
  return {
    items: found.map(({ body, expiresAtMs }) => show(body, expiresAtMs)),
    next: found.length === limit && last ? writeCursor({ value: last.body[sortBy] as string, id: last.id }) : null,
  }
}
