// Changes one archived event where others may change it too: what they wrote meanwhile is read again, never written
// over.

import { isDeepStrictEqual } from 'node:util'
import type { Documents } from '../storage/documents/documents.ts'
import type { JsonObject } from '../storage/json.ts'
import { asBody, type StoredEvent } from '../storage/stored-shapes.ts'

/** How often others may be faster. */
const MEETINGS = 20

/**
 * @param change what becomes of it; undefined to leave it as it is. Called again after somebody else's change
 * @returns the event as it stands then, with its changes counted; undefined if there is none
 */
export async function changeEvent(
  documents: Pick<Documents, 'get' | 'upsertNewer'>,
  documentId: string,
  change: (event: StoredEvent) => StoredEvent | undefined,
): Promise<StoredEvent | undefined> {
  let written: JsonObject | undefined
  for (let meeting = 0; meeting < MEETINGS; meeting++) {
    const stored = await documents.get('events', documentId)
    if (!stored) return undefined
    const event = stored.body as unknown as StoredEvent
    if (written && isDeepStrictEqual(stored.body, written)) return event
    const changed = change(event)
    if (!changed) return event
    // As it is read back.
    written = JSON.parse(JSON.stringify(asBody({ ...changed, changes: (event.changes ?? 0) + 1 }))) as JsonObject
    await documents.upsertNewer('events', [{ ...stored, version: stored.version + 1, body: written }])
  }
  throw new Error('an archived event is changed by others all the time')
}
