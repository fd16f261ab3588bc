// Events that left the archive because their person was erased: noted by the log's position, before they go, so that the
// ledger can say why they are missing. A note says nothing of a person, and ends when the event would have.

import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import type { Position } from '../../storage/event-log/event-log.ts'
import { asBody, type StoredEvent } from '../../storage/stored-shapes.ts'

const COLLECTION = 'ledger_removals'
/** Documents asked for at once. */
const PAGE = 1_000

/** Notes archived events that are about to be removed. Idempotent. */
export async function noteRemovals(documents: Pick<Documents, 'insertFirst'>, page: StoredDocument[]): Promise<void> {
  const notes = page.flatMap(({ body, expiresAtMs }) => {
    const { dataset, receivedAt, receivedIn, position } = body as unknown as StoredEvent
    // Archived before there was a ledger, it was never counted.
    if (receivedIn === undefined) return []
    return { id: noteId(dataset, position), version: 0, expiresAtMs, body: asBody({ dataset, receivedAt, receivedIn }) }
  })
  if (notes.length > 0) await documents.insertFirst(COLLECTION, notes)
}

/** Whether the events at these positions were archived, and removed since. */
export async function wereRemoved(
  documents: Pick<Documents, 'getAll'>,
  dataset: string,
  positions: Position[],
): Promise<boolean[]> {
  const removed: boolean[] = []
  for (let at = 0; at < positions.length; at += PAGE) {
    const ids = positions.slice(at, at + PAGE).map(position => noteId(dataset, position))
    for (const note of await documents.getAll(COLLECTION, ids)) removed.push(note !== undefined)
  }
  return removed
}

function noteId(dataset: string, { incarnation, partition, offset }: Position): string {
  return `${dataset}/${incarnation}/${partition}/${offset}`
}
