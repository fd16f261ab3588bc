// Changes one archived event where others may change it too.

import { type ChangeableDocuments, changeDocument } from '../storage/documents/change-document.ts'
import { asBody, type StoredEvent } from '../storage/stored-shapes.ts'

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
