// Where persons are named who are not the first ones of an event, or of a rejected one: noted before it is stored, so
// that their part of it is found again.

import { logEndMs } from '../governance/contract/log-end.ts'
import type { Documents, StoredDocument } from '../storage/documents/documents.ts'
import type { QuarantineRecord } from '../storage/quarantine-record.ts'
import { asBody, eventDocumentId, type StoredMention } from '../storage/stored-shapes.ts'
import type { PlacedEvent } from './read-records.ts'
import { anomalyId } from './store-anomalies.ts'

/** Idempotent. @param retentionMs of events; undefined where nobody says how long */
export async function noteMentions(
  { documents, now }: { documents: Pick<Documents, 'insertFirst'>; now: () => number },
  collection: 'events' | 'anomalies',
  events: PlacedEvent[],
  retentionMs: number | undefined,
): Promise<void> {
  const mentions = events.flatMap(({ record, position }) => {
    const { dataset, id, receivedAt, others } = record
    const document = collection === 'events' ? eventDocumentId(dataset, id) : anomalyId(dataset, position)
    // An anomaly is kept from when it is detected: about now.
    const keptFrom = collection === 'events' ? receivedAt : new Date(now()).toISOString()
    const expiresAtMs = retentionMs === undefined ? null : Date.parse(keptFrom) + retentionMs
    return others.map(subject => mentionOf({ subject, dataset, keptFrom, collection, document }, expiresAtMs))
  })
  if (mentions.length > 0) await documents.insertFirst('mentions', mentions)
}

/**
 * Of the persons whose keys seal a rejected event's original beside the first one's. Kept for as long as the log may hold
 * its copy. Idempotent.
 * @param retentionMs of the quarantine; undefined where nobody says: as it was when the event was rejected
 */
export async function noteRejectedMentions(
  documents: Pick<Documents, 'insertFirst'>,
  entries: QuarantineRecord[],
  retentionMs: number | undefined,
): Promise<void> {
  const mentions = entries.flatMap(({ id, dataset, receivedAt, expiresAtMs, alsoSealedBy = [] }) => {
    const receivedAtMs = Date.parse(receivedAt)
    const endsAtMs = receivedAtMs + logEndMs(retentionMs ?? Math.max(0, expiresAtMs - receivedAtMs))
    const named = { dataset, keptFrom: receivedAt, collection: 'quarantine', document: id } as const
    return alsoSealedBy.flatMap(sealer =>
      sealer.by === 'person' ? mentionOf({ subject: sealer.pseudonym, ...named }, endsAtMs) : [],
    )
  })
  if (mentions.length > 0) await documents.insertFirst('mentions', mentions)
}

function mentionOf(mention: StoredMention, expiresAtMs: number | null): StoredDocument {
  const { subject, collection, document } = mention
  return { id: mentionId(subject, collection, document), version: 0, expiresAtMs, body: asBody(mention) }
}

export function mentionId(subject: string, collection: StoredMention['collection'], document: string): string {
  return `${subject}/${collection}/${document}`
}
