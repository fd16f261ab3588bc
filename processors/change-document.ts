// Changes one stored document where others may change it too: what they wrote meanwhile is read again, never written
// over.

import { isDeepStrictEqual } from 'node:util'
import type { Documents } from '../storage/documents/documents.ts'
import type { JsonObject } from '../storage/json.ts'
import { asBody, type collections, type StoredEvent } from '../storage/stored-shapes.ts'

/** How often others may be faster. */
const MEETINGS = 20

type ChangeableDocuments = Pick<Documents, 'get' | 'upsertNewer'>

/**
 * @param change what becomes of it; undefined to leave it as it is. Called again after somebody else's change
 * @returns the body as it stands then; undefined if there is none
 */
export async function changeDocument(
  documents: ChangeableDocuments,
  collection: keyof typeof collections,
  id: string,
  change: (body: JsonObject) => JsonObject | undefined,
): Promise<JsonObject | undefined> {
  let written: JsonObject | undefined
  for (let meeting = 0; meeting < MEETINGS; meeting++) {
    const stored = await documents.get(collection, id)
    if (!stored || (written && isDeepStrictEqual(stored.body, written))) return stored?.body
    const changed = change(stored.body)
    if (!changed) return stored.body
    // As it is read back.
    written = JSON.parse(JSON.stringify(changed)) as JsonObject
    await documents.upsertNewer(collection, [{ ...stored, version: stored.version + 1, body: written }])
  }
  throw new Error('a stored document is changed by others all the time')
}

/** Changes an archived event, and counts that it was: see `changeDocument`. */
export async function changeEvent(
  documents: ChangeableDocuments,
  documentId: string,
  change: (event: StoredEvent) => StoredEvent | undefined,
): Promise<StoredEvent | undefined> {
  const body = await changeDocument(documents, 'events', documentId, stored => {
    const event = stored as unknown as StoredEvent
    const changed = change(event)
    return changed && asBody({ ...changed, changes: (event.changes ?? 0) + 1 })
  })
  return body as StoredEvent | undefined
}
