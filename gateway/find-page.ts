// A page of a list, newest first: what every list of documents answers with.

import type { Documents, Filter, StoredDocument } from '../storage/documents/documents.ts'
import type { JsonObject } from '../storage/json.ts'
import { type CursorSeal, readCursor, writeCursor } from './cursor.ts'

/** Where the query names none. */
export const DEFAULT_LIMIT = 100

export interface PageQuery {
  collection: string
  where: Filter
  /** An indexed member that holds an RFC 3339 time. */
  sortBy: string
  limit: number | undefined
  cursor: string | undefined
  /** Seals the cursor. */
  sealed?: CursorSeal
}

export interface PageOptions<Item> extends PageQuery {
  /** What is shown of a document. */
  show: (body: JsonObject, expiresAtMs: number | null) => Item
}

/** @throws RequestRefused 400 for a cursor that is none of ours */
export async function findPage<Item>(
  documents: Documents,
  { show, ...query }: PageOptions<Item>,
): Promise<{ items: Item[]; next: string | null }> {
  const { found, next } = await findDocuments(documents, query)
  return { items: found.map(({ body, expiresAtMs }) => show(body, expiresAtMs)), next }
}

/** A page as it is stored. @throws RequestRefused 400 for a cursor that is none of ours */
export async function findDocuments(
  documents: Documents,
  { collection, where, sortBy, limit = DEFAULT_LIMIT, cursor, sealed }: PageQuery,
): Promise<{ found: StoredDocument[]; next: string | null }> {
  const after = readCursor(cursor, sealed)
  const sort = { by: sortBy, order: 'descending' as const }
  const found = await documents.find(collection, { where, sort, limit, ...(after ? { after } : {}) })
  const last = found.length === limit ? found.at(-1) : undefined
  return { found, next: last ? cursorAt(last, sortBy, sealed) : null }
}

/** Where the page after a document begins. */
export function cursorAt({ body, id }: StoredDocument, sortBy: string, sealed?: CursorSeal): string {
  return writeCursor({ value: body[sortBy] as string, id }, sealed)
}
