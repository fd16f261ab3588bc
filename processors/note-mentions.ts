// Where persons are named who are not the first ones of an event: noted before the event is stored, so that their part
// of it is found again.

import type { Documents } from '../storage/documents/documents.ts'
import { asBody, eventDocumentId, type StoredMention } from '../storage/stored-shapes.ts'
import type { PlacedEvent } from './read-records.ts'
import { anomalyId } from './store-anomalies.ts'

/** Idempotent. @param retentionMs of events; undefined where nobody says how long */
export async function noteMentions(
  { documents, now }: { documents: Pick<Documents, 'insertFirst'>; now: () => number },
  collection: StoredMention['collection'],
  events: PlacedEvent[],
  retentionMs: number | undefined,
): Promise<void> {
  const mentions = events.flatMap(({ record, position }) => {
    const { dataset, id, receivedAt, others } = record
    const document = collection === 'events' ? eventDocumentId(dataset, id) : anomalyId(dataset, position)
    // An anomaly is kept from when it is detected: about now.
    const keptFrom = collection === 'events' ? receivedAt : new Date(now()).toISOString()
    const expiresAtMs = retentionMs === undefined ? null : Date.parse(keptFrom) + retentionMs
    return others.map(subject => ({
      id: mentionId(subject, collection, document),
      version: 0,
      expiresAtMs,
      body: asBody({ subject, dataset, keptFrom, collection, document }),
    }))
  })
  if (mentions.length > 0) await documents.insertFirst('mentions', mentions)
}

export function mentionId(subject: string, collection: StoredMention['collection'], document: string): string {
  return `${subject}/${collection}/${document}`
}
