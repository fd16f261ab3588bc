// Changes one stored document where others may change it too: what they wrote meanwhile is read again, never written
// over.

import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../json.ts'
import type { collections } from '../stored-shapes.ts'
import type { Documents } from './documents.ts'

/** How often others may be faster. */
const MEETINGS = 20

export type ChangeableDocuments = Pick<Documents, 'get' | 'upsertNewer'>

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
